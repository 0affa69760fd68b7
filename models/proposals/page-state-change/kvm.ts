/** What KVM does with a request: snp_begin_psc(), snp_complete_one_psc(), arch/x86/kvm/svm/sev.c, with the correction of 10 May 2024. */
import { bool, goTo, oneOf, upTo, warnOn } from "../../../spec/language.ts";
import { Gfn } from "../../../spec/guest-memory.ts";
import {
  asksFor,
  framesOf,
  type Machine,
  type Operation,
  type PscEntry,
  type Range,
  type Reason,
  type State,
} from "./state.ts";

export const BUFFER_ERRORS = [
  "VMGEXIT_PSC_ERROR_GENERIC",
  "VMGEXIT_PSC_ERROR_INVALID_HDR",
  "VMGEXIT_PSC_ERROR_INVALID_ENTRY",
] as const;
export const ANSWERS = [...BUFFER_ERRORS, "KVM_EXIT_HYPERCALL"] as const;
type Answer = (typeof ANSWERS)[number];

/** What the walk through the buffer keeps in the kernel. */
export interface Walk extends Range {
  idx: number;
  last: number;
  inflight: number;
}

export const walkKeeps = {
  idx: upTo("entries"),
  last: upTo("entries"),
  inflight: upTo("entries"),
  op: oneOf("private", "shared", "unsmash"),
  first: Gfn,
  npages: upTo("range"),
  huge: bool,
};

/** snp_complete_psc(): the guest goes on, with this answer. */
export function complete<A extends Answer | 0>(s: State, answer: A): A {
  s.request = null;
  s.exit = null;
  return answer;
}

/** To user space, with what it is to do. */
export function exitTo(s: State, reason: Reason, range: Range | null): "KVM_EXIT_HYPERCALL" {
  s.exit = { reason, range };
  s.seen ??= reason;
  if (range?.op === "unsmash") s.relies = true;
  return "KVM_EXIT_HYPERCALL";
}

/** __snp_complete_one_psc(): all that is in flight is done. */
export function completeInFlight(s: State): void {
  const request = s.request!;
  const { entries } = s.buffer;
  const end = request.idx + request.inflight;
  for (let idx = request.idx; idx < end; idx++) entries[idx]!.done = framesOf(entries[idx]!);
  s.buffer.cur = end;
  request.inflight = 0;
}

/** What designs differ in. */
export interface Rules {
  /** An entry that is to end the request, because it cannot be meant. */
  readonly refuses: (entry: PscEntry) => boolean;
  /** What is left of an entry of which a part is done. */
  readonly restOf: (entry: PscEntry) => {
    readonly first: number;
    readonly npages: number;
    readonly huge: boolean;
  };
  /** Whether an entry goes on where the range ends, which began with an entry. */
  readonly follows: (entry: PscEntry, start: PscEntry, range: Range) => boolean;
  /** The last entry. */
  readonly endOf: (s: State, c: Walk) => number;
  /** Whether a range is user space's affair. */
  readonly forwards: (s: State, op: Operation) => boolean;
  readonly reason: Reason;
}

export const rules: Rules = {
  refuses: (entry) => entry.done > framesOf(entry) || (entry.huge && entry.gfn % framesOf(entry) !== 0),
  // The rest of a huge page goes as small ones.
  restOf: (entry) => ({
    first: entry.gfn + entry.done,
    npages: framesOf(entry) - entry.done,
    huge: entry.huge && entry.done === 0,
  }),
  // https://lore.kernel.org/kvm/fe5cc86b-43e0-4685-99e7-998e61db333f@redhat.com/: from the frame at which the range begins.
  follows: (entry, _start, { first, npages }) => entry.gfn === first + npages,
  // As it was read with the header, and compared.
  endOf: (_s, c) => c.last,
  forwards: (_s, op) => op !== "unsmash",
  reason: "KVM_EXIT_HYPERCALL",
};

/** The range that begins with the next entry that has something left; null where none has, or where one cannot be meant. */
function findRange(s: State, c: Walk, of: Rules): Answer | 0 | undefined {
  const { entries } = s.buffer;
  for (; c.idx <= of.endOf(s, c); c.idx++) {
    s.buffer.cur = c.idx;
    if (c.idx >= entries.length) {
      s.beyond = true;
      return complete(s, "VMGEXIT_PSC_ERROR_GENERIC");
    }
    const entry = entries[c.idx]!;
    if (of.refuses(entry)) return complete(s, "VMGEXIT_PSC_ERROR_INVALID_ENTRY");
    if (entry.done === framesOf(entry)) continue;
    const { first, npages, huge } = of.restOf(entry);
    c.op = entry.op;
    c.first = first;
    c.npages = npages;
    c.huge = huge;
    c.inflight = 1;
    return undefined;
  }
  return complete(s, 0);
}

/** Entries that go on where the range ends, with the same operation and the same size, are done with it. */
function mergeWhatFollows(s: State, c: Walk, { follows, endOf }: Rules): void {
  const { entries } = s.buffer;
  const start = entries[c.idx]!;
  for (let idx = c.idx + 1; idx <= endOf(s, c); idx++) {
    if (idx >= entries.length) {
      s.beyond = true;
      return;
    }
    const entry = entries[idx]!;
    if (entry.op !== c.op || entry.done > 0 || entry.huge !== c.huge || !follows(entry, start, c)) return;
    c.inflight++;
    c.npages += framesOf(entry);
  }
}

function noteWhatIsAsked(s: State, { idx, inflight }: Walk, { gfns }: Machine): void {
  for (let gfn = 0; gfn < gfns; gfn++) {
    s.asked[gfn] = false;
    for (let at = idx; at < idx + inflight; at++)
      if (asksFor(s.buffer.entries[at]!, gfn)) s.asked[gfn] = true;
  }
}

/** From next_range on, with what a design has of its own. */
export const processing = (own: Partial<Rules> = {}) => {
  const of = { ...rules, ...own };
  return {
    "read the header": (s: State, c: Walk) => {
      warnOn(s.request!.inflight > 0, "a page state change is in flight already");
      c.idx = s.buffer.cur;
      c.last = s.buffer.end;
      return c.last >= s.buffer.entries.length ? complete(s, "VMGEXIT_PSC_ERROR_INVALID_HDR") : undefined;
    },
    "find the next range": (s: State, c: Walk, m: Machine) => {
      const ended = findRange(s, c, of);
      if (ended !== undefined) return ended;
      mergeWhatFollows(s, c, of);
      noteWhatIsAsked(s, c, m);
      s.request!.idx = c.idx;
      s.request!.inflight = c.inflight;
      return undefined;
    },
    "hand it to user space": (s: State, { op, first, npages, huge }: Walk) => {
      if (of.forwards(s, op)) return exitTo(s, of.reason, { op, first, npages, huge });
      // What KVM does not support is done without a word.
      completeInFlight(s);
      return goTo("read the header");
    },
  };
};
