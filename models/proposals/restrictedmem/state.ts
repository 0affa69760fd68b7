/**
 * Restricted memory of January 2023: files that nobody can read, write or map, shown to guests by slots, which are told by notifiers when
 * pages go.
 *
 * Each VM has one vCPU. mmu_lock is not followed: what it makes atomic is one section. Attributes are left out; all that is in a
 * restrictedmem file is private.
 */
import {
  callsOf,
  ids,
  maybe,
  oneOf,
  per,
  positions,
  record,
  rwlock,
  upTo,
  warnOn,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import {
  File,
  Gfn,
  Page,
  Slot,
  Vm,
  type FileId,
  type SlotId,
  type VmId,
} from "../../../spec/guest-memory.ts";

/** `npages` frames from `base` on show the pages of the file from `first` on; without a file, the memory at userspace_addr. */
const SlotState = record({ file: maybe(File), base: Gfn, first: Page, npages: upTo("pages") });

const VmState = record({
  slots: per(Slot, maybe(SlotState)),
  /** Leaves of the guest's page table. */
  leaves: per(Gfn, maybe(record({ file: maybe(File), page: Page }))),
  /** Invalidations under way of each frame. */
  invalidating: per(Gfn, upTo("invalidations")),
  /** What the vCPU's snapshot of mmu_invalidate_seq is worth: whether the counter moved since. */
  snapshot: oneOf("none", "current", "old"),
});

export const state = record({
  vms: per(Vm, VmState),
  files: per(File, record({ pages: per(Page, oneOf("absent", "ready", "poisoned")) })),
});
export interface State extends ValueOf<typeof state> {}
export interface SlotState extends ValueOf<typeof SlotState> {}
interface VmState extends ValueOf<typeof VmState> {}

export interface Machine {
  readonly vms: number;
  readonly files: number;
  readonly slots: number;
  readonly pages: number;
  /** The hardware refuses a page that is mapped elsewhere, in this guest or in another one: TDX, SNP. SEV does not. */
  readonly refusesSecondMapping: boolean;
}

export const bounds = {
  vms: { says: "VMs", default: 1, most: 2 },
  files: { says: "restrictedmem files", default: 1, most: 2 },
  slots: { says: "slots of each VM", default: 1, most: 3 },
  pages: { says: "pages of each file, and frames of each guest", default: 1, most: 3 },
  tasks: { says: "threads of the process", default: 2, most: 2 },
  technology: { says: "what protects the guests", default: "tdx", values: ["tdx", "sev"] },
} as const;

export const machineFor = (of: Bounds): Machine => ({
  vms: Number(of["vms"]),
  files: Number(of["files"]),
  slots: Number(of["slots"]),
  pages: Number(of["pages"]),
  refusesSecondMapping: of["technology"] === "tdx",
});

export const sizesOf = ({ vms, files, slots, pages }: Machine) => ({
  vms,
  files,
  inodes: files + 1,
  spaces: 1,
  slots,
  pages,
  gfns: pages,
  vcpus: 1,
  // Two holes at once, and one whose end never came.
  invalidations: 3,
  callbacks: vms * slots,
});

export const { call, choice } = callsOf<State, Machine>();

/** What protects the notifiers of a file: a mutex in v10, an rwsem since. */
export const notifiersLock = rwlock(
  "restrictedmem->lock",
  "struct restrictedmem_data, mm/restrictedmem.c, v10",
);

export interface Hole {
  readonly file: FileId;
  readonly first: number;
  readonly npages: number;
}

/** Pages of one file. */
interface Pages {
  readonly first: number;
  readonly npages: number;
}
export const overlap = (a: Pages, b: Pages): boolean =>
  a.first < b.first + b.npages && b.first < a.first + a.npages;

/** Which notifiers of the file are called for a hole. */
export type Finds = (slot: SlotState, hole: Hole) => boolean;

/** Calls the notifiers that are found; each does what it must for its own frames. Returns how many were called. */
export function notify(
  s: State,
  hole: Hole,
  finds: Finds,
  callback: (vm: VmState, gfn: number) => void,
): number {
  let called = 0;
  for (const vm of ids(s.vms)) {
    for (const slot of s.vms[vm].slots) {
      if (slot === null || slot.file !== hole.file || !finds(slot, hole)) continue;
      called++;
      for (const gfn of framesOf(slot, hole)) callback(s.vms[vm], gfn);
    }
  }
  return called;
}

/** restrictedmem_get_gfn_range(): the slot's frames that show pages of the hole. */
const framesOf = (slot: SlotState, hole: Hole): readonly number[] =>
  positions(slot.npages)
    .filter((n) => slot.first + n >= hole.first && slot.first + n < hole.first + hole.npages)
    .map((n) => slot.base + n);

/**
 * kvm_mmu_invalidate_begin(), and the zap. Where ends are lost, the kernel's count grows for ever; three stand for all that is more than the two
 * that can be under way.
 */
export function beginInvalidation(vm: VmState, gfn: number): void {
  vm.invalidating[gfn] = Math.min(vm.invalidating[gfn]! + 1, 3);
  vm.leaves[gfn] = null;
}

/** kvm_mmu_invalidate_end(): BUG_ON(kvm->mmu_invalidate_in_progress < 0) */
export function endInvalidation(vm: VmState, gfn: number): void {
  warnOn(vm.invalidating[gfn] === 0, `the invalidation of frame ${gfn} ends, and had not begun`);
  vm.invalidating[gfn]!--;
  if (vm.snapshot === "current") vm.snapshot = "old";
}

/** The slot that covers a frame. */
export function slotAt(s: State, vm: VmId, gfn: number): SlotState | null {
  for (const slot of s.vms[vm].slots)
    if (slot !== null && gfn >= slot.base && gfn < slot.base + slot.npages) return slot;
  return null;
}

export interface NewSlot {
  readonly vm: VmId;
  readonly slot: SlotId;
  readonly file: FileId;
  readonly base: number;
  readonly first: number;
  readonly npages: number;
}

/** Whether some slot of these VMs has a page of the new one. */
export function hasPageOf(s: State, vms: readonly VmId[], made: NewSlot): boolean {
  for (const vm of vms)
    for (const slot of s.vms[vm].slots)
      if (slot !== null && slot.file === made.file && overlap(slot, made)) return true;
  return false;
}
