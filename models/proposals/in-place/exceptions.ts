/** What in-place conversion does not promise, and what it inherits of 7.3. */
import type { KnownBreach, NotAtomic } from "../../../spec/language/design.ts";
import type { Outcome } from "../../../spec/language/outcome.ts";
import { emulationByUserspaceAddr, memoryFailureAgainstHole } from "../../guest-memfd/known-breaches.ts";
import { REFUSALS } from "./set-memory-attributes2.ts";
import { SOURCE, base } from "./attributes.ts";

export const secretsNeedHardware: KnownBreach = {
  property: "secrets-stay-private",
  says: "who has the file makes any page shared, and reads what the guest wrote privately: in KVM_X86_SW_PROTECTED_VM nothing but the attribute hides it",
  source: `__kvm_gmem_set_attributes() asks nobody and changes no byte, ${SOURCE}; SNP and TDX keep the bytes encrypted`,
};

/** By reading; nobody is known to have seen or reported it. */
export const slotLookedUpTwice: KnownBreach = {
  property: "mapping-agrees-with-attribute",
  says: "a fault compares with the attribute through a slot of its own, which is the fileless copy where a deletion has begun meanwhile: a private page is mapped for shared access until the deletion zaps it",
  source: `kvm_mmu_faultin_pfn() has fault->slot, kvm_gmem_is_private_gfn() looks it up again; kvm_copy_memslot() copies no gmem.file; ${SOURCE}`,
};

/** A fault in the range of a hole waits here where it tried again until 7.3: it is blocked, and does not go round. */
const inherited = memoryFailureAgainstHole.filter(({ property }) => property !== "calls-end");

export const knownBreaches: readonly KnownBreach[] = [
  secretsNeedHardware,
  slotLookedUpTwice,
  ...inherited,
  ...emulationByUserspaceAddr,
];

const ACCESSES = ["guest_read", "guest_write"] as const;

const isRefusal = (result: Outcome): boolean => REFUSALS.some((refusal) => refusal === result);
const isHint = (result: Outcome): boolean => String(result).startsWith("EFAULT memory_fault");

type Rule = Omit<NotAtomic, "calls">;
const each = (first: readonly string[], second: readonly string[], rule: Rule): NotAtomic[] =>
  first.flatMap((a) => second.map((b) => ({ calls: [a, b], ...rule })));

const noSlotMeansShared = `kvm_gmem_is_private_gfn(): no slot and no file means shared, ${SOURCE}`;

export const notAtomic: readonly NotAtomic[] = [
  ...(base.notAtomic ?? []),
  ...each(["set_memory_attributes2"], ["host_read", "host_write"], {
    results: isRefusal,
    state: true,
    says: "a conversion is refused while the host's fault holds the page: user space tries again; a fault that comes too late may have brought the page in",
    source: `kvm_gmem_has_outstanding_references(), ${SOURCE}`,
  }),
  ...each(["set_memory_attributes2"], ["memory_failure"], {
    state: true,
    says: "memory that fails during a conversion is not mapped any more, and leaves the host no hwpoison entry",
    source: "memory_failure() needs no invalidate_lock to mark the page, mm/memory-failure.c",
  }),
  ...each(["set_memory_attributes2"], ACCESSES, {
    results: (_conversion, access) => isHint(access),
    says: "an exit tells the type that the access was made with, which a conversion has changed since: user space takes it for a hint",
    source: "kvm_mmu_prepare_memory_fault_exit(), arch/x86/kvm/mmu/mmu.c",
  }),
  ...each(["set_memory_attributes2"], ["pre_fault_memory"], {
    results: (_conversion, preFault) => preFault === "EFAULT",
    says: "a pre-fault ends at a frame whose type a conversion has changed under it",
    source: "kvm_vcpu_pre_fault_memory(), virt/kvm/kvm_main.c",
  }),
  ...each(["set_user_memory_region2", "close", "munmap"], ACCESSES, {
    results: (_call, access) => isHint(access),
    says: "the type of an access changes as its slot or file comes and goes, and the exit tells the older one",
    source: noSlotMeansShared,
  }),
  ...each(["set_user_memory_region2"], ["pre_fault_memory"], {
    results: (_region, preFault) => preFault === "EFAULT",
    says: "so does the type of a pre-fault, which has no exit to tell it",
    source: noSlotMeansShared,
  }),
];
