/** What the guest does: it asks, by its buffer, by the GHCB's MSR or by a hypercall; another vCPU writes to the buffer, and touches memory. */
import { bool, disabled } from "../../../spec/language.ts";
import { Gfn } from "../../../spec/guest-memory.ts";
import { ANSWERS, complete, exitTo, processing, walkKeeps } from "./kvm.ts";
import {
  Entry,
  asking,
  asksFor,
  call,
  choice,
  entryNamed,
  legalEntries,
  oddEntries,
  other,
  type Machine,
  type Reason,
  type Request,
  type State,
} from "./state.ts";

const entry = choice<string>(legalEntries, oddEntries);

/** The guest may ask where its vCPU is not in user space. */
const isRunning = (s: State): boolean => s.exit === null;

/** Of a request that was never answered, KVM still has what was in flight. */
const begin = (s: State, by: Request["by"]): void => {
  s.request = { by, idx: s.request?.idx ?? 0, inflight: s.request?.inflight ?? 0, rewritten: false };
  s.reported = null;
};

/** Of two entries that ask for one frame, the later has its way. */
function noteWhatIsWanted({ buffer, wanted }: State, { gfns, entries }: Machine): void {
  for (let gfn = 0; gfn < gfns; gfn++) {
    wanted[gfn] = null;
    for (let idx = buffer.cur; idx < entries && idx <= buffer.end; idx++)
      if (asksFor(buffer.entries[idx]!, gfn)) wanted[gfn] = buffer.entries[idx]!.op;
  }
}

interface Written {
  readonly entry0: string;
  readonly entry1: string;
  readonly cur: number;
  readonly end: number;
}

export const vmgexitPsc = call({
  kernel:
    "KVM_RUN of a guest that asks for a page state change: snp_begin_psc(), arch/x86/kvm/svm/sev.c, 6.11",
  by: "vcpu",
  takes: {
    ...asking,
    entry0: entry,
    entry1: entry,
    cur: choice<number>(
      () => [0],
      ({ entries }) => [entries],
    ),
    end: choice<number>(
      ({ entries }) => [entries - 1],
      ({ entries }) => [entries],
    ),
  },
  keeps: walkKeeps,
  returns: [],
  exits: ANSWERS,
  sections: {
    "write the buffer": (s, { entry0, entry1, cur, end }: Written, m) => {
      if (!isRunning(s)) return disabled;
      begin(s, "buffer");
      for (let gfn = 0; gfn < m.gfns; gfn++) s.asked[gfn] = false;
      s.buffer.cur = cur;
      s.buffer.end = end;
      s.buffer.entries[0] = entryNamed(entry0);
      s.buffer.entries[1] = entryNamed(entry1);
      noteWhatIsWanted(s, m);
      return undefined;
    },
    "look whether user space takes the exit": (s, _c, { exits }) =>
      exits ? undefined : complete(s, "VMGEXIT_PSC_ERROR_GENERIC"),
    ...processing(),
  },
});

/** A request for one frame. */
export const single = (by: "MSR" | "hypercall", kernel: string, reason: Reason) =>
  call({
    kernel,
    by: "vcpu",
    takes: {
      ...asking,
      gfn: Gfn,
      op: choice<"private" | "shared" | "unsmash">(
        () => ["private", "shared"],
        () => ["unsmash"],
      ),
    },
    returns: [],
    exits: ["VMGEXIT_PSC_ERROR_GENERIC", "KVM_EXIT_HYPERCALL"],
    sections: {
      "look at the request": (s, { op }, { exits }) => {
        if (!isRunning(s)) return disabled;
        return op === "unsmash" || !exits ? "VMGEXIT_PSC_ERROR_GENERIC" : undefined;
      },
      "hand it to user space": (s, { op, gfn }, { gfns }) => {
        begin(s, by);
        for (let at = 0; at < gfns; at++) {
          s.asked[at] = at === gfn;
          s.wanted[at] = at === gfn ? op : null;
        }
        return exitTo(s, reason, { op, first: gfn, npages: 1, huge: false });
      },
    },
  });

export const MSR_REQUEST = "snp_begin_psc_msr(), arch/x86/kvm/svm/sev.c, 6.11";
export const vmgexitPscMsr = single("MSR", MSR_REQUEST, "KVM_EXIT_HYPERCALL");

export const hypercall = single(
  "hypercall",
  "____kvm_emulate_hypercall(): KVM_HC_MAP_GPA_RANGE, arch/x86/kvm/x86.c",
  "KVM_EXIT_HYPERCALL",
);

const ofABuffer = ({ request }: State): boolean => request !== null && request.by === "buffer";

/** Nothing that was asked for is promised any more. */
function rewrite(s: State): void {
  s.request!.rewritten = true;
  for (let gfn = 0; gfn < s.wanted.length; gfn++) s.wanted[gfn] = null;
}

export const rewriteHeader = call({
  kernel: "a store of the guest to struct psc_hdr",
  by: "vcpu",
  takes: {
    ...other,
    cur: choice<number>(({ entries }) => [0, entries - 1]),
    end: choice<number>(({ entries }) => [0, entries - 1, entries]),
  },
  returns: [],
  sections: {
    "write the header": (s, { cur, end }) => {
      if (!ofABuffer(s)) return disabled;
      s.buffer.cur = cur;
      s.buffer.end = end;
      rewrite(s);
      return undefined;
    },
  },
});

export const rewriteEntry = call({
  kernel: "a store of the guest to struct psc_entry",
  by: "vcpu",
  takes: {
    ...other,
    entry: Entry,
    as: choice<string>(() => ["private 0", "shared 0-1", "private 1-2"]),
  },
  returns: [],
  sections: {
    "write the entry": (s, { entry: idx, as }) => {
      if (!ofABuffer(s)) return disabled;
      s.buffer.entries[idx] = entryNamed(as);
      rewrite(s);
      return undefined;
    },
  },
});

export const guestAccess = call({
  kernel: "kvm_mmu_faultin_pfn(), arch/x86/kvm/mmu/mmu.c",
  by: "vcpu",
  takes: { ...other, gfn: Gfn, private: bool },
  returns: ["EFAULT memory_fault"],
  sections: {
    "map the frame": (s, { gfn, private: isPrivate }) => {
      if (s.private[gfn] !== isPrivate) return "EFAULT memory_fault";
      s.leaves[gfn] = isPrivate ? "private" : "shared";
      return 0;
    },
  },
});
