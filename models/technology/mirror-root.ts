/**
 * Two roots for one guest, as TDX has them: private leaves in the mirror of the S-EPT, shared ones in the direct root, and every zap says which it
 * means. A private page that is removed is zero when it comes back: what the guest wrote is lost (arch/x86/kvm/vmx/tdx.c).
 */
import {
  bool,
  callsOf,
  design,
  disabled,
  goTo,
  oneOf,
  per,
  positions,
  propertiesOf,
  record,
  retry,
  tracked,
  upTo,
  type Bounds,
  type ValueOf,
} from "../../spec/language.ts";
import { Gfn, Page, Vcpu, type GuestMemory, type InodeId, type VcpuId } from "../../spec/guest-memory.ts";
import { Snapshots, moveSequence } from "../guest-memfd/sequence.ts";
import { mappingPromises } from "../../spec/properties/mappings.ts";
import { folioLock, invalidateLock, mmapLock, mmuLock, slotsLock } from "../guest-memfd/locks.ts";
import { INODE as GUEST_MEMFD, VM, oneSlot, sizesOfOneSlot } from "./one-slot.ts";

const state = record({
  /** KVM_MEMORY_ATTRIBUTE_PRIVATE */
  private: per(Gfn, bool),
  /** Pages of the guest_memfd, which is bound to the only slot: frame i shows page i. */
  folios: per(Page, oneOf("absent", "ready")),
  /** Leaves of the mirror root, and what the guest finds there: zeroes, or what it wrote. */
  mirror: per(Gfn, oneOf("none", "zero", "written")),
  /** Leaves of the direct root. */
  direct: per(Gfn, tracked("mappings", bool)),
  /** Something is mapped at userspace_addr. */
  userMemory: bool,
  /** Invalidations under way of each frame. */
  invalidating: per(Gfn, upTo("invalidations")),
  /** What each vCPU's snapshot of mmu_invalidate_seq is worth: whether the counter moved since. */
  snapshots: Snapshots,
  /** No kernel state: the guest wrote privately, and neither a hole nor a conversion took it. */
  wrote: per(Gfn, bool),
});
interface State extends ValueOf<typeof state> {}

interface Machine {
  readonly pages: number;
  readonly vcpus: number;
  /** GUEST_MEMFD_FLAG_INIT_SHARED, of a VM without private memory, whose slot is KVM_MEMSLOT_GMEM_ONLY. */
  readonly initShared: boolean;
}

const { call, choice } = callsOf<State, Machine>();

/** What is at userspace_addr. */
const USER_MEMORY = 1 as InodeId;

const writeMmuLock = () => mmuLock.write(VM);
const writeInvalidateLock = () => invalidateLock.write(GUEST_MEMFD);
const theSlotsLock = () => slotsLock(VM);

/** enum kvm_gfn_range_filter, include/linux/kvm_host.h: leaves of one type, or of both. */
export type Filter = "private" | "shared" | "both";

interface Frames {
  readonly first: number;
  readonly npages: number;
}

/** kvm_mmu_invalidate_begin(), and kvm_unmap_gfn_range() of the roots that the filter lets through. */
export function beginInvalidation(s: State, { first, npages }: Frames, filter: Filter): void {
  for (let gfn = first; gfn < first + npages; gfn++) {
    s.invalidating[gfn]!++;
    if (filter !== "shared") s.mirror[gfn] = "none";
    if (filter !== "private") s.direct[gfn] = false;
  }
}

/** kvm_mmu_invalidate_end() */
function endInvalidation(s: State, { first, npages }: Frames): void {
  for (let gfn = first; gfn < first + npages; gfn++) s.invalidating[gfn]!--;
  moveSequence(s);
}

const range = {
  first: Page,
  npages: choice<number>((m, { first }) => positions(m.pages - first).map((n) => n + 1)),
};

