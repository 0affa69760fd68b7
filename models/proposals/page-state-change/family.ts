/** The review of SNP's page state change, in which it became KVM_HC_MAP_GPA_RANGE. */
import type { Family } from "../family.ts";
import { pscMutants } from "./mutants.ts";
import { liveMigration, markedHypercall, memoryFault, unmerged } from "./one-exit-variants.ts";
import { pageStateChange } from "./page-state-change.ts";
import { twoExits } from "./two-exits.ts";
import { psc6_11, restrictedRet } from "./versions.ts";

const mail = {
  subject: "Re: [PATCH v14 09/22] KVM: SEV: Add support to handle MSR based Page State Change VMGEXIT",
  date: "2024-04-25",
} as const;
const SEAN = "Sean Christopherson";
const MICHAEL = "Michael Roth";

const ATTRIBUTES_ALONE = "what is converted is an attribute; no page of memory is in question";
const SLOTS = "one slot, which does not change";
const LIFETIMES = "the VM and its memory stay";

export const pageStateChangeFamily: Family = {
  title: "SNP page state change, v14",
  source: `${mail.subject}, 25 April 2024`,
  designs: [
    twoExits,
    unmerged,
    memoryFault,
    markedHypercall,
    liveMigration,
    pageStateChange,
    psc6_11,
    restrictedRet,
  ],
  mutants: pscMutants,
  objections: [
    {
      ...mail,
      by: SEAN,
      says: "Page state change needs no two exit reasons: it is private to shared or back, for which there are exits.",
      against: { design: twoExits, promise: "one-exit-kind" },
      answer: { design: pageStateChange, promise: "one-exit-kind" },
    },
    {
      ...mail,
      by: SEAN,
      says: "The buffer is kicked out to user space without any validation: that is no ABI that can be maintained.",
      against: { design: twoExits, promise: "user-space-sees-valid-ranges" },
      answer: { design: pageStateChange, promise: "user-space-sees-valid-ranges" },
    },
    {
      ...mail,
      by: SEAN,
      says: "When KVM comes to support UNSMASH, requests that exited before are handled by KVM, which breaks user space.",
      against: { design: twoExits, promise: "upgrade-keeps-exits" },
      answer: { design: pageStateChange, promise: "upgrade-keeps-exits" },
    },
    {
      ...mail,
      by: SEAN,
      says: "Requests are contiguous for the most part: KVM can combine them, and need not exit for each entry.",
      against: { design: unmerged, promise: "contiguous-ranges-are-one-exit" },
      answer: { design: pageStateChange, promise: "contiguous-ranges-are-one-exit" },
    },
    {
      ...mail,
      by: MICHAEL,
      says: "Ranges lose the granularity of an error code for each entry.",
      against: { design: pageStateChange, promise: "error-names-its-entry" },
      answer: { design: unmerged, promise: "error-names-its-entry" },
    },
    {
      ...mail,
      by: MICHAEL,
      says: "Entries that are not contiguous take several exits until everything is satisfied.",
      against: { design: pageStateChange, promise: "one-exit-for-a-request" },
      answer: { design: twoExits, promise: "one-exit-for-a-request" },
    },
    {
      ...mail,
      by: MICHAEL,
      says: "The hypercall has baggage: the live migration of SEV guests uses it for something else.",
      against: { design: liveMigration, promise: "success-means-converted" },
      answer: { design: pageStateChange, promise: "success-means-converted" },
    },
    {
      ...mail,
      by: SEAN,
      says: "What would not be interchangeable, that a reserved bit should tell one flavour of the hypercall from the other?",
      against: { design: markedHypercall, promise: "one-exit-kind" },
      answer: { design: pageStateChange, promise: "one-exit-kind" },
    },
  ],
  silent: {
    "one-binding-per-offset": SLOTS,
    "binding-names-its-slot": SLOTS,
    "slot-is-bound": SLOTS,
    "bound-range-within-file": SLOTS,
    "slots-disjoint": SLOTS,
    "exclusive-flags": SLOTS,
    "guest-memfd-slot-immutable": SLOTS,
    "bound-by-its-owner": SLOTS,
    "page-in-one-guest": SLOTS,
    "page-at-one-gfn": SLOTS,
    "slot-pages-balance": SLOTS,
    "no-mapping-through-a-gone-slot": SLOTS,
    "host-never-maps-private": ATTRIBUTES_ALONE,
    "never-private-and-host-mapped": ATTRIBUTES_ALONE,
    "host-maps-no-gone-page": ATTRIBUTES_ALONE,
    "no-mapping-to-a-gone-page": ATTRIBUTES_ALONE,
    "contents-come-from-the-file": ATTRIBUTES_ALONE,
    "guest-sees-defined-bytes": ATTRIBUTES_ALONE,
    "host-sees-defined-bytes": ATTRIBUTES_ALONE,
    "no-undefined-byte-read": ATTRIBUTES_ALONE,
    "secrets-stay-private": ATTRIBUTES_ALONE,
    "guest-maps-no-poison": ATTRIBUTES_ALONE,
    "host-maps-no-poison": ATTRIBUTES_ALONE,
    "poison-reaches-its-user": ATTRIBUTES_ALONE,
    "poison-reaches-nobody-else": ATTRIBUTES_ALONE,
    "invalidations-end": "user space converts in one step",
    "file-size-constant": LIFETIMES,
    "no-page-beyond-size": LIFETIMES,
    "file-pins-its-vm": LIFETIMES,
    "vm-lives-while-referenced": LIFETIMES,
    "file-lives-while-referenced": LIFETIMES,
  },
};
