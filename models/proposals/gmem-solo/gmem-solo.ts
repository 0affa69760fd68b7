/**
 * Which of the hooks of the kvm_gmem_solo tree does KVM need, and when must they be called? In the form that was merged: a hole clamps its range to each slot; a
 * fault makes its page private in the RMP before it takes mmu_lock; the page goes back to the host where it leaves the page cache, whatever slots there are;
 * and a slot never changes.
 *
 * Re: Rename restrictedmem => guardedmem?, Sean Christopherson, 22 May 2023; 6.8 and 6.11.
 */
import { design } from "../../../spec/language.ts";
import { bindingPromises } from "../../../spec/properties/binding.ts";
import { exclusivityPromises } from "../../../spec/properties/exclusivity.ts";
import { ownersContradict } from "../../../spec/properties/ownership.ts";
import { mappingPromises } from "../../../spec/properties/mappings.ts";
import { fallocate, punchHole } from "./file.ts";
import { guestAccess } from "./guest.ts";
import { createSlot, deleteSlot, munmap } from "./slots.ts";
import { bounds, machineFor, sizesOf, state } from "./state.ts";
import { reached, rmpPromises, view } from "./view.ts";

/** The mail of the thread. */
export const MAIL = "Re: Rename restrictedmem => guardedmem?, Sean Christopherson, 22 May 2023";

export const NOT_COMPARED =
  "sev_gmem_prepare(), arch/x86/kvm/svm/sev.c, 6.11: the address of an entry is not compared; by reading, nobody is known to have seen it";

/** A page that was given to the guest at one frame, and is then bound at another. */
export const reboundElsewhere = [
  {
    property: "calls-end",
    says: "a slot is deleted, and its page shown at another frame: the RMP has it at the old one, and the guest faults at the new one for ever",
    source: NOT_COMPARED,
  },
];

/** The same where a mistake of the design's own does it sooner. */
export const faultsForEver = (says: string) => [
  {
    property: "calls-end",
    says: `${says}, and the guest faults there for ever; so it does where a slot comes back elsewhere`,
    source: `${MAIL}; ${NOT_COMPARED}`,
  },
];

export const discardedFaults = [
  {
    calls: ["guest_access", "munmap"] as const,
    says: "a fault that is thrown away leaves its page in the file, and private in the RMP",
    source:
      "kvm_gmem_get_pfn() before is_page_fault_stale(): kvm_tdp_mmu_page_fault(), arch/x86/kvm/mmu/mmu.c",
  },
];

export const gmemSolo = design({
  name: "gmem-solo",
  says: "holes are clamped to slots, faults convert before mmu_lock, a page is reclaimed where it leaves the file, slots do not change",
  source: `${MAIL}; kvm_gmem_invalidate_begin(), 6.8; kvm_gmem_free_folio(), 6.11`,
  bounds,
  machine: machineFor,
  sizes: sizesOf,
  state,
  calls: {
    create_slot: createSlot,
    delete_slot: deleteSlot,
    fallocate,
    punch_hole: punchHole,
    munmap,
    guest_access: guestAccess,
  },
  view,
  contradiction: ownersContradict,
  promises: [...bindingPromises, ...exclusivityPromises, ...mappingPromises, ...rmpPromises],
  statements: reached,
  knownBreaches: reboundElsewhere,
  notAtomic: discardedFaults,
  scenarios: {
    "one slot": {
      says: "a slot that stays shows page 1 at frame 0",
      given: [{ call: "create_slot", params: { slot: 0, base: 0, first: 1, npages: 1 } }],
      without: ["create_slot", "delete_slot"],
    },
  },
  vectors: [
    { bounds: { slots: 1 }, quick: true },
    { bounds: {} },
    { bounds: { vcpus: 2 }, scenario: "one slot", mode: "overlap" },
    { bounds: { vcpus: 2, tasks: 2 }, scenario: "one slot", mode: "overlap" },
    { bounds: { pages: 3, gfns: 3 } },
  ],
});
