/**
 * One VM with private memory and one slot, whose lpage_info says where a huge leaf would cover frames of both types. Two frames stand for 2 MiB, four
 * for 1 GiB.
 */
import {
  bool,
  callsOf,
  maybe,
  per,
  position,
  record,
  tracked,
  upTo,
  type ValueOf,
} from "../../spec/language.ts";
import { Gfn, type VmId } from "../../spec/guest-memory.ts";
import { Snapshots } from "../guest-memfd/sequence.ts";

/** PG_LEVEL_2M and PG_LEVEL_1G; a leaf of level 0 covers one frame. */
export const LARGEST = 2;

const Slot = record({ base: Gfn, npages: upTo("gfns") });
const Leaf = record({
  private: bool,
  level: upTo("levels"),
  /** What is behind it only happens to follow the page of the fault in physical memory. */
  stray: bool,
});

export const state = record({
  slot: maybe(Slot),
  /** KVM_MEMORY_ATTRIBUTE_PRIVATE */
  private: per(Gfn, bool),
  /** lpage_info[level - 1] of the slot: KVM_LPAGE_MIXED_FLAG of each huge range that the slot touches. */
  mixed: per(position("levels"), per(Gfn, bool)),
  leaves: per(Gfn, tracked("mappings", maybe(Leaf))),
  /** mmu_invalidate_in_progress: attributes change one call at a time. */
  invalidating: bool,
  /** mmu_invalidate_range_start and _end. */
  from: upTo("gfns"),
  to: upTo("gfns"),
  /** What each vCPU's snapshot of mmu_invalidate_seq is worth: whether the counter moved since. */
  snapshots: Snapshots,
});
export interface State extends ValueOf<typeof state> {}
export interface Leaf extends ValueOf<typeof Leaf> {}
export interface Slot extends ValueOf<typeof Slot> {}

export interface Machine {
  readonly gfns: number;
  readonly vcpus: number;
}

export const { call, choice } = callsOf<State, Machine>();

/** The only VM. */
export const VM = 0 as VmId;

export const framesOf = (level: number): number => 1 << level;
export const hugeStart = (gfn: number, level: number): number => (gfn >> level) << level;

export const isWithin = ({ base, npages }: Slot, first: number, end: number): boolean =>
  first >= base && end <= base + npages;

export const allInSlot = (slot: Slot, start: number, level: number): boolean =>
  isWithin(slot, start, start + framesOf(level));

/** mmu_invalidate_retry_gfn() */
export const isInvalidating = (s: State, gfn: number): boolean =>
  s.invalidating && gfn >= s.from && gfn < s.to;
