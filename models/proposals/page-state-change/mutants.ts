/** What the thread warned of, and what went wrong later, put back one at a time. */
import { change } from "../../../spec/language.ts";
import type { Vector } from "../../../spec/language/design.ts";
import { mutant } from "../../mutants/mutant.ts";
import { MSR_REQUEST, single, vmgexitPsc } from "./guest.ts";
import { processing, type Rules } from "./kvm.ts";
import { MAIL, pageStateChange } from "./page-state-change.ts";
import { framesOf } from "./state.ts";
import { kvmRun } from "./user-space.ts";

/** Both calls run through the same code. */
const walking = (own: Partial<Rules>) => ({
  vmgexit_psc: change(vmgexitPsc, { sections: processing(own) }),
  kvm_run: change(kvmRun, { sections: processing(own) }),
});

const brief: readonly Vector[] = [{ bounds: {}, scenario: "brief", quick: true }];

export const pscMutants = [
  mutant(pageStateChange, {
    name: "psc-forwarded-unvalidated",
    bug: "N1",
    says: "KVM does not look whether an entry is aligned to its size",
    source: `${MAIL}: without any validation`,
    killedBy: "user-space-sees-valid-ranges",
    calls: walking({ refuses: (entry) => entry.done > framesOf(entry) }),
    vectors: brief,
  }),
  mutant(pageStateChange, {
    name: "psc-unsmash-abi-change",
    bug: "N2",
    says: "one kernel hands UNSMASH to user space, and the next one does not",
    source: `${MAIL}: UNSMASH`,
    killedBy: "upgrade-keeps-exits",
    calls: walking({ forwards: (s, op) => op !== "unsmash" || s.kernel === "k" }),
    vectors: brief,
  }),
  mutant(pageStateChange, {
    name: "psc-two-exit-types",
    bug: "N3",
    says: "a request by the MSR has an exit of its own",
    source: `${MAIL}: two exit reasons`,
    killedBy: "one-exit-kind",
    calls: { vmgexit_psc_msr: single("MSR", MSR_REQUEST, "KVM_USER_VMGEXIT_PSC_MSR") },
    vectors: brief,
  }),
  mutant(pageStateChange, {
    name: "psc-toctou-index",
    bug: "N4",
    says: "the last entry is read again when the walk comes to it",
    source: "before c8cc238093ca and 121d88de56bc (KVM: SEV), 2026",
    killedBy: "entries-within-the-buffer",
    calls: walking({ endOf: ({ buffer }) => buffer.end }),
    vectors: [{ bounds: {}, scenario: "header", mode: "overlap", quick: true }],
  }),
  mutant(pageStateChange, {
    name: "psc-partial-2m",
    bug: "N5",
    says: "a huge page of which a part is done is handed over whole",
    source: "snp_begin_psc(), arch/x86/kvm/svm/sev.c, 6.11: partially-completed 2M ranges are forced to 4K",
    killedBy: "exits-cover-what-remains",
    calls: walking({
      restOf: (entry) => ({ first: entry.gfn, npages: framesOf(entry), huge: entry.huge }),
    }),
    vectors: brief,
  }),
];
