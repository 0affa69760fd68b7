/** The guests' page tables: removing what they hold. */
import { ids } from "../../spec/language.ts";
import type { AreaId, SlotState, State, VmState } from "./state.ts";

/** Removes the leaves of a range of frames, of both types: kvm_unmap_gfn_range(), one root for private and shared. */
export function zapFrames(vm: VmState, first: number, end: number): void {
  for (let gfn = first; gfn < end; gfn++) vm.sptes[gfn] = null;
}

export function zapSlot(vm: VmState, slot: SlotState): void {
  zapFrames(vm, slot.base, slot.base + slot.npages);
}

/** Every leaf: kvm_mmu_zap_all_fast(). */
export function zapAll(vm: VmState): void {
  zapFrames(vm, 0, vm.sptes.length);
}

/**
 * The host's mapping of pages of an area goes: every guest frame that is backed by these addresses is zapped
 * (kvm_mmu_notifier_invalidate_range_start(), virt/kvm/kvm_main.c).
 */
export function notifyHva(s: State, area: AreaId, first: number, end: number): void {
  for (const vm of s.vms) {
    for (const space of ids(vm.slots)) {
      for (const slot of vm.slots[space]) {
        if (slot === null || slot.area !== area) continue;
        const from = Math.max(first, slot.areaPage);
        const to = Math.min(end, slot.areaPage + slot.npages);
        if (space === 0) zapFrames(vm, slot.base + from - slot.areaPage, slot.base + to - slot.areaPage);
      }
    }
  }
}

/** A slot change succeeded: entries that cache "no memory here" are of an old generation from now on. */
export function advanceGeneration(vm: VmState): void {
  for (let gfn = 0; gfn < vm.mmio.length; gfn++) if (vm.mmio[gfn] === "current") vm.mmio[gfn] = "stale";
}
