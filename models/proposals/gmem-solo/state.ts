/**
 * The kvm_gmem_solo tree of 2023, in which restrictedmem had become a file of KVM's own: one SNP guest, one file, slots that bind ranges of it, and
 * the RMP's word on each page. All memory is private, and the file stays open.
 */
import {
  callsOf,
  maybe,
  oneOf,
  per,
  record,
  upTo,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Gfn, Page, Slot, type InodeId, type VmId } from "../../../spec/guest-memory.ts";
import { Snapshots, moveSequence } from "../../guest-memfd/sequence.ts";
import { invalidateLock, mmuLock, slotsLock } from "../../guest-memfd/locks.ts";

const MemorySlot = record({ base: Gfn, first: Page, npages: upTo("pages") });

export const state = record({
  slots: per(Slot, maybe(MemorySlot)),
  /** The slots as the file's bindings show them: the objects that were bound, which the VM's table may have replaced. */
  bindings: per(Slot, maybe(MemorySlot)),
  folios: per(Page, oneOf("absent", "ready")),
  /** The guest frame at which the RMP gives the page to the guest; null where the page is the host's. */
  rmp: per(Page, maybe(Gfn)),
  /** Leaves of the nested page table. */
  leaves: per(Gfn, maybe(Page)),
  /** Invalidations under way of each frame. */
  invalidating: per(Gfn, upTo("invalidations")),
  /** What each vCPU's snapshot of mmu_invalidate_seq is worth: whether the counter moved since. */
  snapshots: Snapshots,
});
export interface State extends ValueOf<typeof state> {}
export type MemorySlot = ValueOf<typeof MemorySlot>;

export interface Machine {
  readonly pages: number;
  readonly gfns: number;
  readonly slots: number;
  readonly vcpus: number;
}

export const bounds = {
  pages: { says: "pages of the file", default: 2, most: 3 },
  gfns: { says: "frames of the guest", default: 2, most: 3 },
  slots: { says: "memory slots", default: 2, most: 2 },
  vcpus: { says: "vCPUs", default: 1, most: 2 },
  tasks: { says: "threads of the process", default: 1, most: 2 },
} as const;

export const machineFor = (of: Bounds): Machine => ({
  pages: Number(of["pages"]),
  gfns: Number(of["gfns"]),
  slots: Number(of["slots"]),
  vcpus: Number(of["vcpus"]),
});

export const sizesOf = ({ pages, gfns, slots, vcpus }: Machine) => ({
  vms: 1,
  files: 1,
  inodes: 1,
  spaces: 1,
  slots,
  pages,
  gfns,
  vcpus,
  // A hole and an mmu notifier; further ones wait for their locks.
  invalidations: 2,
});

export const { call, choice } = callsOf<State, Machine>();

export const VM = 0 as VmId;
export const INODE = 0 as InodeId;

export const theSlotsLock = () => slotsLock(VM);
export const writeInvalidateLock = () => invalidateLock.write(INODE);
export const writeMmuLock = () => mmuLock.write(VM);

/** Frames, or pages: from `first` on, `end` not included. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

export function slotAt(s: State, gfn: number): MemorySlot | null {
  for (const slot of s.slots)
    if (slot !== null && gfn >= slot.base && gfn < slot.base + slot.npages) return slot;
  return null;
}

/** kvm_mmu_invalidate_begin(), and kvm_unmap_gfn_range(). Frames that the guest does not have are mapped nowhere. */
export function beginInvalidation(s: State, { first, end }: Range): void {
  for (let gfn = first; gfn < Math.min(end, s.leaves.length); gfn++) {
    s.invalidating[gfn]!++;
    s.leaves[gfn] = null;
  }
}

/** kvm_mmu_invalidate_end() */
export function endInvalidation(s: State, { first, end }: Range): void {
  for (let gfn = first; gfn < Math.min(end, s.leaves.length); gfn++) s.invalidating[gfn]!--;
  moveSequence(s);
}
