/**
 * What became of it: two forms that shipped. 6.11 looks for a neighbour where the first entry's own frame and the number of the range's frames lead, which is one too
 * early when a part of that entry was done. Later an answer other than 0, EINVAL and EAGAIN became an error of KVM_RUN, which leaves the request as
 * it was.
 *
 * snp_begin_psc(), arch/x86/kvm/svm/sev.c, 6.11; KVM: SEV: Restrict userspace return codes for KVM_HC_MAP_GPA_RANGE, Sagi Shahar, 2026.
 */
import { change, variant } from "../../../spec/language.ts";
import { vmgexitPsc } from "./guest.ts";
import { processing } from "./kvm.ts";
import { errorsOfRanges, pageStateChange, severalExits, vectors } from "./page-state-change.ts";
import type { PscEntry, Range } from "./state.ts";
import { kvmRun, taking } from "./user-space.ts";
import { reached } from "./view.ts";

const ofItsOwnFrame = {
  follows: (entry: PscEntry, start: PscEntry, { npages }: Range) => entry.gfn === start.gfn + npages,
};

export const psc6_11 = variant(pageStateChange, {
  name: "psc-6.11",
  says: "an entry follows a range when it lies where the first entry's frame and the range's length lead",
  source: "snp_begin_psc(), arch/x86/kvm/svm/sev.c, 6.11: entry.gfn != entry_start.gfn + npages",
  calls: {
    vmgexit_psc: change(vmgexitPsc, { sections: processing(ofItsOwnFrame) }),
    kvm_run: change(kvmRun, { sections: processing(ofItsOwnFrame) }),
  },
  statements: reached,
  knownBreaches: [
    severalExits,
    errorsOfRanges,
    {
      property: "exits-cover-what-remains",
      says: "half of a huge page, and an entry for the same half: user space is handed the half, and the frame behind it",
      source: "snp_begin_psc(), arch/x86/kvm/svm/sev.c, 6.11, by reading; nobody is known to have seen it",
    },
  ],
  vectors,
});

const restricted = change(kvmRun, {
  returns: ["EINVAL"],
  sections: {
    // complete_userspace_io is gone when it runs: the next KVM_RUN enters the guest.
    "take the answer": (s, c) => {
      if (c.ret !== "EIO") return taking["take the answer"](s, c);
      s.exit = null;
      return "EINVAL";
    },
  },
});

export const restrictedRet = variant(pageStateChange, {
  name: "psc-ret-restricted",
  says: "an answer other than 0, EINVAL and EAGAIN fails KVM_RUN",
  source:
    "KVM: SEV: Restrict userspace return codes for KVM_HC_MAP_GPA_RANGE, Sagi Shahar, 5 March 2026, applied 29 May 2026",
  calls: {
    kvm_run: {
      ...restricted,
      leaves: {
        EINVAL: {
          says: "the exit is taken for answered, and the request stays in flight",
          source:
            "kvm_arch_vcpu_ioctl_run(), arch/x86/kvm/x86.c: complete_userspace_io is cleared before it is called",
        },
      },
    },
  },
  statements: reached,
  knownBreaches: [
    severalExits,
    errorsOfRanges,
    {
      property: "every-request-is-answered",
      says: "the guest goes on without an answer, and finds in exit_info_2 the 0 that was put there first",
      source: "snp_complete_one_psc(), arch/x86/kvm/svm/sev.c, by reading; nobody is known to have seen it",
    },
    {
      property: "no-warning",
      says: "its next request meets psc_inflight of the last",
      source:
        "snp_begin_psc(): WARN_ON_ONCE(psc_inflight), arch/x86/kvm/svm/sev.c, by reading; nobody is known to have seen it",
    },
  ],
  vectors,
});
