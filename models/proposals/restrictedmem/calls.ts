/** What user space, the guest and the machine do with a restrictedmem file, in all designs. */
import { bool, disabled, ids, positions, retry, upTo } from "../../../spec/language.ts";
import { File, Gfn, Page, Slot, Vm, Vcpu } from "../../../spec/guest-memory.ts";
import {
  beginInvalidation,
  call,
  choice,
  endInvalidation,
  notifiersLock,
  notify,
  overlap,
  slotAt,
  type Finds,
  type Hole,
  type NewSlot,
  type State,
} from "./state.ts";

/** What becomes of a slot that user space asks for: its file, nothing but ordinary memory, or a refusal. */
type Admit = (s: State, made: NewSlot) => "private" | "shared" | "EINVAL";

const framesTaken = (s: State, { vm, base, npages }: NewSlot): boolean => {
  for (const slot of s.vms[vm].slots)
    if (slot !== null && overlap({ first: slot.base, npages: slot.npages }, { first: base, npages }))
      return true;
  return false;
};

export const makesSlotWhere = (admit: Admit) =>
  call({
    kernel:
      "KVM_SET_USER_MEMORY_REGION with KVM_MEM_PRIVATE: restrictedmem_register_notifier(), mm/restrictedmem.c, v10",
    by: "task",
    takes: {
      vm: Vm,
      slot: Slot,
      file: File,
      base: Gfn,
      first: Page,
      npages: choice<number>((m, { base, first }) =>
        positions(m.pages - Math.max(base, first)).map((n) => n + 1),
      ),
    },
    returns: ["EEXIST", "EINVAL"],
    sections: {
      "register the notifier, make the slot": {
        under: ({ file }) => notifiersLock.write(file),
        run: (s, c) => {
          if (s.vms[c.vm].slots[c.slot] !== null) return disabled;
          if (framesTaken(s, c)) return "EEXIST";
          const kind = admit(s, c);
          if (kind === "EINVAL") return "EINVAL";
          const { base, first, npages } = c;
          s.vms[c.vm].slots[c.slot] = { file: kind === "private" ? c.file : null, base, first, npages };
        },
      },
    },
  });

export const deleteSlot = call({
  kernel:
    "KVM_SET_USER_MEMORY_REGION of size 0: restrictedmem_unregister_notifier(), mm/restrictedmem.c, v10",
  by: "task",
  takes: { vm: Vm, slot: Slot, file: File },
  returns: [],
  sections: {
    "zap the slot, unregister the notifier": {
      under: ({ file }) => notifiersLock.write(file),
      run: (s, { vm, slot, file }) => {
        const old = s.vms[vm].slots[slot];
        // A slot without a file has no notifier; the first file's lock stands for none.
        if (old === null || (old.file ?? 0) !== file) return disabled;
        for (const n of positions(old.npages)) s.vms[vm].leaves[old.base + n] = null;
        s.vms[vm].slots[slot] = null;
        if (s.vms[vm].snapshot === "current") s.vms[vm].snapshot = "old";
      },
    },
  },
});

/** What a hole takes and gives: a range, and, though no kernel says it, how many notifiers were called. */
export const hole = {
  by: "task",
  takes: {
    file: File,
    first: Page,
    npages: choice<number>((m, { first }) => positions(m.pages - first).map((n) => n + 1)),
  },
  keeps: { called: upTo("callbacks") },
  returns: [],
  gives: upTo("callbacks"),
} as const;

interface Punching extends Hole {
  called: number;
}

export const begins =
  (finds: Finds) =>
  (s: State, c: Punching): void => {
    c.called = notify(s, c, finds, beginInvalidation);
  };

/** shmem_fallocate() of the file that has the pages */
export function truncate(s: State, { file, first, npages }: Hole): void {
  for (const n of positions(npages)) s.files[file].pages[first + n] = "absent";
}

export const ends =
  (finds: Finds) =>
  (s: State, c: Punching): void => {
    notify(s, c, finds, endInvalidation);
  };

