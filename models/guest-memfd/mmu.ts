/** The guests' page tables: removing what they hold. */
import { ids, warnOn } from "../../spec/language.ts";
import type { VcpuId } from "../../spec/guest-memory.ts";
import { MOST_HELD } from "./machine.ts";
import { moveSequence } from "./sequence.ts";
import { isVisible } from "./slots.ts";
import type { AreaId, SlotState, State, VmState } from "./state.ts";

/**
 * kvm_mmu_invalidate_begin() and kvm_mmu_invalidate_range_add(), under mmu_lock: faults in the range have to try again until the end. All
 * ranges under way are merged to one. `more`: a further range of an invalidation that has begun.
 */
export function beginInvalidation(vm: VmState, first: number, end: number, more: boolean): void {
  if (vm.invalidating === 0) {
    vm.from = first;
    vm.to = end;
  } else {
    vm.from = Math.min(vm.from, first);
    vm.to = Math.max(vm.to, end);
  }
  if (!more) vm.invalidating = Math.min(vm.invalidating + 1, MOST_HELD);
}

/** kvm_mmu_invalidate_end(), under mmu_lock: the sequence count moves. */
export function endInvalidation(vm: VmState): void {
  warnOn(vm.invalidating === 0, "kvm_mmu_invalidate_end(): mmu_invalidate_in_progress is below zero");
  vm.invalidating--;
  moveSequence(vm);
}

/** mmu_invalidate_retry_gfn(), under mmu_lock: what the fault found may be out of date. */
export function isStale(vm: VmState, vcpu: VcpuId, gfn: number): boolean {
  return vm.snapshots[vcpu] === "old" || isInvalidating(vm, gfn);
}

export function isInvalidating(vm: VmState, gfn: number): boolean {
  return vm.invalidating > 0 && gfn >= vm.from && gfn < vm.to;
}

/** Removes the leaves of a range of frames, of both types: kvm_unmap_gfn_range(), one root for private and shared. */
export function zapFrames(vm: VmState, first: number, end: number): void {
  for (let gfn = first; gfn < end; gfn++) vm.sptes[gfn] = null;
}

export function zapSlot(vm: VmState, slot: SlotState): void {
  zapFrames(vm, slot.base, slot.base + slot.npages);
}

/** Every leaf: kvm_mmu_zap_all_fast(). All roots are obsolete, and with them the faults that work on one. */
export function zapAll(vm: VmState): void {
  zapFrames(vm, 0, vm.sptes.length);
  moveSequence(vm);
}

/**
 * The host's mapping of pages of an area goes: every guest frame that is backed by these addresses is zapped
 * (kvm_mmu_notifier_invalidate_range_start() and _end(), virt/kvm/kvm_main.c, in one: the entries go with the section that calls this).
 */
export function notifyHva(s: State, area: AreaId, first: number, end: number): void {
  for (const vm of s.vms) {
    for (const space of ids(vm.slots)) {
      for (const slot of vm.slots[space]) {
        if (slot === null || slot.area !== area || !isVisible(slot)) continue;
        const from = Math.max(first, slot.areaPage);
        const to = Math.min(end, slot.areaPage + slot.npages);
        if (from >= to) continue;
        moveSequence(vm);
        if (space === 0) zapFrames(vm, slot.base + from - slot.areaPage, slot.base + to - slot.areaPage);
      }
    }
  }
}

/** A slot change succeeded: entries that cache "no memory here" are of an old generation from now on. */
export function advanceGeneration(vm: VmState): void {
  for (let gfn = 0; gfn < vm.mmio.length; gfn++) if (vm.mmio[gfn] === "current") vm.mmio[gfn] = "stale";
}
