/** KVM_GET_DIRTY_LOG: which pages of a slot were written since the last time; asking clears and write-protects them. */
import { upTo } from "../../../spec/language.ts";
import { slotsLock } from "../locks.ts";
import { NORMAL } from "../slots.ts";
import {
  addressSpacesOf,
  call,
  choice,
  openVm,
  type SlotId,
  type SpaceId,
  type SlotState,
  type VmState,
} from "../state.ts";
import { isVisible } from "../slots.ts";
import { vmDescriptor } from "./create-vm.ts";

/** The bitmap, one bit for a page of the slot; pages are counted by position. */
function takeBitmap(vm: VmState, slot: SlotState, space: SpaceId): number {
  let bitmap = 0;
  for (let gfn = slot.base; gfn < slot.base + slot.npages; gfn++) {
    if (!slot.dirty[gfn]) continue;
    bitmap += 2 ** (gfn - slot.base);
    slot.dirty[gfn] = false;
    const spte = vm.sptes[gfn]!;
    if (space === NORMAL && spte !== null) spte.writable = false;
  }
  return bitmap;
}

export const getDirtyLog = call({
  kernel: "kvm_get_dirty_log_protect(), virt/kvm/kvm_main.c",
  by: "task",
  takes: {
    vm: vmDescriptor,
    slot: choice<number>(
      (m) => m.slotIds,
      (m) => [m.maxSlotId + 1],
    ),
    as_id: choice<number>(
      (m) => Array.from({ length: m.addressSpaces }, (_, i) => i),
      (m) => [m.addressSpaces],
    ),
  },
  returns: ["EBADF", "EINVAL", "ENOENT"],
  gives: upTo("bitmap"),
  sections: {
    "find the VM": (s, { vm }) => {
      if (openVm(s, vm) === null) return "EBADF";
    },
    "copy and clear the bitmap": {
      under: ({ vm }) => slotsLock(vm!),
      run: (s, { vm: id, slot, as_id }, m) => {
        const vm = s.vms[id!];
        if (as_id >= addressSpacesOf(vm, m) || slot > m.maxSlotId) return "EINVAL";
        const index = m.slotIds.indexOf(slot);
        const found = index < 0 ? null : vm.slots[as_id as SpaceId][index as SlotId];
        if (found === null || !isVisible(found) || !found.logsDirty) return "ENOENT";
        return { value: takeBitmap(vm, found, as_id as SpaceId) };
      },
    },
  },
});