/** Which slots hear of a page that the machine gave up. */
type Hears = (s: State, at: Hole) => void;

export const failsWhere = (hears: Hears) =>
  call({
    kernel: "memory_failure(): restrictedmem_error_page(), mm/restrictedmem.c, v10",
    by: "kernel",
    takes: { file: File, page: Page },
    returns: [],
    sections: {
      "poison the page, tell the slots": {
        under: ({ file }) => notifiersLock.read(file),
        run: (s, { file, page }) => {
          if (s.files[file].pages[page] !== "ready") return disabled;
          s.files[file].pages[page] = "poisoned";
          hears(s, { file, first: page, npages: 1 });
        },
      },
    },
  });

/** The page goes from all page tables that show it. */
export const zapFrom =
  (finds: Finds): Hears =>
  (s, at) => {
    notify(s, at, finds, (vm, gfn) => {
      vm.leaves[gfn] = null;
      if (vm.snapshot === "current") vm.snapshot = "old";
    });
  };

export const guestAccess = call({
  kernel: "kvm_faultin_pfn(), arch/x86/kvm/mmu/mmu.c, with restrictedmem_get_page(), mm/restrictedmem.c, v10",
  by: "vcpu",
  takes: { vm: Vm, vcpu: Vcpu, gfn: Gfn },
  keeps: { file: File, page: Page, shared: bool, stale: bool },
  // EIO: the hardware refuses the page when it is to be mapped.
  returns: ["EHWPOISON", "EIO"],
  exits: ["mmio"],
  sections: {
    "run the guest": (s, { vm, gfn }) => (s.vms[vm].leaves[gfn] === null ? undefined : 0),
    "take a snapshot of the sequence count": (s, { vm }) => {
      s.vms[vm].snapshot = "current";
    },
    "look up the slot": (s, c) => {
      const slot = slotAt(s, c.vm, c.gfn);
      if (slot === null) return "mmio";
      c.shared = slot.file === null;
      c.file = slot.file ?? c.file;
      c.page = slot.first + c.gfn - slot.base;
    },
    "get the page": {
      when: ({ shared }) => !shared,
      run: (s, { file, page }) => {
        if (s.files[file].pages[page] === "poisoned") return "EHWPOISON";
        s.files[file].pages[page] = "ready";
      },
    },
    "install the leaf": (s, c, m) => {
      const vm = s.vms[c.vm];
      c.stale = vm.snapshot === "old" || vm.invalidating[c.gfn]! > 0;
      if (c.stale) return;
      if (m.refusesSecondMapping && !c.shared && isMapped(s, c)) return "EIO";
      vm.leaves[c.gfn] = { file: c.shared ? null : c.file, page: c.page };
    },
    "try again what was out of date": {
      local: true,
      run: (_s, { stale }) => (stale ? retry("run the guest") : undefined),
    },
  },
  finally: {
    "forget the snapshot": {
      local: true,
      run: (s, { vm }) => {
        s.vms[vm].snapshot = "none";
      },
    },
  },
  leaves: {
    EIO: {
      says: "the page that was allocated stays in the file",
      source: "restrictedmem_get_page(): shmem_get_folio(SGP_WRITE), mm/restrictedmem.c, v10",
      cells: /^files/,
    },
  },
});

function isMapped(s: State, at: { readonly file: number; readonly page: number }): boolean {
  for (const vm of ids(s.vms))
    for (const leaf of s.vms[vm].leaves)
      if (leaf !== null && leaf.file === at.file && leaf.page === at.page) return true;
  return false;
}

/** The page goes from the shmem file inside, and the restrictedmem file around it is not asked. */
export const truncateInner = call({
  kernel: "shmem_fallocate() or truncation of the inner file, mm/shmem.c",
  by: "kernel",
  takes: { file: File, page: Page },
  returns: [],
  sections: {
    "truncate the inner file": (s, { file, page }) => {
      if (s.files[file].pages[page] === "absent") return disabled;
      s.files[file].pages[page] = "absent";
    },
  },
});
