/**
 * Given one kind of exit, what else can it be? An exit for each entry names the entry that failed, and costs more. The exit of implicit conversions, KVM_EXIT_MEMORY_FAULT,
 * has no field for an answer. A hypercall marked for protected VMs is a second kind again. And a user space that knows the hypercall from the live migration of SEV
 * guests notes what it is told, and converts nothing.
 *
 * Re: [PATCH v14 09/22] KVM: SEV: Add support to handle MSR based Page State Change VMGEXIT, Sean Christopherson and Michael Roth, 25 April 2024.
 */
import { change, disabled, variant } from "../../../spec/language.ts";
import { MSR_REQUEST, single, vmgexitPsc } from "./guest.ts";
import { ANSWERS, complete, completeInFlight, processing, type Rules } from "./kvm.ts";
import { MAIL, errorsOfRanges, pageStateChange, severalExits, vectors } from "./page-state-change.ts";
import type { Reason } from "./state.ts";
import { kvmRun } from "./user-space.ts";
import { errorNamesItsEntry, reached } from "./view.ts";

const walking = (own: Partial<Rules>) => ({
  vmgexit_psc: change(vmgexitPsc, { sections: processing(own) }),
  kvm_run: change(kvmRun, { sections: processing(own) }),
});

const byMsr = (reason: Reason) => single("MSR", MSR_REQUEST, reason);

export const unmerged = variant(pageStateChange, {
  name: "psc-exit-for-each-entry",
  says: "each entry is an exit of its own",
  source: `${MAIL}: requests that are not combined`,
  calls: walking({ follows: () => false }),
  statements: reached,
  knownBreaches: [
    severalExits,
    {
      property: "contiguous-ranges-are-one-exit",
      says: "entries that follow each other exit one by one",
      source: MAIL,
    },
  ],
  vectors,
});

const reason = "KVM_EXIT_MEMORY_FAULT" as const;

/** Nobody can tell of an error. */
const withoutErrors = {
  ...pageStateChange,
  promises: pageStateChange.promises.filter((promise) => promise !== errorNamesItsEntry),
};

export const memoryFault = variant(withoutErrors, {
  name: "psc-memory-fault",
  says: "ranges are handed over as KVM_EXIT_MEMORY_FAULT, which user space answers by running the vCPU again",
  source: `${MAIL}: either exit could do`,
  calls: {
    ...walking({ reason }),
    vmgexit_psc_msr: byMsr(reason),
    hypercall: single("hypercall", pageStateChange.calls.hypercall.kernel, reason),
    kvm_run: {
      ...change(kvmRun, {
        sections: {
          ...processing({ reason }),
          // struct kvm_run, memory_fault: flags, gpa and size.
          "take the answer": (s) => {
            if (s.request!.by !== "buffer") return complete(s, 0);
            s.exit = null;
            completeInFlight(s);
            return undefined;
          },
        },
      }),
      exits: ANSWERS.filter((answer) => answer !== "VMGEXIT_PSC_ERROR_GENERIC"),
    },
  },
  statements: reached,
  knownBreaches: [
    severalExits,
    {
      property: "success-means-converted",
      says: "user space cannot say that it refuses",
      source:
        "KVM_EXIT_MEMORY_FAULT, Documentation/virt/kvm/api.rst: there is nothing for user space to fill in; nobody says so in the thread",
    },
  ],
  vectors,
});

const marked = "KVM_EXIT_HYPERCALL, protected VM" as const;

export const markedHypercall = variant(pageStateChange, {
  name: "psc-marked-hypercall",
  says: "a bit of the hypercall says that the VM is protected; a guest that makes the hypercall itself does not set it",
  source: `${MAIL}: one of the reserved bits, as Michael Roth proposes`,
  calls: { ...walking({ reason: marked }), vmgexit_psc_msr: byMsr(marked) },
  statements: reached,
  knownBreaches: [
    severalExits,
    errorsOfRanges,
    {
      property: "one-exit-kind",
      says: "the same conversion comes marked or not, by who asked",
      source: `${MAIL}: what would not be interchangeable?`,
    },
  ],
  vectors,
});

export const liveMigration = variant(pageStateChange, {
  name: "psc-live-migration",
  says: "user space takes the hypercall for what it is in the live migration of SEV guests: a note of which pages are encrypted",
  source: `${MAIL}: baggage of the hypercall; 0dbb11230437 (KVM: X86: Introduce KVM_HC_MAP_GPA_RANGE hypercall), 5.14`,
  calls: {
    kvm_run: change(kvmRun, {
      sections: { "user space converts, or does not": (s) => (s.exit === null ? disabled : undefined) },
    }),
  },
  statements: [],
  knownBreaches: [
    severalExits,
    errorsOfRanges,
    {
      property: "success-means-converted",
      says: "user space answers 0 for a range that it has noted",
      source: MAIL,
    },
  ],
  vectors,
});
