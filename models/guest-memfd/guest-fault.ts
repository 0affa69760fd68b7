/**
 * Guest page faults: kvm_mmu_do_page_fault() and kvm_mmu_faultin_pfn(), arch/x86/kvm/mmu/mmu.c;
 * kvm_gmem_get_pfn(), virt/kvm/guest_memfd.c. Each step is a function, in the kernel's order, so that a call can let
 * others in between two of them.
 */
import { live } from "../../spec/language.ts";
import type { VcpuId } from "../../spec/guest-memory.ts";
import { dropFile, holdFile, type Releasing } from "./release.ts";
import { faultIn, onlyInitShared, pageOfArea } from "./host-fault.ts";
import { fileReferences } from "./lifetime.ts";
import type { Machine } from "./machine.ts";
import { isStale } from "./mmu.ts";
import { clearUnlessReady, grabFolio } from "./page-cache.ts";
import { NORMAL, slotAt } from "./slots.ts";
import {
  hasPrivateMemory,
  type FileId,
  type InodeId,
  type SlotId,
  type SlotState,
  type State,
  type VmId,
} from "./state.ts";

/** A fault on its way: who faults where, and what it has found out. */
export interface GuestFault extends Releasing {
  readonly vm: VmId | null;
  readonly vcpu: VcpuId;
  gfn: number;
  write: boolean;
  /** Faulted as private: copied from the attribute, for a VM without hardware that would say so. */
  private: boolean;
  slot: SlotId | null;
  /** The page comes from the slot's file, and not through its userspace_addr. */
  fromFile: boolean;
  inode: InodeId;
  page: number;
  writable: boolean;
  /** The slot is being deleted or moved: what the fault has found is a copy that says so. */
  invalid: boolean;
  /** A reference to the file, from finding it until the folio is found. */
  file: FileId | null;
  /** The leaf could not be installed. */
  stale: boolean;
}

/**
 * How a fault ends without a mapping: emulated as MMIO; KVM_EXIT_MEMORY_FAULT with an errno; an errno with no exit
 * information; or, of a poisoned page behind userspace_addr, a signal to the thread of the vCPU
 * (kvm_handle_error_pfn(): kvm_send_hwpoison_signal(), RET_PF_RETRY).
 */
export type Fails =
  "mmio" | "memory_fault EFAULT" | "memory_fault EHWPOISON" | "EFAULT" | "SIGBUS BUS_MCEERR_AR";

/** The slot that the fault has found, which SRCU keeps alive. */
const slotOf = (s: State, c: GuestFault): SlotState =>
  live(s.vms[c.vm!].slots[NORMAL][c.slot!], `slot ${c.slot} of VM ${c.vm}, which the fault has looked up,`);

/** gfn_to_memslot(), and a snapshot of mmu_invalidate_seq before anything else is looked at. */
export function lookUpSlot(s: State, c: GuestFault): void {
  const vm = s.vms[c.vm!];
  c.slot = slotAt(vm, c.gfn);
  c.invalid = c.slot !== null && vm.slots[NORMAL][c.slot]!.phase === "invalid";
  vm.snapshots[c.vcpu] = "current";
}

/** The access is of the type that the attribute says; without a slot, only MMIO is left. */
export function compareAttribute(s: State, c: GuestFault): Fails | undefined {
  const vm = s.vms[c.vm!];
  const attribute = hasPrivateMemory(vm) && vm.private[c.gfn]!;
  if (c.private !== attribute) return "memory_fault EFAULT";
  if (c.slot !== null) return undefined;
  return c.private ? "memory_fault EFAULT" : "mmio";
}

/** A private frame, and every frame of a GMEM_ONLY slot, comes from the file. */
export function chooseSource(s: State, c: GuestFault): void {
  c.fromFile = c.private || slotOf(s, c).gmemOnly;
}

/** kvm_gmem_get_pfn(): the slot has a file, which is alive. That its binding names the slot is not asked (WARTS.md). */
export function findFile(s: State, c: GuestFault): Fails | undefined {
  const slot = slotOf(s, c);
  // get_file_active(): a file without references is dying.
  if (slot.file === null || fileReferences(s, slot.file) === 0) return "memory_fault EFAULT";
  holdFile(s, slot.file);
  c.file = slot.file;
  const page = slot.first + c.gfn - slot.base;
  c.inode = s.files[slot.file].inode;
  c.page = page;
  return undefined;
}

/** The folio; its lock is taken with it. */
export function findFolio(s: State, c: GuestFault): void {
  grabFolio(s.inodes[c.inode].pages[c.page]!);
}

/** Under the folio lock: poison is found here; what is new is zeroed before anybody sees it. The file is needed no longer. */
export function clearFolio(s: State, c: GuestFault): Fails | undefined {
  dropFile(s, c, c.file!);
  const cell = s.inodes[c.inode].pages[c.page]!;
  if (cell.folio === "poisoned") return "memory_fault EHWPOISON";
  clearUnlessReady(cell);
  c.writable = true;
  return undefined;
}

/** hva_to_pfn(): the page behind userspace_addr, with the rights of the mapping there. */
export function getUserPage(s: State, c: GuestFault, m: Machine): Fails | undefined {
  const slot = slotOf(s, c);
  // A write to a read-only slot is emulated.
  if (c.write && slot.readonly) return "mmio";
  const { area } = slot;
  const at = area === null ? null : pageOfArea(s, area, slot.areaPage + c.gfn - slot.base);
  if (area === null || at === null) return "EFAULT";
  const signal = faultIn(onlyInitShared)(s, { area, ...at }, c.write, m);
  if (signal !== null) return signal === "SIGBUS BUS_MCEERR_AR" ? signal : "EFAULT";
  c.inode = at.inode;
  c.page = at.page;
  c.writable = !slot.readonly && s.areas[area]!.access === "write";
  return undefined;
}

/** The leaf, under mmu_lock, unless what the fault found may be out of date. A leaf that can be written makes its page dirty in a logged slot. */
export function installLeaf(s: State, c: GuestFault): void {
  const vm = s.vms[c.vm!];
  c.stale = isStale(vm, c.vcpu, c.gfn);
  if (c.stale) return;
  const slot = slotOf(s, c);
  vm.sptes[c.gfn] = {
    at: { inode: c.inode, page: c.page },
    private: c.private,
    fromFile: c.fromFile,
    writable: c.writable,
  };
  if (slot.logsDirty && c.writable) slot.dirty[c.gfn] = true;
  vm.mmio[c.gfn] = "none";
}

/** Closing section of a call that faults. */
export const forgetSnapshot = {
  "forget the snapshot": {
    when: ({ vm }: GuestFault) => vm !== null,
    local: true as const,
    run: (s: State, { vm, vcpu }: GuestFault): void => {
      s.vms[vm!].snapshots[vcpu] = "none";
    },
  },
};

/** The emulation found no memory: the page table remembers it, with the slots' generation. */
export function cacheMmio(s: State, c: GuestFault): void {
  s.vms[c.vm!].mmio[c.gfn] = "current";
}
