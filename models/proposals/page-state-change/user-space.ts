/** User space, which may do as it likes, so long as it answers: convert, refuse, late or at once. And the host's kernel, which it updates. */
import { disabled } from "../../../spec/language.ts";
import { ANSWERS, complete, completeInFlight, processing, walkKeeps } from "./kvm.ts";
import { asking, call, choice, setAttributes, type Machine, type State } from "./state.ts";

/** hypercall.ret */
const RETS = ["0", "EINVAL", "EAGAIN"] as const;
export type Ret = (typeof RETS)[number] | "EIO";

/** What user space answers, and the frame that it could not convert. */
export interface Answered {
  readonly ret: Ret;
  readonly refuses: number | null;
}

/** The frame lies in what user space was handed. */
const isHanded = (s: State, gfn: number): boolean => {
  const { range } = s.exit!;
  return range === null ? s.wanted[gfn] !== null : gfn >= range.first && gfn < range.first + range.npages;
};

/** A range is converted as a whole, by one KVM_SET_MEMORY_ATTRIBUTES, or not at all. */
export function convertRange(s: State, { ret }: Answered): void {
  const { range } = s.exit!;
  if (ret === "0" && range !== null && range.op !== "unsmash")
    setAttributes(s, range.first, range.first + range.npages, range.op);
}

/** The guest finds in its buffer how far its request came. */
function reportRefusal(s: State): void {
  if (s.request!.by === "buffer") s.reported = s.request!.idx;
}

export const answering = {
  "user space converts, or does not": (s: State, c: Answered) => {
    if (s.exit === null || (c.refuses !== null && !isHanded(s, c.refuses))) return disabled;
    convertRange(s, c);
    return undefined;
  },
};

/** complete_userspace_io: snp_complete_psc_msr(), snp_complete_one_psc(). */
export const taking = {
  "take the answer": (s: State, { ret }: Answered) => {
    const { by } = s.request!;
    if (ret !== "0") {
      reportRefusal(s);
      return complete(s, "VMGEXIT_PSC_ERROR_GENERIC");
    }
    if (by !== "buffer") return complete(s, 0);
    s.exit = null;
    completeInFlight(s);
    return undefined;
  },
};

export const kvmRun = call({
  kernel:
    "KVM_RUN after an exit: snp_complete_psc_msr(), snp_complete_one_psc(), arch/x86/kvm/svm/sev.c, 6.11",
  by: "vcpu",
  takes: {
    ...asking,
    ret: choice<Ret>(
      () => RETS,
      () => ["EIO"],
    ),
    refuses: choice<number | null>(({ gfns }: Machine, { ret }) =>
      ret === "0" ? [null] : Array.from({ length: gfns }, (_, gfn) => gfn),
    ),
  },
  keeps: walkKeeps,
  returns: [],
  exits: ANSWERS,
  sections: { ...answering, ...taking, ...processing() },
});

/** The same guest, started again on the next kernel. */
export const upgrade = call({
  kernel: "reboot of the host",
  by: "task",
  takes: {},
  returns: [],
  sections: {
    "start the next kernel": (s) => {
      if (s.kernel !== "k" || s.request !== null) return disabled;
      s.kernel = "k+1";
      for (let gfn = 0; gfn < s.private.length; gfn++) {
        s.private[gfn] = false;
        s.leaves[gfn] = "none";
      }
      return undefined;
    },
  },
});
