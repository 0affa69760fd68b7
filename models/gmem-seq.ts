/**
 * gmem-seq: the reference benchmark. A small guest_memfd in which every call is atomic and a guard that fails means
 * that the call cannot be made; its exact state and transition counts are known from seven other checkers (C++, Spin,
 * Rumur, TLC, stateright and two in JavaScript), which makes it the yardstick for this one.
 */
import {
  bool,
  callsOf,
  design,
  disabled,
  id,
  ids,
  maybe,
  per,
  position,
  propertiesOf,
  record,
  upTo,
} from "../spec/language.ts";
import { change, type Bounds, type ValueOf } from "../spec/language.ts";

const Vm = id("vms");
const File = id("files");
const Slot = id("slots");
const Page = position("pages");
const Gfn = position("gfns");

const Binding = record({ file: File, offset: Page, gfn: Gfn, npages: upTo("longest") });

const state = record({
  files: per(File, record({ owner: maybe(Vm), folio: per(Page, bool), hostMapped: per(Page, bool) })),
  vms: per(
    Vm,
    record({
      slots: per(Slot, maybe(Binding)),
      private: per(Gfn, bool),
      // What the guest's page table holds: nothing, a shared page (page is none), or a private page of a file.
      sptes: per(Gfn, maybe(record({ page: maybe(record({ file: File, offset: Page })) }))),
    }),
  ),
});
type State = ValueOf<typeof state>;
type Binding = ValueOf<typeof Binding>;
type FileId = ValueOf<typeof File>;
type VmState = ValueOf<typeof state>["vms"][ValueOf<typeof Vm>];

interface Machine {
  readonly bounds: Bounds;
  readonly pages: number;
  readonly gfns: number;
}

const { call, choice } = callsOf<State, Machine>();
const { always } = propertiesOf<State>();

const covers = (slot: Binding | null, gfn: number): slot is Binding =>
  slot !== null && gfn >= slot.gfn && gfn < slot.gfn + slot.npages;
const binds = (slot: Binding | null, file: FileId, page: number): slot is Binding =>
  slot !== null && slot.file === file && page >= slot.offset && page < slot.offset + slot.npages;
const mapsPage = (vm: VmState, gfn: number, file: FileId, page: number): boolean => {
  const mapped = vm.sptes[gfn]!;
  return mapped !== null && mapped.page !== null && mapped.page.file === file && mapped.page.offset === page;
};

function overlaps(slot: Binding | null, file: FileId, offset: number, npages: number): boolean {
  return (
    slot !== null && slot.file === file && offset < slot.offset + slot.npages && slot.offset < offset + npages
  );
}

function zapPage(s: State, file: FileId, page: number): void {
  for (const vm of s.vms) {
    for (let gfn = 0; gfn < vm.sptes.length; gfn++) if (mapsPage(vm, gfn, file, page)) vm.sptes[gfn] = null;
  }
}

