/** Promises that shipped versions break: knowledge, with its source, and not a failure of the check. */
import type { KnownBreach } from "../../spec/language/design.ts";

const overflow = {
  says: "the end of a binding is a signed sum: at offset 2^63 - 4096 it is negative, and within every file",
  source:
    "kvm_gmem_bind() with loff_t, Linux 6.8 to 6.18; answered 0 by 6.12.107 and 6.18.44, EINVAL since 7.2",
};

/** The slot is bound behind the end of the file, and an access puts a page there. */
export const signedOffsetAccepted: readonly KnownBreach[] = [
  { property: "bound-range-within-file", ...overflow },
  { property: "no-page-beyond-size", ...overflow },
];

const toggled = {
  says: "a call without KVM_MEM_GUEST_MEMFD turns a guest_memfd slot into an ordinary one, or moves it, and its binding stays",
  source:
    '"Disallow toggling KVM_MEM_GUEST_MEMFD on an existing memslot", 6.19-rc1, stable series of 6.12 and 6.18',
};

/** What follows from a binding to a slot that is bound no more: its leaves are found by nobody. */
export const toggling: readonly KnownBreach[] = [
  "guest-memfd-slot-immutable",
  "binding-names-its-slot",
  "no-mapping-through-a-gone-slot",
  "no-mapping-to-a-gone-page",
  "guest-maps-no-poison",
  "poison-reaches-its-user",
  "guest-sees-defined-bytes",
  "no-undefined-byte-read",
].map((property) => ({ property, ...toggled }));

/** Until a fix that nobody has sent: what 7.3.4 ran into within a fraction of a second, two threads looping on one page. */
const folioAgainstInvalidate = {
  says: "memory failure takes invalidate_lock while it holds the folio, a punched hole the folio while it holds invalidate_lock",
  source:
    "memory_failure() → truncate_error_folio() → kvm_gmem_error_folio(), kvm_gmem_punch_hole() → truncate_inode_pages_range(); deadlock seen on 7.3.4",
};
export const memoryFailureAgainstHole: readonly KnownBreach[] = [
  { property: "no-deadlock", ...folioAgainstInvalidate },
  { property: "lock-order", ...folioAgainstInvalidate },
  {
    property: "calls-end",
    says: "a fault in the range of a hole that never ends, because it and memory failure wait for each other, tries again for ever",
    source: folioAgainstInvalidate.source,
  },
];

/** 6.8: kvm_gmem_unbind() gives up on a file whose release is under way, and the release meets the freed slot. */
export const dyingFileKeepsBindings: readonly KnownBreach[] = [
  "no-use-after-free",
  "binding-names-its-slot",
].map((property) => ({
  property,
  says: "a slot that is deleted while its file is dying stays in the file's bindings, and is used when it is freed",
  source:
    "fixed by ae431059e75d (remove bindings on memslot deletion when the file is dying), 6.18-rc and stable; syzbot, KASAN",
}));

/** 6.12 to 7.2: the bindings of a dying file are erased without the lock under which an invalidation relies on them. */
export const dyingFileUnlocked: readonly KnownBreach[] = [
  {
    property: "invalidations-end",
    says: "bindings that go between the two halves of a memory failure's invalidation leave it without an end",
    source: "fixed by 1f3359c873db (take the invalidate lock when unbinding a dying file), 7.3",
  },
];

/** 6.12: two ways in which KVM_PRE_FAULT_MEMORY does not return. */
export const preFaultForEver: readonly KnownBreach[] = [
  {
    property: "calls-end",
    says: "a pre-fault tries again for ever: on a root that a deletion made obsolete, and on a slot whose deletion waits for it",
    source:
      "the first seen on 6.12.107 (it ends with a signal; KVM_RUN cures it); the second fixed by 3ccbf6f47098, 6.18",
  },
];

/** Since 6.18: an access that finds no slot is emulated, and the emulator finds a slot that was bound meanwhile. */
export const emulationByUserspaceAddr: readonly KnownBreach[] = [
  "contents-come-from-the-file",
  "linearizable",
].map((property) => ({
  property,
  says: "an access that races with the binding of a slot reads or writes the memory at userspace_addr, not the file",
  source: "x86_emulate_instruction(), arch/x86/kvm/x86.c; seen on 6.18.44 and 7.3.4",
}));

/** Shadow paging, in every version: neighbours of a faulting frame are mapped from the memory at userspace_addr. */
export const prefetchByUserspaceAddr: readonly KnownBreach[] = [
  {
    property: "contents-come-from-the-file",
    says: "a fault of shadow paging maps the frames beside it from userspace_addr; the guest then reads and writes there what its slot shows from the file",
    source:
      "kvm_mmu_prefetch_sptes(), arch/x86/kvm/mmu/mmu.c, which asks kvm_prefetch_pages() whatever the slot is; seen on 6.18.44 and 7.3.4",
  },
];

/** Slots that the bindings reach have no rmaps where a shadow root was made at the wrong time. */
const rmapsMissing = {
  property: "no-use-after-free",
  source:
    "kvm_unmap_gfn_range(), kvm_memslots_have_rmaps(), mmu_first_shadow_root_alloc(), arch/x86/kvm/mmu/mmu.c",
};
/** Until 7.2. */
export const boundBeforeReady: readonly KnownBreach[] = [
  {
    ...rmapsMissing,
    says: "a new slot is bound before its rmaps are allocated, and a hole walks them; a deleted one is bound after the first root has passed it by",
    source: `${rmapsMissing.source}; the first fixed by 3fe5d2944e5a and 83411f32b8ad, 7.3`,
  },
];
/** 7.3: by reading; nobody is known to have seen or reported it. */
export const unboundAfterFirstRoot: readonly KnownBreach[] = [
  {
    ...rmapsMissing,
    says: "a slot that is being deleted is bound still when the first shadow root is made, which gives rmaps to the slots in the tables alone; a hole walks its NULL rmaps",
  },
];
