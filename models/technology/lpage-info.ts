/** lpage_info of the slot: which huge ranges are mixed, and who keeps that right (arch/x86/kvm/mmu/mmu.c, 6.9). */
import { live } from "../../spec/language.ts";
import { LARGEST, allInSlot, framesOf, hugeStart, type Slot, type State } from "./huge-state.ts";

/** A range of frames, clipped to the slot, and the type that it is given. */
export interface Range {
  readonly first: number;
  readonly end: number;
  readonly private: boolean;
}

/** gfn_to_index() into lpage_info, which has an entry for each huge range that the slot touches: kvm_alloc_memslot_metadata(). */
function entryOf({ base, npages }: Slot, gfn: number, level: number): number {
  const entry = (gfn >> level) - (base >> level);
  const entries = ((base + npages - 1) >> level) - (base >> level) + 1;
  live(
    entry < entries ? true : null,
    `entry ${entry} of lpage_info, which has ${entries} for level ${level}: what is behind the array`,
  );
  return entry;
}

/** hugepage_test_mixed() */
export const isMixed = (s: State, slot: Slot, gfn: number, level: number): boolean =>
  s.mixed[level - 1]![entryOf(slot, gfn, level)]!;

/** hugepage_has_attrs(): all of the huge range is of one type. Levels above the first rely on the halves that they are made of. */
function hasAttribute(s: State, slot: Slot, start: number, level: number, isPrivate: boolean): boolean {
  const half = framesOf(level - 1);
  for (let gfn = start; gfn < start + framesOf(level); gfn += half) {
    if (level > 1 && isMixed(s, slot, gfn, level - 1)) return false;
    if ((s.private[gfn] ?? false) !== isPrivate) return false;
  }
  return true;
}

/** A huge range of which a conversion has a part: that at its head, or that at its tail. */
interface Straddled {
  readonly start: number;
  readonly level: number;
  readonly isTail: boolean;
}

export function* straddled({ first, end }: Range): Generator<Straddled> {
  for (let level = 1; level <= LARGEST; level++) {
    const [head, tail] = [hugeStart(first, level), hugeStart(end, level)];
    if (head !== first || head + framesOf(level) > end) yield { start: head, level, isTail: false };
    if (tail !== head && tail !== end) yield { start: tail, level, isTail: true };
  }
}

/** Whether a huge range that is partly converted is looked at: it is all in the slot, for others are never mapped huge. */
export type Covers = (slot: Slot, part: Straddled) => boolean;
export const isInSlot: Covers = (slot, { start, level }) => allInSlot(slot, start, level);
/** What 6.8 asks: of the head, that it begins in the slot (992b54bd083c, 6.9). */
export const headBeginsInSlot: Covers = (slot, part) =>
  part.isTail ? isInSlot(slot, part) : part.start >= slot.base;

/** kvm_arch_post_set_memory_attributes(): which huge ranges are mixed now. Lower levels first. */
export const updateMixed =
  (covers: Covers) =>
  (s: State, slot: Slot, range: Range): void => {
    const parts = [...straddled(range)];
    for (let level = 1; level <= LARGEST; level++) {
      const size = framesOf(level);
      for (const part of parts) {
        if (part.level !== level || !covers(slot, part)) continue;
        const isPure = hasAttribute(s, slot, part.start, level, range.private);
        s.mixed[level - 1]![entryOf(slot, part.start, level)] = !isPure;
      }
      for (let gfn = hugeStart(range.first + size - 1, level); gfn + size <= range.end; gfn += size)
        s.mixed[level - 1]![entryOf(slot, gfn, level)] = false;
    }
  };

/** kvm_mmu_init_memslot_memory_attributes() */
export function initMixed(s: State, slot: Slot): void {
  for (let level = 1; level <= LARGEST; level++) {
    for (let gfn = 0; gfn < slot.base + slot.npages; gfn += framesOf(level)) {
      if (!allInSlot(slot, gfn, level)) continue;
      const isPure = hasAttribute(s, slot, gfn, level, s.private[gfn]!);
      s.mixed[level - 1]![entryOf(slot, gfn, level)] = !isPure;
    }
  }
}
