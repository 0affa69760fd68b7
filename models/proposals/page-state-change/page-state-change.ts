/**
 * How does a guest's page state change come to user space? As it was agreed: KVM reads and validates the guest's buffer, combines entries that follow each other, and hands each
 * range over as the hypercall KVM_HC_MAP_GPA_RANGE that there was; it goes on so until the request is done, or an answer other than 0 ends it. With
 * a neighbour's frame reckoned from where the range begins, which 6.11 does not do.
 *
 * Re: [PATCH v14 09/22] KVM: SEV: Add support to handle MSR based Page State Change VMGEXIT, Sean Christopherson, 25 April 2024; Linux 6.11.
 */
import { design } from "../../../spec/language.ts";
import type { Vector } from "../../../spec/language/design.ts";
import { mappingAgreesWithAttribute } from "../../../spec/properties/mappings.ts";
import { guestAccess, hypercall, rewriteEntry, rewriteHeader, vmgexitPsc, vmgexitPscMsr } from "./guest.ts";
import { bounds, machineFor, sizesOf, state } from "./state.ts";
import { kvmRun, upgrade } from "./user-space.ts";
import { pscPromises, reached, view } from "./view.ts";

/** The mail of the thread. */
export const MAIL =
  "Re: [PATCH v14 09/22] KVM: SEV: Add support to handle MSR based Page State Change VMGEXIT, Sean Christopherson, 25 April 2024";

/** What is given up for one kind of exit, and known to be. */
export const severalExits = {
  property: "one-exit-for-a-request",
  says: "entries that do not follow each other are exits of their own",
  source: `${MAIL}: they are no common case`,
};
export const errorsOfRanges = {
  property: "error-names-its-entry",
  says: "user space answers for a range, and the guest is told of its first entry",
  source: `${MAIL}: attributes are set for a range as a whole`,
};

const rewrites = (rewrite: "rewrite_header" | "rewrite_entry") =>
  (["vmgexit_psc", "kvm_run"] as const).map((reads) => ({
    calls: [reads, rewrite] as const,
    says: "a guest that writes to its buffer while KVM reads it gets what some of both say",
    source:
      "snp_begin_psc(), arch/x86/kvm/svm/sev.c: a misbehaved guest can modify the buffer after validation",
  }));

/** Those of a design that differs in what is handed over, and not in how the buffer is read. */
export const vectors: readonly Vector[] = [
  { bounds: {}, scenario: "brief", quick: true },
  { bounds: { exits: "not enabled" }, scenario: "brief" },
  { bounds: {}, scenario: "accesses" },
  { bounds: {}, scenario: "attack" },
];

const fewBuffers = {
  vmgexit_psc: {
    entry0: (name: string) => ["private 0", "private 0-1 +1"].includes(name),
    entry1: (name: string) => ["private 1", "shared 0-1"].includes(name),
  },
};

export const pageStateChange = design({
  name: "page-state-change",
  says: "KVM validates, combines what follows, and hands each range over as KVM_HC_MAP_GPA_RANGE until the request is done",
  source: `${MAIL}; snp_begin_psc(), 6.11, with Re: [PATCH v15 23/23] KVM: SEV: Fix PSC handling for SMASH/UNSMASH and partial update ops, Paolo Bonzini, 10 May 2024`,
  bounds,
  machine: machineFor,
  sizes: sizesOf,
  state,
  calls: {
    vmgexit_psc: vmgexitPsc,
    vmgexit_psc_msr: vmgexitPscMsr,
    hypercall,
    kvm_run: kvmRun,
    rewrite_header: rewriteHeader,
    rewrite_entry: rewriteEntry,
    guest_access: guestAccess,
    upgrade,
  },
  view,
  promises: [mappingAgreesWithAttribute, ...pscPromises],
  statements: reached,
  knownBreaches: [severalExits, errorsOfRanges],
  notAtomic: [...rewrites("rewrite_header"), ...rewrites("rewrite_entry")],
  scenarios: {
    "one guest": {
      says: "no vCPU writes to the buffer of another, and nobody touches memory",
      without: ["rewrite_header", "rewrite_entry", "guest_access"],
    },
    brief: {
      says: "a few buffers, and requests for one frame",
      calls: ["vmgexit_psc", "vmgexit_psc_msr", "hypercall", "kvm_run", "upgrade"],
      only: {
        vmgexit_psc: {
          entry0: (name: string) =>
            ["private 0", "shared 0", "private 0-1 +1", "unsmash 0-1", "private 1-2"].includes(name),
          entry1: (name: string) => ["private 0", "private 1", "shared 0-1", "unsmash 0-1"].includes(name),
        },
      },
    },
    accesses: {
      says: "requests for one frame, and a vCPU that touches memory",
      calls: ["vmgexit_psc_msr", "hypercall", "kvm_run", "guest_access", "upgrade"],
    },
    attack: {
      says: "a few buffers, and a vCPU that writes to them; user space converts",
      calls: ["vmgexit_psc", "kvm_run", "rewrite_header", "rewrite_entry"],
      only: { ...fewBuffers, kvm_run: { ret: (ret: string) => ret === "0" } },
    },
    header: {
      says: "a few buffers, and a vCPU that writes to their headers",
      calls: ["vmgexit_psc", "rewrite_header"],
      only: fewBuffers,
    },
  },
  vectors: [
    ...vectors,
    { bounds: {}, scenario: "one guest" },
    { bounds: {}, scenario: "attack", mode: "overlap" },
    { bounds: { gfns: 4 }, scenario: "one guest" },
  ],
});
