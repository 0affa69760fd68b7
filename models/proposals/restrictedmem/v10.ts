/**
 * What if a file keeps its notifiers in a list, and asks nothing of them? Each hole calls all of them; two VMs, or two slots, may have one
 * page, and only the fault of the second tells; and who registers between the begin and the end of an invalidation hears an end alone.
 * [PATCH v10 1/9] mm: Introduce memfd_restricted system call to create restricted user memory, Chao Peng, 2 December 2022.
 */
import { change, design } from "../../../spec/language.ts";
import type { Vector } from "../../../spec/language/design.ts";
import { oneBindingPerOffset, slotsDisjoint } from "../../../spec/properties/binding.ts";
import { pageAtOneGfn, pageInOneGuest } from "../../../spec/properties/exclusivity.ts";
import {
  invalidationsEnd,
  noMappingThroughGoneSlot,
  noMappingToGonePage,
} from "../../../spec/properties/mappings.ts";
import {
  guestMapsNoPoison,
  poisonReachesItsUser,
  poisonReachesNobodyElse,
} from "../../../spec/properties/poison.ts";
import {
  begins,
  deleteSlot,
  ends,
  failsWhere,
  guestAccess,
  hole,
  makesSlotWhere,
  truncate,
  truncateInner,
} from "./calls.ts";
import { bounds, call, machineFor, notifiersLock, sizesOf, state, type Finds } from "./state.ts";
import { reached, restrictedPromises, view } from "./view.ts";

const PATCH = "[PATCH v10 1/9] mm: Introduce memfd_restricted system call to create restricted user memory";
const REVIEW = `Re: ${PATCH}: Sean Christopherson, 13 January 2023`;

/** list_for_each_entry(notifier, &data->notifiers, list) */
export const allOfThem: Finds = () => true;

const punchHole = call({
  kernel: "restrictedmem_punch_hole(), mm/restrictedmem.c, v10",
  ...hole,
  sections: {
    // restrictedmem_invalidate_start() and _end() take the mutex each for itself.
    "begin the invalidation": { under: ({ file }) => notifiersLock.write(file), run: begins(allOfThem) },
    "truncate the file": truncate,
    "end the invalidation": { under: ({ file }) => notifiersLock.write(file), run: ends(allOfThem) },
    "say what was called": { local: true, run: (_s, { called }) => ({ value: called }) },
  },
});

/** Two of all indices between them. */
export const vectors: readonly Vector[] = [
  { bounds: {}, quick: true },
  { bounds: { vms: 2, technology: "sev" }, quick: true },
  { bounds: { pages: 2 }, quick: true },
  { bounds: { slots: 2, pages: 2 } },
  { bounds: { vms: 2, slots: 2 } },
  { bounds: { files: 2 } },
  { bounds: {}, mode: "overlap" },
];

/** The file inside is reached by other ways than the one around it. */
export const stacked = {
  property: "no-mapping-to-a-gone-page",
  says: "the pages are those of a shmem file inside, which can lose them without a word to the file around it",
  source:
    "Re: [PATCH v7 00/14] KVM: mm: fd-based approach for supporting KVM guest private memory: Christian Brauner, 13 April 2023: a stacking file system",
} as const;

const WALK =
  "restrictedmem_error_page(), mm/restrictedmem.c, v10; Liam Merwick, 24 January 2023, with LTP's madvise01";

export const unheard = [
  {
    property: "guest-maps-no-poison",
    says: "a page's owner is looked for among the inodes of a superblock, on whose list files never were",
    source: WALK,
  },
  { property: "poison-reaches-its-user", says: "so that the guest goes on with it", source: WALK },
] as const;

export const restrictedmemV10 = design({
  name: "restrictedmem-v10",
  says: "the notifiers of a file are in a list, and any slot may have any page",
  source: `${PATCH}, Chao Peng, 2 December 2022`,
  bounds,
  machine: machineFor,
  sizes: sizesOf,
  state,
  calls: {
    set_memory_region: change(
      makesSlotWhere(() => "private"),
      { never: ["EINVAL"] },
    ),
    delete_slot: deleteSlot,
    punch_hole: punchHole,
    guest_access: guestAccess,
    // restrictedmem_error_page() walks a list of inodes that alloc_anon_inode() puts nothing on.
    memory_failure: failsWhere(() => {}),
    truncate_inner: truncateInner,
  },
  view,
  promises: [
    oneBindingPerOffset,
    slotsDisjoint,
    pageInOneGuest,
    pageAtOneGfn,
    noMappingToGonePage,
    noMappingThroughGoneSlot,
    invalidationsEnd,
    guestMapsNoPoison,
    poisonReachesItsUser,
    poisonReachesNobodyElse,
    ...restrictedPromises,
  ],
  statements: reached,
  knownBreaches: [
    { property: "cost-of-a-hole", says: "every notifier of the file is called", source: REVIEW },
    {
      property: "one-binding-per-offset",
      says: "slots are accepted with pages that others have",
      source: REVIEW,
    },
    { property: "page-in-one-guest", says: "SEV: two guests map a page", source: REVIEW },
    { property: "page-at-one-gfn", says: "SEV: a guest maps a page at two frames", source: REVIEW },
    { property: "refused-at-set-up", says: "TDX: the second mapping fails in the fault", source: REVIEW },
    {
      property: "no-warning",
      says: "a slot that is made while a hole is punched hears of its end alone",
      source: `${REVIEW}: bindings must be stable from the begin to the end`,
    },
    {
      property: "invalidations-end",
      says: "a slot that is deleted while a hole is punched hears of no end",
      source: `${REVIEW}: bindings must be stable from the begin to the end`,
    },
    { property: "calls-end", says: "and its guest's faults wait for it for ever", source: REVIEW },
    { property: "linearizable", says: "which no order of the two does", source: REVIEW },
    stacked,
    ...unheard,
  ],
  notAtomic: ["punch_hole", "delete_slot", "memory_failure"].map((taking) => ({
    calls: ["guest_access", taking] as const,
    says: "a fault that is thrown away leaves its page in the file",
    source:
      "restrictedmem_get_page() before is_page_fault_stale(): kvm_faultin_pfn(), arch/x86/kvm/mmu/mmu.c",
  })),
  scenarios: {},
  vectors: [...vectors, { bounds: { slots: 2, pages: 2, technology: "sev" } }],
});
