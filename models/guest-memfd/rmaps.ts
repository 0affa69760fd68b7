/** Reverse maps, which shadow paging has and two-dimensional paging has not. */
import type { Machine } from "./machine.ts";
import { isVisible } from "./slots.ts";
import type { VmState } from "./state.ts";

/** mmu_first_shadow_root_alloc() has work to do. */
export function needsRmaps(vm: VmState, m: Machine): boolean {
  return !m.tdp && !vm.shadowed;
}

/**
 * mmu_first_shadow_root_alloc(), arch/x86/kvm/mmu/mmu.c: every slot in the tables that vCPUs see gets its rmaps; of a slot that is being deleted
 * the tables show the invalid copy.
 */
export function allocateRmaps(vm: VmState): void {
  for (const space of vm.slots) {
    for (const slot of space) {
      if (slot === null || !isVisible(slot)) continue;
      if (slot.phase === "invalid") slot.copyRmap = true;
      else slot.rmap = true;
    }
  }
  vm.shadowed = true;
}
