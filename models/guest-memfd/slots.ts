/** Looking slots up. */
import { ids } from "../../spec/language.ts";
import type { SlotId, SlotState, SpaceId, VmState } from "./state.ts";

/** The normal address space; 1 is that of SMM. */
export const NORMAL = 0 as SpaceId;

/** In the table that vCPUs see, be it as an invalid copy. */
export function isVisible(slot: SlotState): boolean {
  return slot.phase === "active" || slot.phase === "invalid";
}

/** gfn_to_memslot(): the slot of the normal address space that covers a frame. */
export function slotAt(vm: VmState, gfn: number): SlotId | null {
  const slots = vm.slots[NORMAL];
  for (const id of ids(slots)) {
    const slot = slots[id];
    if (slot !== null && gfn >= slot.base && gfn < slot.base + slot.npages && isVisible(slot)) return id;
  }
  return null;
}
