/** The steps of a round; all hands wait for each other behind each. */
import { NoMemory } from "../explore/column.ts";
import { limitOf } from "../explore/store.ts";
import type { Hand } from "./hand.ts";
import { CELL, mostFound, type Shared } from "./shared.ts";

export function stepsOf({ control }: Shared, hand: Hand, transitions: () => number): readonly (() => void)[] {
  const anew = control[CELL.grows] === 0 ? [] : [() => hand.clear(), () => hand.enterKnown()];
  return [...anew, () => expand(hand), () => hand.count(), () => hand.settle(transitions)];
}

function expand(hand: Hand): void {
  hand.begin();
  hand.expand();
}

/** Slots for the states that are known, and for all that a round may find. */
export function slotsFor(shared: Shared, known: number): number {
  let slots = Math.max(shared.control[CELL.slots]!, shared.room.firstSlots);
  while (known + mostFound(shared) > limitOf(slots)) slots *= 2;
  if (slots * 4 > shared.table.byteLength) throw new NoMemory(`no table has ${slots} slots`);
  return slots;
}
