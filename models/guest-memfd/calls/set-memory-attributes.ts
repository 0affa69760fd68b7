/** KVM_SET_MEMORY_ATTRIBUTES {address, size, attributes, flags}. */
import { bool, goTo, upTo } from "../../../spec/language.ts";
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import { pinVm, pinning, unpinVm } from "../lifetime.ts";
import { mmuLock, slotsLock } from "../locks.ts";
import { fitting } from "../machine.ts";
import { beginInvalidation, endInvalidation, zapFrames } from "../mmu.ts";
import { U64 } from "../region.ts";
import { NORMAL, isVisible } from "../slots.ts";
import { call, choice, hasPrivateMemory, openVm, type State, type VmId, type VmState } from "../state.ts";
import { vmDescriptor } from "./create-vm.ts";

/** kvm_supported_mem_attributes() */
export const supportedAttributes = (vm: VmState): bigint =>
  hasPrivateMemory(vm) ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0n;

interface Conversion {
  readonly vm: VmId | null;
  first: number;
  end: number;
  announced: boolean;
}

/**
 * kvm_pre_set_memory_attributes(): slot by slot, faults in the range have to wait for the end, and the leaves of the type that is left go; one
 * page table holds both types, so all in the range do. Frames without a slot keep what is cached for them.
 */
export function announce(s: State, c: Conversion): void {
  const vm = s.vms[c.vm!];
  for (const slot of vm.slots[NORMAL]) {
    if (slot === null || !isVisible(slot)) continue;
    const first = Math.max(c.first, slot.base);
    const end = Math.min(c.end, slot.base + slot.npages);
    if (first >= end) continue;
    beginInvalidation(vm, first, end, c.announced);
    c.announced = true;
    zapFrames(vm, first, end);
  }
}

export const setMemoryAttributes = call({
  kernel: "kvm_vm_ioctl_set_mem_attributes(), virt/kvm/kvm_main.c, 6.8",
  by: "task",
  takes: {
    vm: vmDescriptor,
    attributes: choice<bigint>(
      () => [KVM_MEMORY_ATTRIBUTE_PRIVATE, 0n],
      () => [1n],
    ),
    size: choice<bigint>(
      (m) => Array.from({ length: m.sizes.gfns }, (_, i) => BigInt(i + 1) * PAGE_SIZE),
      () => [0n, PAGE_SIZE + 1n],
    ),
    address: choice<bigint>(
      (m, { size }) => fitting(m.sizes.gfns, size).map((gfn) => m.gfns.bytes(gfn)),
      () => [1n, U64 - PAGE_SIZE],
    ),
    flags: choice<bigint>(
      () => [0n],
      () => [1n],
    ),
  },
  keeps: {
    private: bool,
    first: upTo("gfns"),
    end: upTo("gfns"),
    gfn: upTo("gfns"),
    announced: bool,
    ...pinning,
  },
  returns: ["EBADF", "ENOTTY", "EINVAL"],
  sections: {
    "find the VM": (s, c, m) => {
      if (openVm(s, c.vm) === null) return "EBADF";
      if (!m.hasMemoryAttributes) return "ENOTTY";
      pinVm(s, c);
    },
    "check the arguments": {
      local: true,
      run: (s, { vm, attributes, size, address, flags }) => {
        if (flags !== 0n) return "EINVAL";
        if ((attributes & ~supportedAttributes(s.vms[vm!])) !== 0n) return "EINVAL";
        if (size === 0n || address + size >= U64) return "EINVAL";
        if (address % PAGE_SIZE !== 0n || size % PAGE_SIZE !== 0n) return "EINVAL";
      },
    },
    "take slots_lock": { takes: ({ vm }) => slotsLock(vm!) },
    "look whether all is so already": {
      local: true,
      run: (s, c, m) => {
        c.private = (c.attributes & KVM_MEMORY_ATTRIBUTE_PRIVATE) !== 0n;
        c.first = m.gfns.border(c.address);
        c.end = m.gfns.border(c.address + c.size);
        const attributes = s.vms[c.vm!].private;
        for (let gfn = c.first; gfn < c.end; gfn++) if (attributes[gfn] !== c.private) return;
        return goTo("drop slots_lock");
      },
    },
    "zap what is of the other type": { under: ({ vm }) => mmuLock.write(vm!), run: announce },
    "begin with the first frame": {
      local: true,
      run: (_s, c) => {
        c.gfn = c.first;
      },
    },
    // No lock keeps those out who read an attribute: they see a part of the range changed.
    "store the next attribute": (s, c) => {
      s.vms[c.vm!].private[c.gfn] = c.private;
      return ++c.gfn < c.end ? goTo("store the next attribute") : undefined;
    },
    "end the invalidation": {
      when: ({ announced }) => announced,
      under: ({ vm }) => mmuLock.write(vm!),
      run: (s, { vm }) => endInvalidation(s.vms[vm!]),
    },
    "drop slots_lock": { drops: ({ vm }) => slotsLock(vm!) },
  },
  finally: unpinVm,
});