const calls = {
  create: call({
    kernel: "KVM_CREATE_GUEST_MEMFD, abstracted",
    by: "task",
    takes: { vm: Vm, file: File },
    returns: [],
    sections: {
      atomically: (s, { vm, file }) => {
        if (s.files[file].owner !== null) return disabled;
        s.files[file].owner = vm;
      },
    },
  }),

  close: call({
    kernel: "kvm_gmem_release(), abstracted: shared mappings of its slots stay",
    by: "task",
    takes: { file: File },
    returns: [],
    sections: {
      atomically: (s, { file }) => {
        const f = s.files[file];
        if (f.owner === null) return disabled;
        for (const vm of s.vms) {
          for (const slot of ids(vm.slots)) if (vm.slots[slot]?.file === file) vm.slots[slot] = null;
        }
        for (let page = 0; page < f.folio.length; page++) {
          zapPage(s, file, page);
          f.folio[page] = false;
          f.hostMapped[page] = false;
        }
        f.owner = null;
      },
    },
  }),

  bind: call({
    kernel: "kvm_gmem_bind(), abstracted",
    by: "task",
    takes: {
      vm: Vm,
      slot: Slot,
      file: File,
      offset: Page,
      gfn: Gfn,
      npages: choice<number>((m, { offset, gfn }) =>
        Array.from({ length: Math.min(m.pages - offset, m.gfns - gfn) }, (_, i) => i + 1),
      ),
    },
    returns: [],
    sections: {
      "check the owner": (s, { vm, file }) => {
        if (s.files[file].owner !== vm) return disabled;
      },
      "check the slot and its gfns": (s, { vm, slot, gfn, npages }) => {
        if (s.vms[vm].slots[slot] !== null) return disabled;
        for (const other of s.vms[vm].slots) {
          if (other !== null && gfn < other.gfn + other.npages && other.gfn < gfn + npages) return disabled;
        }
      },
      "check the pages": (s, { file, offset, npages }) => {
        for (const vm of s.vms) {
          for (const other of vm.slots) if (overlaps(other, file, offset, npages)) return disabled;
        }
      },
      bind: (s, { vm, slot, file, offset, gfn, npages }) => {
        s.vms[vm].slots[slot] = { file, offset, gfn, npages };
      },
    },
  }),

  unbind: call({
    kernel: "kvm_gmem_unbind(), abstracted",
    by: "task",
    takes: { vm: Vm, slot: Slot },
    returns: [],
    sections: {
      atomically: (s, { vm, slot }) => {
        const bound = s.vms[vm].slots[slot];
        if (bound === null) return disabled;
        for (let gfn = bound.gfn; gfn < bound.gfn + bound.npages; gfn++) s.vms[vm].sptes[gfn] = null;
        s.vms[vm].slots[slot] = null;
      },
    },
  }),

  setattr: call({
    kernel: "KVM_SET_MEMORY_ATTRIBUTES of one page, to the other value",
    by: "task",
    takes: { vm: Vm, gfn: Gfn },
    returns: [],
    sections: {
      atomically: (s, { vm, gfn }) => {
        s.vms[vm].private[gfn] = !s.vms[vm].private[gfn];
        s.vms[vm].sptes[gfn] = null;
      },
    },
  }),

  allocate: call({
    kernel: "kvm_gmem_allocate(), abstracted",
    by: "task",
    takes: { file: File, page: Page },
    returns: [],
    sections: {
      atomically: (s, { file, page }) => {
        if (s.files[file].owner === null || s.files[file].folio[page]) return disabled;
        s.files[file].folio[page] = true;
      },
    },
  }),

  punch: call({
    kernel: "kvm_gmem_punch_hole(), abstracted",
    by: "task",
    takes: { file: File, page: Page },
    returns: [],
    sections: {
      "find the page": (s, { file, page }) => {
        if (s.files[file].owner === null || !s.files[file].folio[page]) return disabled;
      },
      "zap the guests": (s, { file, page }) => {
        zapPage(s, file, page);
      },
      "free the page": (s, { file, page }) => {
        s.files[file].folio[page] = false;
        s.files[file].hostMapped[page] = false;
      },
    },
  }),

  gfault: call({
    kernel: "kvm_mmu_faultin_pfn(), abstracted",
    by: "vcpu",
    takes: { vm: Vm, gfn: Gfn },
    returns: [],
    sections: {
      atomically: (s, { vm, gfn }) => {
        const v = s.vms[vm];
        if (v.sptes[gfn] !== null) return disabled;
        for (const slot of v.slots) {
          if (!covers(slot, gfn)) continue;
          const { file } = slot;
          const page = slot.offset + gfn - slot.gfn;
          if (!v.private[gfn]) {
            v.sptes[gfn] = { page: null };
            return 0;
          }
          s.files[file].folio[page] = true;
          s.files[file].hostMapped[page] = false;
          v.sptes[gfn] = { page: { file, offset: page } };
          return 0;
        }
        return disabled;
      },
    },
  }),

  hfault: call({
    kernel: "kvm_gmem_fault_user_mapping(), abstracted",
    by: "task",
    takes: { file: File, page: Page },
    returns: [],
    sections: {
      atomically: (s, { file, page }) => {
        const f = s.files[file];
        if (f.owner === null || f.hostMapped[page]) return disabled;
        for (const vm of s.vms) {
          for (let gfn = 0; gfn < vm.sptes.length; gfn++) if (mapsPage(vm, gfn, file, page)) return disabled;
        }
        f.folio[page] = true;
        f.hostMapped[page] = true;
        return 0;
      },
    },
  }),

  hunmap: call({
    kernel: "munmap(), abstracted",
    by: "task",
    takes: { file: File, page: Page },
    returns: [],
    sections: {
      atomically: (s, { file, page }) => {
        if (!s.files[file].hostMapped[page]) return disabled;
        s.files[file].hostMapped[page] = false;
      },
    },
  }),
};

const origin = "the benchmark's own statement";

