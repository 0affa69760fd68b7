/**
 * The locks of the shipped ABI. Outer ones first: slots_lock, slots_arch_lock, invalidate_lock, folio lock, mmu_lock; a vCPU
 * looks slots up inside SRCU (Documentation/virt/kvm/locking.rst). vcpu->mutex is not here: a vCPU makes one call at a time.
 */
import { folio, mutex, rwlock, srcu } from "../../spec/language.ts";

export const slotsLock = mutex(
  "slots_lock",
  "struct kvm, include/linux/kvm_host.h: slot changes, memory attributes, release of a file",
);
export const slotsArchLock = mutex(
  "slots_arch_lock",
  "struct kvm, include/linux/kvm_host.h: which copy of the slots is active, and their arch metadata",
);
export const kvmLock = mutex("kvm->lock", "struct kvm, include/linux/kvm_host.h: creation of vCPUs");
export const kvmSrcu = srcu("kvm->srcu", "struct kvm, include/linux/kvm_host.h: readers of the slots");
export const mmapLock = rwlock(
  "mmap_lock",
  "struct mm_struct, include/linux/mm_types.h: the mappings of the process",
);
export const mmuLock = rwlock("mmu_lock", "struct kvm, include/linux/kvm_host.h: the guest's page tables");
export const invalidateLock = rwlock(
  "invalidate_lock",
  "struct address_space, include/linux/fs.h: bindings, and truncation of the page cache",
);
export const folioLock = folio("folio lock", "folio_lock(), include/linux/pagemap.h: contents of one page");
