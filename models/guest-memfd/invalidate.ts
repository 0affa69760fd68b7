/** Taking pages of a file away from the guests that map them. */
import { ids, live } from "../../spec/language.ts";
import { beginInvalidation, endInvalidation, zapFrames } from "./mmu.ts";
import { NORMAL } from "./slots.ts";
import type { FileId, InodeId, SlotName, SlotState, State } from "./state.ts";

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

/** The files of an inode: one, in every released kernel. */
export function filesOf(s: State, inode: InodeId): FileId[] {
  return ids(s.files).filter((file) => s.files[file].kind === "guest_memfd" && s.files[file].inode === inode);
}

/** What a binding points to. */
export function boundSlot(s: State, name: SlotName): SlotState {
  const slot = s.vms[name.vm].slots[name.space][name.slot];
  return live(slot, `slot ${name.slot} of VM ${name.vm}, which a binding points to,`);
}

/** xa_find() over a range of the bindings. */
export function hasBindings(s: State, file: FileId, first: number, end: number): boolean {
  const { bindings } = s.files[file];
  for (let page = first; page < end; page++) if (bindings[page] !== null) return true;
  return false;
}

/**
 * kvm_gmem_invalidate_begin(): for every slot that is bound in the range, announce the frames at which it shows it, and zap them.
 * A slot of the SMM address space has no leaves in the normal page table.
 */
export function invalidateBegin(
  s: State,
  file: FileId,
  first: number,
  end: number,
  frames: (slot: SlotState, first: number, end: number) => Frames = framesOf,
): void {
  let begun = false;
  for (let page = first; page < end; page++) {
    const name = s.files[file].bindings[page]!;
    if (name === null) continue;
    const vm = s.vms[name.vm];
    const slot = boundSlot(s, name);
    const range = frames(slot, first, end);
    const from = Math.max(0, range.first);
    const to = Math.min(vm.sptes.length, range.end);
    beginInvalidation(vm, from, to, begun);
    begun = true;
    // Shadow paging walks the slot's rmaps; two-dimensional paging goes by the frame.
    if (vm.shadowed) live(slot.rmap ? slot : null, `slot->arch.rmap of slot ${name.slot} of VM ${name.vm}`);
    if (name.space === NORMAL) zapFrames(vm, from, to);
  }
}

/** kvm_gmem_invalidate_end(): looks the bindings up again; they are stable under the invalidate_lock. */
export function invalidateEnd(s: State, file: FileId, first: number, end: number): void {
  if (hasBindings(s, file, first, end)) endInvalidation(s.vms[s.files[file].vm]);
}