const promises = [
  always({
    name: "I1",
    says: "no page is bound by two different slots",
    source: origin,
    over: { file: File, page: Page },
    holds: (s, { file, page }) => {
      let count = 0;
      for (const vm of s.vms) for (const slot of vm.slots) if (binds(slot, file, page)) count++;
      return count <= 1;
    },
  }),
  always({
    name: "I2",
    says: "no page is mapped privately by a guest and mapped by the host",
    source: origin,
    over: { vm: Vm, gfn: Gfn },
    holds: (s, { vm, gfn }) => {
      const page = s.vms[vm].sptes[gfn]?.page ?? null;
      return page === null || !s.files[page.file].hostMapped[page.offset];
    },
  }),
  always({
    name: "I3",
    says: "a private page is mapped at one gfn, by the owner of its file",
    source: origin,
    over: { vm: Vm, gfn: Gfn },
    holds: (s, { vm, gfn }) => {
      const page = s.vms[vm].sptes[gfn]?.page ?? null;
      if (page === null) return true;
      if (s.files[page.file].owner !== vm) return false;
      let count = 0;
      for (const other of s.vms) {
        for (let g = 0; g < other.sptes.length; g++) if (mapsPage(other, g, page.file, page.offset)) count++;
      }
      return count === 1;
    },
  }),
  always({
    name: "I4",
    says: "a private mapping has a private attribute, a folio, and a slot that maps this gfn to this page",
    source: origin,
    over: { vm: Vm, gfn: Gfn },
    holds: (s, { vm, gfn }) => {
      const v = s.vms[vm];
      const page = v.sptes[gfn]?.page ?? null;
      if (page === null) return true;
      if (!v.private[gfn] || !s.files[page.file].folio[page.offset]) return false;
      for (const slot of v.slots) {
        if (
          covers(slot, gfn) &&
          binds(slot, page.file, page.offset) &&
          gfn - slot.gfn === page.offset - slot.offset
        ) {
          return true;
        }
      }
      return false;
    },
  }),
];

export const gmemSeq = design({
  name: "gmem-seq",
  says: "the reference benchmark: guest_memfd with atomic calls, to compare checkers by",
  source: "implemented alike in C++, Promela, Murphi, TLA+, Rust and JavaScript; the counts below are theirs",
  bounds: {
    vms: { says: "VMs", default: 1, most: 4 },
    files: { says: "guest_memfd files", default: 1, most: 4 },
    pages: { says: "pages of a file", default: 1, most: 4 },
    slots: { says: "slots of a VM", default: 1, most: 4 },
    gfns: { says: "guest frames of a VM", default: 1, most: 4 },
  },
  machine: (bounds: Bounds): Machine => ({
    bounds,
    pages: Number(bounds["pages"]),
    gfns: Number(bounds["gfns"]),
  }),
  sizes: ({ bounds, pages, gfns }) => ({
    vms: Number(bounds["vms"]),
    files: Number(bounds["files"]),
    slots: Number(bounds["slots"]),
    pages,
    gfns,
    longest: Math.min(pages, gfns),
  }),
  state,
  calls,
  view: (s: State) => s,
  promises,
  scenarios: {},
  vectors: [
    { bounds: { vms: 2, files: 1, pages: 2, slots: 2, gfns: 2 }, quick: true },
    { bounds: { vms: 2, files: 2, pages: 1, slots: 1, gfns: 1 } },
  ],
});

/** M1: bind looks at nothing of other VMs. */
export const bindOfAnyFile = change(calls.bind, {
  sections: {
    "check the owner": (s, { file }) => {
      if (s.files[file].owner === null) return disabled;
    },
    "check the pages": (s, { vm, file, offset, npages }) => {
      for (const other of s.vms[vm].slots) if (overlaps(other, file, offset, npages)) return disabled;
    },
  },
});

/** M1eq: the owner check is kept, so that looking at the own VM's slots alone loses nothing. */
export const bindCheckingOwnSlots = change(calls.bind, {
  sections: {
    "check the pages": (s, { vm, file, offset, npages }) => {
      for (const other of s.vms[vm].slots) if (overlaps(other, file, offset, npages)) return disabled;
    },
  },
});

/** M1own: bind does not look at bound pages at all. */
export const bindCheckingNoPages = change(calls.bind, { sections: { "check the pages": () => {} } });

/** M2: a hole is punched under the guests. */
export const punchWithoutZap = change(calls.punch, { sections: { "zap the guests": () => {} } });