const punchHole = call({
  kernel: "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: range,
  keeps: { page: upTo("pages") },
  returns: [],
  sections: {
    "take invalidate_lock": { takes: writeInvalidateLock },
    // kvm_gmem_get_invalidate_filter()
    "zap what is bound": {
      under: writeMmuLock,
      run: (s, c, { initShared }) => {
        beginInvalidation(s, c, initShared ? "shared" : "private");
        c.page = c.first;
      },
    },
    "truncate the next page": {
      under: ({ page }) => folioLock(GUEST_MEMFD, page),
      run: (s, c) => {
        s.folios[c.page] = "absent";
        s.wrote[c.page] = false;
        return ++c.page < c.first + c.npages ? goTo("truncate the next page") : undefined;
      },
    },
    "end the invalidation": { under: writeMmuLock, run: endInvalidation },
    "drop invalidate_lock": { drops: writeInvalidateLock },
  },
});

const setMemoryAttributes = call({
  kernel: "kvm_vm_set_mem_attributes(), virt/kvm/kvm_main.c; kvm_arch_pre_set_memory_attributes()",
  by: "task",
  takes: { ...range, private: bool },
  keeps: { gfn: upTo("gfns") },
  returns: ["EINVAL"],
  sections: {
    // kvm_supported_mem_attributes(): none without private memory.
    "check the attributes": {
      local: true,
      run: (_s, c, m) => (m.initShared && c.private ? "EINVAL" : undefined),
    },
    "take slots_lock": { takes: theSlotsLock },
    "look whether all is so already": {
      local: true,
      run: (s, c) => {
        c.gfn = c.first;
        for (let gfn = c.first; gfn < c.first + c.npages; gfn++) if (s.private[gfn] !== c.private) return;
        return goTo("drop slots_lock");
      },
    },
    "zap what is of the other type": {
      under: writeMmuLock,
      run: (s, c) => beginInvalidation(s, c, c.private ? "shared" : "private"),
    },
    "store the next attribute": (s, c) => {
      s.private[c.gfn] = c.private;
      if (!c.private) s.wrote[c.gfn] = false;
      return ++c.gfn < c.first + c.npages ? goTo("store the next attribute") : undefined;
    },
    "end the invalidation": { under: writeMmuLock, run: endInvalidation },
    "drop slots_lock": { drops: theSlotsLock },
  },
});

const all = (s: State): Frames => ({ first: 0, npages: s.private.length });

/** Of the HVA notifier, which says for each slot what it means: 6bd5dac21ec5. */
export const notifyBegin =
  (filter: Filter) =>
  (s: State): void =>
    beginInvalidation(s, all(s), filter);

const munmap = call({
  kernel:
    "munmap() of userspace_addr; kvm_mmu_notifier_invalidate_range_start() and _end(), virt/kvm/kvm_main.c",
  by: "task",
  takes: {},
  returns: [],
  sections: {
    "take mmap_lock": { takes: () => mmapLock.write() },
    "look for the mapping": {
      local: true,
      run: (s) => (s.userMemory ? undefined : goTo("drop mmap_lock")),
    },
    "begin the invalidation, zap": { under: writeMmuLock, run: notifyBegin("shared") },
    "remove the mapping": (s) => {
      s.userMemory = false;
    },
    "end the invalidation": { under: writeMmuLock, run: (s) => endInvalidation(s, all(s)) },
    "drop mmap_lock": { drops: () => mmapLock.write() },
  },
});

const mmap = call({
  kernel: "do_mmap() at userspace_addr, mm/mmap.c",
  by: "task",
  takes: {},
  returns: [],
  sections: {
    "map memory": {
      under: () => mmapLock.write(),
      run: (s) => {
        if (s.userMemory) return disabled;
        s.userMemory = true;
      },
    },
  },
});

interface Access {
  readonly vcpu: VcpuId;
  readonly gfn: number;
  readonly private: boolean;
  readonly write: boolean;
  fromFile: boolean;
  stale: boolean;
}

