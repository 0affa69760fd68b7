/** Taking pages of a file away from the guests that map them. */
import { zapFrames } from "./mmu.ts";
import { NORMAL } from "./slots.ts";
import type { FileId, SlotState, State } from "./state.ts";

/** Guest frames, from `first` up to and without `end`. */
export interface Frames {
  readonly first: number;
  readonly end: number;
}

/** The frames at which a slot shows the pages first … end - 1: clamped to the slot, then moved by its offset. */
export function framesOf(slot: SlotState, first: number, end: number): Frames {
  const from = Math.max(slot.first, first);
  const to = Math.min(slot.first + slot.npages, end);
  return { first: slot.base + from - slot.first, end: slot.base + to - slot.first };
}

/**
 * kvm_gmem_invalidate_begin(): for every slot that is bound in the range, zap the frames at which it shows it.
 * A slot of the SMM address space has no leaves in the normal page table.
 */
export function invalidateBegin(
  s: State,
  file: FileId,
  first: number,
  end: number,
  frames: (slot: SlotState, first: number, end: number) => Frames = framesOf,
): void {
  for (let page = first; page < end; page++) {
    const name = s.files[file].bindings[page]!;
    if (name === null || name.space !== NORMAL) continue;
    const vm = s.vms[name.vm];
    const slot = vm.slots[name.space][name.slot];
    if (slot === null) continue;
    const range = frames(slot, first, end);
    zapFrames(vm, Math.max(0, range.first), Math.min(vm.sptes.length, range.end));
  }
}
