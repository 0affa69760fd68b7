/**
 * Calls of the shipped ABI whose overlap may rightly end as no order of them does. What is not listed here is a breach of `linearizable`.
 */
import type { NotAtomic } from "../../spec/language/design.ts";
import type { Outcome } from "../../spec/language/outcome.ts";

const ACCESSES = ["guest_read", "guest_write"] as const;
const FAULTS = [...ACCESSES, "pre_fault_memory"] as const;
const REGIONS = ["set_user_memory_region2", "set_user_memory_region"] as const;

type Rule = Omit<NotAtomic, "calls">;
const each = (first: readonly string[], second: readonly string[], rule: Rule): NotAtomic[] =>
  first.flatMap((a) => second.map((b) => ({ calls: [a, b], ...rule })));

const isUnmapped = (access: Outcome): boolean => access === "SIGSEGV SEGV_MAPERR";

export const notAtomic: readonly NotAtomic[] = [
  ...each(REGIONS, ACCESSES, {
    state: true,
    results: (_region, access) => access === "mmio",
    says: "a fault that has to try again leaves the page that it brought in; an access that met the slot on its way out is emulated",
    source:
      "kvm_gmem_get_pfn() allocates before mmu_lock is taken, virt/kvm/guest_memfd.c; vcpu_mmio_gva_to_gpa(), arch/x86/kvm/x86.c",
  }),
  ...each(REGIONS, ["pre_fault_memory"], {
    state: true,
    results: (_region, preFault) => preFault === "EAGAIN",
    says: "a pre-fault is told that the slot is being deleted",
    source: "3ccbf6f47098 (Return -EAGAIN if userspace deletes/moves memslot during prefault), 6.18",
  }),
  ...each(["fallocate"], ["pre_fault_memory"], {
    state: true,
    says: "a pre-fault brings pages in one by one: a hole may take the first and miss the last",
    source: "kvm_vcpu_pre_fault_memory(), virt/kvm/kvm_main.c",
  }),
  ...each(["set_memory_attributes"], FAULTS, {
    says: "an exit tells the type that the access was made with, which a conversion may have changed since: user space takes it for a hint",
    source:
      "kvm_mmu_prepare_memory_fault_exit(), arch/x86/kvm/mmu/mmu.c; flags of the old type were seen on 7.3.4, 1 to 4 in 400 races",
  }),
  ...each(["memory_failure"], [...FAULTS, "host_read", "host_write"], {
    says: "memory that fails while it is accessed: the byte may be lost before the page is taken away",
    source: "memory_failure() marks the page first, mm/memory-failure.c",
  }),
  ...each(["munmap"], ["host_read", "host_write"], {
    results: (_munmap, access) => isUnmapped(access),
    says: "memory that is unmapped while it is accessed is not there; alone, the access cannot be made then",
    source: "do_user_addr_fault(), arch/x86/mm/fault.c: no mapping at the address",
  }),
  ...each(["munmap"], ["madvise", "munmap"], {
    says: "of memory that another thread has unmapped nothing is left to advise about, or to unmap; alone, the call cannot be made then",
    source: "do_madvise(), mm/madvise.c; do_vmi_munmap(), mm/vma.c: no error for a range without mappings",
  }),
];
