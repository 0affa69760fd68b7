/**
 * What if KVM hands the guest's requests on as they are? A request by the MSR, and one by the buffer, each get an exit of their own, and user space reads the
 * buffer with whatever the guest has put there. It costs one exit, and tells the guest of each entry; but user space has two ways to one conversion, no
 * kernel has looked at what it is told, and what a later kernel does itself, such as UNSMASH, it is no longer told.
 *
 * [PATCH v14 09/22] and [PATCH v14 10/22], Michael Roth, April 2024; the answer of Sean Christopherson, 25 April 2024.
 */
import { change, variant } from "../../../spec/language.ts";
import { MSR_REQUEST, single, vmgexitPsc } from "./guest.ts";
import { complete, exitTo, type Walk } from "./kvm.ts";
import { MAIL, pageStateChange, vectors } from "./page-state-change.ts";
import { asksFor, framesOf, setAttributes, type State } from "./state.ts";
import { contiguousRangesAreOneExit } from "./view.ts";
import { answering, kvmRun, taking, type Answered } from "./user-space.ts";

const ofTheWalk = ["read the header", "find the next range"] as const;

/** The header names the entry, and it is there. */
const isAsked = ({ cur, end, entries }: State["buffer"], idx: number): boolean =>
  idx >= cur && idx <= end && idx < entries.length;

/** The next kernel does UNSMASH itself, where nothing else is asked for. */
function handOn(s: State): "KVM_EXIT_HYPERCALL" | 0 {
  let [unsmashes, converts] = [false, false];
  for (let idx = 0; idx < s.buffer.entries.length; idx++) {
    if (!isAsked(s.buffer, idx)) continue;
    if (s.buffer.entries[idx]!.op === "unsmash") unsmashes = true;
    else converts = true;
  }
  if (s.kernel === "k+1" && unsmashes && !converts) return complete(s, 0);
  if (unsmashes) s.relies = true;
  return exitTo(s, "KVM_USER_VMGEXIT_PSC", null);
}

/** User space goes through the buffer by itself, and ends where it cannot go on. */
function convertBuffer(s: State, { refuses }: Answered): void {
  for (let idx = 0; idx < s.buffer.entries.length; idx++) {
    if (!isAsked(s.buffer, idx)) continue;
    const entry = s.buffer.entries[idx]!;
    if (refuses !== null && asksFor(entry, refuses)) {
      s.reported = idx;
      return;
    }
    if (entry.op !== "unsmash")
      setAttributes(s, entry.gfn + entry.done, entry.gfn + framesOf(entry), entry.op);
    entry.done = framesOf(entry);
  }
}

/** Ranges are none of KVM's here. */
const handingOn = {
  ...pageStateChange,
  promises: pageStateChange.promises.filter((promise) => promise !== contiguousRangesAreOneExit),
};

export const twoExits = variant(handingOn, {
  name: "psc-two-exits",
  says: "a request by the MSR is one kind of exit, and the guest's buffer another, handed to user space as it is",
  source:
    "[PATCH v14 09/22] KVM: SEV: Add support to handle MSR based Page State Change VMGEXIT, Michael Roth, 21 April 2024",
  calls: {
    vmgexit_psc: {
      ...change(vmgexitPsc, {
        without: ofTheWalk,
        sections: { "hand it to user space": (s: State, _c: Walk) => handOn(s) },
      }),
      exits: ["VMGEXIT_PSC_ERROR_GENERIC", "KVM_EXIT_HYPERCALL"],
    },
    vmgexit_psc_msr: single("MSR", MSR_REQUEST, "KVM_USER_VMGEXIT_PSC_MSR"),
    kvm_run: {
      ...change(kvmRun, {
        without: [...ofTheWalk, "hand it to user space"],
        sections: {
          "user space converts, or does not": (s, c) => {
            const handed = answering["user space converts, or does not"](s, c);
            if (handed === undefined && s.exit!.range === null) convertBuffer(s, c);
            return handed;
          },
          "take the answer": (s, c) => {
            const isBuffer = s.exit!.range === null;
            if (!isBuffer) return taking["take the answer"](s, c);
            return complete(s, c.ret === "0" ? 0 : "VMGEXIT_PSC_ERROR_GENERIC");
          },
        },
      }),
      exits: ["VMGEXIT_PSC_ERROR_GENERIC"],
    },
  },
  statements: [],
  knownBreaches: [
    {
      property: "one-exit-kind",
      says: "a conversion asked for by the MSR exits otherwise than one asked for by the buffer",
      source: MAIL,
    },
    {
      property: "user-space-sees-valid-ranges",
      says: "the buffer goes to user space with whatever the guest wrote to it",
      source: MAIL,
    },
    {
      property: "upgrade-keeps-exits",
      says: "a kernel that supports UNSMASH no longer hands over what user space has learned to do",
      source: MAIL,
    },
  ],
  vectors,
});