/** The access itself, where a leaf is; a page that is new in the S-EPT is accepted with it. */
function access(s: State, { gfn, private: isPrivate, write }: Access): 0 | undefined {
  if (!isPrivate) return s.direct[gfn] ? 0 : undefined;
  if (s.mirror[gfn] === "none") return undefined;
  if (write) {
    s.mirror[gfn] = "written";
    s.wrote[gfn] = true;
  }
  return 0;
}

function installLeaf(s: State, c: Access): void {
  c.stale = s.snapshots[c.vcpu] === "old" || s.invalidating[c.gfn]! > 0;
  if (c.stale) return;
  if (!c.private) s.direct[c.gfn] = true;
  else if (s.mirror[c.gfn] === "none") s.mirror[c.gfn] = "zero";
}

const guestAccess = call({
  kernel:
    "kvm_mmu_do_page_fault(), kvm_tdp_mmu_map(), arch/x86/kvm/mmu: KVM_RUN of a guest that touches a frame",
  by: "vcpu",
  takes: {
    vcpu: Vcpu,
    gfn: Gfn,
    private: bool,
    // What is written to shared memory is not the question.
    write: choice<boolean>((_m, { private: isPrivate }) => (isPrivate ? [false, true] : [false])),
  },
  keeps: { fromFile: bool, stale: bool },
  returns: ["EFAULT memory_fault", "EFAULT"],
  sections: {
    "run the guest": access,
    "take a snapshot of the sequence count": (s, { vcpu }) => {
      s.snapshots[vcpu] = "current";
    },
    "compare the attribute": (s, c) => (s.private[c.gfn] === c.private ? undefined : "EFAULT memory_fault"),
    "choose the source": {
      local: true,
      run: (_s, c, { initShared }) => {
        c.fromFile = c.private || initShared;
      },
    },
    "find or allocate the folio": {
      when: ({ fromFile }) => fromFile,
      under: ({ gfn }) => folioLock(GUEST_MEMFD, gfn),
      run: (s, { gfn }) => {
        s.folios[gfn] = "ready";
      },
    },
    "get the user page": {
      when: ({ fromFile }) => !fromFile,
      under: () => mmapLock.read(),
      run: (s) => (s.userMemory ? undefined : "EFAULT"),
    },
    "install the leaf": { under: () => mmuLock.read(VM), run: installLeaf },
    "try again what was out of date": {
      local: true,
      run: (_s, { stale }) => (stale ? retry("take a snapshot of the sequence count") : undefined),
    },
    "run the guest again": { local: true, run: () => goTo("run the guest") },
  },
  finally: {
    "forget the snapshot": {
      local: true,
      run: (s, { vcpu }) => {
        s.snapshots[vcpu] = "none";
      },
    },
  },
});

/** The common vocabulary, and behind it the state itself. */
interface View extends GuestMemory {
  readonly state: State;
}

function view(s: State, { pages, initShared }: Machine): View {
  const isMapped = (gfn: number, isPrivate: boolean): boolean =>
    isPrivate ? s.mirror[gfn] !== "none" : s.direct[gfn]!;
  return {
    state: s,
    ...oneSlot(pages),
    isPrivate: (_vm, gfn) => s.private[gfn]!,
    // Of two leaves, the one that should not be there.
    guestMapping: (_vm, gfn) => {
      const isPrivate = isMapped(gfn, !s.private[gfn]!) ? !s.private[gfn]! : s.private[gfn]!;
      if (!isMapped(gfn, isPrivate)) return null;
      const fromFile = isPrivate || initShared;
      const at = { inode: fromFile ? GUEST_MEMFD : USER_MEMORY, page: gfn };
      return { at, private: isPrivate, fromFile };
    },
    pageState: (inode, page) => (inode === GUEST_MEMFD ? s.folios[page]! : s.userMemory ? "ready" : "absent"),
    hostMaps: () => false,
    hostMayMap: () => initShared,
    isInvalidating: (_vm, gfn) => s.invalidating[gfn]! > 0,
    invalidations: () => [...s.invalidating].reduce((sum, n) => sum + n, 0),
  };
}

