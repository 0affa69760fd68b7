/**
 * When is a page made private in the RMP? Under mmu_lock, after the leaf, is too late: another vCPU finds the leaf. When the page is allocated is too early: nobody knows
 * yet at which frame it will be, and whether the launch is to have it. Who wants it before the first access asks for the fault itself: a
 * generic ioctl, which became KVM_PRE_FAULT_MEMORY.
 *
 * Re: Rename restrictedmem => guardedmem?, Sean Christopherson, 22 May 2023.
 */
import { change, propertiesOf, variant } from "../../../spec/language.ts";
import { Gfn } from "../../../spec/guest-memory.ts";
import { fallocate } from "./file.ts";
import {
  MAIL,
  NOT_COMPARED,
  discardedFaults,
  faultsForEver,
  gmemSolo,
  reboundElsewhere,
} from "./gmem-solo.ts";
import {
  guestAccess,
  installLeaf,
  lockOfFolio,
  makePrivate,
  preFaultMemory,
  readMmuLock,
  type Fault,
} from "./guest.ts";
import { writeInvalidateLock, type State } from "./state.ts";
import { reached } from "./view.ts";

export const underMmuLock = variant(gmemSolo, {
  name: "gmem-solo-convert-under-mmu-lock",
  says: "a fault makes its page private in the RMP under mmu_lock, when the leaf is there",
  source: `${MAIL}: the RMP must be converted before mmu_lock is taken`,
  calls: {
    guest_access: change(guestAccess, {
      sections: {
        "make it private in the RMP": { drops: lockOfFolio },
        "install the leaf": { takes: readMmuLock, run: installLeaf },
      },
      after: {
        "install the leaf": {
          "make it private in the RMP, under mmu_lock": {
            drops: readMmuLock,
            run: (s: State, c: Fault) => (c.stale ? undefined : makePrivate(s, c)),
          },
        },
      },
    }),
  },
  statements: reached,
  knownBreaches: [
    ...faultsForEver("where RMPUPDATE fails the leaf is there, and its page the host's"),
    {
      property: "mapped-page-is-the-guests",
      says: "another vCPU finds the leaf before the RMP agrees; and where RMPUPDATE fails, the leaf is there for good",
      source: MAIL,
    },
  ],
  vectors: [
    { bounds: { slots: 1 }, quick: true },
    { bounds: {} },
    { bounds: { vcpus: 2 }, scenario: "one slot", mode: "overlap" },
  ],
});

/** The frame that shows a page now, if one does. */
function frameOf(s: State, page: number): number | null {
  for (const slot of s.bindings)
    if (slot !== null && page >= slot.first && page < slot.first + slot.npages)
      return slot.base + page - slot.first;
  return null;
}

export const preparing = change(fallocate, {
  sections: {
    "allocate the folios": {
      under: writeInvalidateLock,
      run: (s, { first, npages }) => {
        for (let page = first; page < first + npages; page++) {
          s.folios[page] = "ready";
          s.rmp[page] ??= frameOf(s, page);
        }
      },
    },
  },
});

export const atAllocation = variant(gmemSolo, {
  name: "gmem-solo-convert-at-allocation",
  says: "fallocate() makes the pages private in the RMP at the frames that slots give them now",
  source: `${MAIL}: to convert the RMP when memory is allocated would need a hook`,
  calls: { fallocate: preparing },
  statements: reached,
  knownBreaches: [
    ...reboundElsewhere,
    {
      property: "allocation-converts-nothing",
      says: "a page is the guest's before anybody gave it to the guest",
      source:
        "KVM: guest_memfd: delay kvm_gmem_prepare_folio() until the memory is passed to the guest, 6.11-rc",
    },
  ],
  vectors: [{ bounds: { slots: 1 }, quick: true }, { bounds: {} }],
});

const { sometimes } = propertiesOf<{ readonly state: State }>();

const readyBeforeTheFirstAccess = sometimes({
  name: "mapped-before-the-guest-runs",
  says: "a frame is mapped, and its page the guest's in the RMP, before the guest touches anything",
  source: "KVM_PRE_FAULT_MEMORY, Documentation/virt/kvm/api.rst",
  over: { gfn: Gfn },
  holds: ({ state }, { gfn }) => state.leaves[gfn] !== null && state.rmp[state.leaves[gfn]] === gfn,
});

export const preFault = variant(gmemSolo, {
  name: "gmem-solo-pre-fault",
  says: "an ioctl of the vCPU brings memory to where a first access would: in the file, in the RMP, mapped",
  source: `${MAIL}: a generic ioctl() instead of a hook; KVM_PRE_FAULT_MEMORY, 6.11`,
  adds: { pre_fault_memory: preFaultMemory },
  statements: [...reached, readyBeforeTheFirstAccess],
  knownBreaches: [
    ...reboundElsewhere,
    {
      property: "mapped-where-it-belongs",
      says: "the ioctl maps such a page, and does not see that the guest cannot use it",
      source: NOT_COMPARED,
    },
  ],
  notAtomic: [
    ...discardedFaults,
    ...discardedFaults.map((of) => ({ ...of, calls: ["pre_fault_memory", "munmap"] as const })),
  ],
  scenarios: {
    "pre-fault alone": {
      says: "nobody runs the guest",
      without: ["guest_access", "delete_slot", "munmap"],
    },
  },
  vectors: [
    { bounds: { slots: 1 }, scenario: "pre-fault alone", quick: true },
    { bounds: {} },
    { bounds: { vcpus: 2 }, scenario: "one slot", mode: "overlap" },
  ],
});
