/**
 * Roots of a VM's page table, as far as 6.12 tells them apart: to delete a slot of a VM without private memory makes all roots obsolete, and
 * only KVM_RUN loads a new one. A pre-fault on an obsolete root finds it out of date for ever (seen on 6.12.107; 7.3.4 answers 0).
 */
import { retry, type Step } from "../../spec/language.ts";
import type { VcpuId } from "../../spec/guest-memory.ts";
import { installLeaf, type GuestFault } from "./guest-fault.ts";
import { mmuLock } from "./locks.ts";
import { flushSlot } from "./calls/set-user-memory-region.ts";
import type { Region } from "./region.ts";
import { hasPrivateMemory, type State } from "./state.ts";

/** kvm_mmu_zap_all_fast() */
export function flushAndObsoleteRoots(s: State, c: Region): void {
  flushSlot(s, c);
  const vm = s.vms[c.vm!];
  if (hasPrivateMemory(vm)) return;
  for (let id = 0; id < vm.roots.length; id++) {
    if (vm.roots[id as VcpuId] === "valid") vm.roots[id as VcpuId] = "obsolete";
  }
}

/** vcpu_enter_guest(): KVM_REQ_MMU_FREE_OBSOLETE_ROOTS is handled, and a root is loaded. */
export const reloadObsoleteRoot = {
  "load a root": {
    local: true,
    run: (s: State, { vm, vcpu }: GuestFault): void => {
      if (!hasPrivateMemory(s.vms[vm!])) s.vms[vm!].roots[vcpu] = "valid";
    },
  },
} as const;

/** kvm_mmu_reload(): a vCPU that has a root keeps it. */
export const loadFirstRoot = {
  "load a root unless there is one": {
    local: true,
    run: (s: State, { vm, vcpu }: GuestFault): void => {
      if (!hasPrivateMemory(s.vms[vm!]) && s.vms[vm!].roots[vcpu] === "none")
        s.vms[vm!].roots[vcpu] = "valid";
    },
  },
} as const;

/** A pre-fault that fails has loaded a root all the same, and may have cached that there is no memory. */
export const rootStays = Object.fromEntries(
  ["ENOENT", "EFAULT", "EHWPOISON"].map((errno) => [
    errno,
    {
      says: "the root of the page table stays, and what it remembers of frames without memory",
      source: "kvm_mmu_reload(), mark_mmio_spte(), arch/x86/kvm/mmu/mmu.c",
      cells: /^vms\[\d+\]\.(roots|mmio)\b/,
    },
  ]),
);

/** kvm_handle_noslot_fault() goes on to is_page_fault_stale(), which asks for the root first (seen on 6.12.107). */
export const retryOnObsoleteRoot = {
  "look whether the root is obsolete, where there is no slot": {
    local: true,
    run: (s: State, c: GuestFault): Step<never, never> =>
      c.slot === null && s.vms[c.vm!].roots[c.vcpu] === "obsolete" ? retry("next frame") : undefined,
  },
} as const;

/** is_page_fault_stale(): also when the root is obsolete. */
export const staleOnObsoleteRoot = {
  "install the leaf": {
    under: ({ vm }: GuestFault) => mmuLock.read(vm!),
    run: (s: State, c: GuestFault): void => {
      if (s.vms[c.vm!].roots[c.vcpu] === "obsolete") c.stale = true;
      else installLeaf(s, c);
    },
  },
} as const;