const { always, sometimes } = propertiesOf<View>();

const privateContentsLast = always({
  name: "private-contents-last",
  says: "what a guest wrote privately is there until a hole takes the page or a conversion the frame",
  source:
    "tdx_sept_remove_private_spte(), arch/x86/kvm/vmx/tdx.c: TDH.MEM.PAGE.REMOVE loses what the page holds",
  anytime: true,
  over: { gfn: Gfn },
  when: ({ state: s }, { gfn }) => s.wrote[gfn]!,
  holds: ({ state: s }, { gfn }) => s.mirror[gfn] === "written" || s.invalidating[gfn]! > 0,
  why: ({ state: s }, { gfn }) =>
    `the guest wrote to frame ${gfn}, and its page ${s.mirror[gfn] === "none" ? "was removed from the S-EPT" : "is zero again"}`,
});

const keepsContentsWithoutUserMemory = sometimes({
  name: "contents-without-user-memory",
  says: "a guest has private contents where nothing is mapped at userspace_addr",
  source:
    "Documentation/virt/kvm/api.rst, KVM_SET_USER_MEMORY_REGION2: userspace_addr and guest_memfd_offset",
  over: { gfn: Gfn },
  holds: ({ state: s }, { gfn }) => s.wrote[gfn]! && !s.userMemory,
});

export const mirrorRoot = design({
  name: "mirror-root",
  says: "a zap takes leaves from the roots that its filter names: those of user memory are shared, those of a file are what its flag says",
  source:
    "6bd5dac21ec5 (KVM: Add member to struct kvm_gfn_range to indicate private/shared), with 5d3341d684be, 6.18",
  bounds: {
    pages: { says: "pages of the file, and frames of the guest", default: 1, most: 2 },
    vcpus: { says: "vCPUs", default: 1, most: 2 },
    tasks: { says: "threads of the process", default: 2, most: 2 },
    memory: {
      says: "a VM with private memory, or one without, all of whose faults a file with GUEST_MEMFD_FLAG_INIT_SHARED serves",
      default: "private",
      values: ["private", "init-shared"],
    },
  },
  machine: (bounds: Bounds): Machine => ({
    pages: Number(bounds["pages"]),
    vcpus: Number(bounds["vcpus"]),
    initShared: bounds["memory"] === "init-shared",
  }),
  sizes: ({ pages, vcpus }) => ({
    ...sizesOfOneSlot(pages),
    inodes: 2,
    vcpus,
    // A hole, a change of attributes, and a notifier; further ones wait for their locks.
    invalidations: 3,
  }),
  state,
  // A guest as it is when it has been launched.
  init: (s, { initShared }) => {
    s.userMemory = true;
    for (const gfn of positions(s.private.length)) s.private[gfn] = !initShared;
  },
  calls: {
    punch_hole: punchHole,
    set_memory_attributes: setMemoryAttributes,
    mmap,
    munmap,
    guest_access: guestAccess,
  },
  view,
  promises: [...mappingPromises, privateContentsLast],
  statements: [keepsContentsWithoutUserMemory],
  notAtomic: [
    {
      calls: ["guest_access", "set_memory_attributes"],
      says: "a fault that is thrown away leaves its page in the file",
      source:
        "kvm_gmem_get_pfn() before is_page_fault_stale(): kvm_mmu_do_page_fault(), arch/x86/kvm/mmu/mmu.c",
    },
  ],
  scenarios: {},
  vectors: [
    { bounds: {}, quick: true },
    { bounds: { memory: "init-shared" }, quick: true },
    { bounds: {}, mode: "overlap", quick: true },
    { bounds: { memory: "init-shared" }, mode: "overlap", quick: true },
    { bounds: { vcpus: 2 }, mode: "overlap" },
    { bounds: { pages: 2 }, mode: "overlap" },
  ],
});
