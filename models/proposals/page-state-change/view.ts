/** How the state answers the common vocabulary, and what page state change promises to the guest and to user space. */
import { propertiesOf } from "../../../spec/language.ts";
import type { Made } from "../../../spec/language/property.ts";
import { Gfn, type GuestMemory, type InodeId } from "../../../spec/guest-memory.ts";
import { INODE, oneSlot } from "../../technology/one-slot.ts";
import { rules } from "./kvm.ts";
import { HUGE, asksFor, type Machine, type State } from "./state.ts";

const USER_MEMORY = 1 as InodeId;
/** Private memory, and the memory at userspace_addr. */
const inodeOf = (isPrivate: boolean): InodeId => (isPrivate ? INODE : USER_MEMORY);

/** The common vocabulary, and behind it the state itself. */
interface View extends GuestMemory {
  readonly state: State;
}

export function view(s: State, { gfns }: Machine): View {
  return {
    state: s,
    ...oneSlot(gfns),
    isPrivate: (_vm, gfn) => s.private[gfn]!,
    guestMapping: (_vm, gfn) => {
      const leaf = s.leaves[gfn]!;
      if (leaf === "none") return null;
      const isPrivate = leaf === "private";
      return { at: { inode: inodeOf(isPrivate), page: gfn }, private: isPrivate, fromFile: isPrivate };
    },
    pageState: () => "ready",
    hostMaps: () => false,
    hostMayMap: () => false,
  };
}

const { always, sometimes, step } = propertiesOf<View>();

const MAIL =
  "Re: [PATCH v14 09/22] KVM: SEV: Add support to handle MSR based Page State Change VMGEXIT, 25 April 2024";

/** What nobody can convert in the guest's buffer as it is. */
function invalid({ buffer: { cur, end, entries } }: State): string | null {
  if (end >= entries.length) return `whose last entry is said to be ${end}`;
  for (let idx = cur; idx <= end; idx++) {
    const { op, gfn, done } = entries[idx]!;
    if (op === "unsmash") return `whose entry ${idx} asks for no conversion, but for UNSMASH`;
    if (rules.refuses(entries[idx]!))
      return `whose entry ${idx} begins at frame ${gfn}, which its size does not allow, or has ${done} frames done`;
  }
  return null;
}

const validRanges = always({
  name: "user-space-sees-valid-ranges",
  says: "what user space is told to convert is a range aligned to its page size, to private or to shared, and nothing else",
  source: `${MAIL}: KVM needs an ABI of its own, and validation`,
  over: {},
  when: ({ state: { exit } }) => exit !== null,
  holds: ({ state: s }) => {
    const { range } = s.exit!;
    if (range === null) return s.request!.rewritten || invalid(s) === null;
    return range.op !== "unsmash" && (!range.huge || range.first % HUGE === 0);
  },
  why: ({ state: s }) =>
    s.exit!.range === null
      ? `user space was handed the guest's buffer, ${invalid(s)}`
      : `user space was told to make frame ${s.exit!.range.first} and ${s.exit!.range.npages - 1} behind it ${s.exit!.range.op}`,
});

const oneExitKind = always({
  name: "one-exit-kind",
  says: "a conversion that the guest asks for comes to user space as one kind of exit, whatever way it was asked for",
  source: `${MAIL}: no two exit reasons for page state changes`,
  over: {},
  when: ({ state: { exit } }) => exit !== null,
  holds: ({ state: { exit, seen } }) => exit!.reason === seen,
  why: ({ state: { exit, seen } }) => `one conversion exits with ${seen}, another one with ${exit!.reason}`,
});

const exitsCoverWhatRemains = always({
  name: "exits-cover-what-remains",
  says: "the range of an exit is what its entries still ask for, and no frame more or less",
  source: "snp_begin_psc(), arch/x86/kvm/svm/sev.c: entries of which a part is done, and their neighbours",
  over: {},
  when: ({ state: { exit } }) => exit !== null && exit.range !== null,
  holds: ({ state: { exit, asked } }) => {
    const { first, npages } = exit!.range!;
    if (first + npages > asked.length) return false;
    return [...asked].every((is, gfn) => is === (gfn >= first && gfn < first + npages));
  },
  why: ({ state: { exit, asked } }) =>
    `user space is to convert ${exit!.range!.npages} frames from ${exit!.range!.first} on; asked for are ${[...asked].flatMap((is, gfn) => (is ? [gfn] : [])).join(", ")}`,
});

const withinTheBuffer = always({
  name: "entries-within-the-buffer",
  says: "KVM reads no entry behind the guest's buffer, whatever the guest writes to its header meanwhile",
  source:
    "c8cc238093ca, 121d88de56bc (KVM: SEV), 2026: indices are read once and compared with the buffer's size",
  anytime: true,
  over: {},
  holds: ({ state }) => !state.beyond,
  why: ({ state }) =>
    `KVM read entry ${state.buffer.entries.length} of a buffer that has ${state.buffer.entries.length}`,
});

const everyRequestIsAnswered = always({
  name: "every-request-is-answered",
  says: "a request is with user space, or it has been answered: none is left where it is",
  source: `${MAIL}: KVM loops until the request is complete`,
  over: {},
  when: ({ state }) => state.request !== null,
  holds: ({ state }) => state.exit !== null,
  why: ({ state }) => `a request by the guest's ${state.request!.by} is at work, and nobody has it`,
});

const isOf = (made: Made, call: string): boolean => made.call === call;
/** User space has answered for a buffer that nobody wrote to. */
const answersABuffer = ({ state: { request } }: View, made: Made): boolean =>
  isOf(made, "kvm_run") && request !== null && request.by === "buffer" && !request.rewritten;

const exited = ({ result }: Made): boolean => result === "KVM_EXIT_HYPERCALL";

const eachAnswerAdvances = step({
  name: "each-answer-advances",
  says: "when user space has converted what it was handed, the request goes on behind it, or is over: as many exits as entries at the most",
  source: `${MAIL}: KVM loops until the request is complete`,
  over: {},
  when: ({ state: { request } }, made) =>
    isOf(made, "kvm_run") && request?.by === "buffer" && made.params["ret"] === "0",
  holds: ({ state: { request } }, _made, { state: after }) =>
    after.request === null || after.request.idx >= request!.idx + request!.inflight,
});

const successMeansConverted = step({
  name: "success-means-converted",
  says: "a guest that is told of success finds each frame as it asked",
  source:
    "GHCB specification, 2.03: SNP Page State Change; KVM_HC_MAP_GPA_RANGE, Documentation/virt/kvm/x86/hypercalls.rst",
  over: { gfn: Gfn },
  when: ({ state: s }, made, { gfn }) =>
    isOf(made, "kvm_run") && made.result === 0 && s.request !== null && s.wanted[gfn] !== null,
  holds: ({ state: before }, _made, { state: after }, { gfn }) =>
    after.private[gfn] === (before.wanted[gfn] === "private"),
  why: ({ state }, _made, _after, { gfn }) =>
    `the guest was told that frame ${gfn} is ${state.wanted[gfn]}, and it is not`,
});

export const errorNamesItsEntry = step({
  name: "error-names-its-entry",
  says: "when user space cannot convert a frame, the guest learns which entry failed",
  source: `${MAIL}: granularity of the error codes of entries`,
  over: {},
  when: (before, made) =>
    answersABuffer(before, made) &&
    made.params["refuses"] !== null &&
    made.result === "VMGEXIT_PSC_ERROR_GENERIC",
  holds: ({ state }, made, after) => {
    const { reported } = after.state;
    const gfn = made.params["refuses"] as number;
    return reported !== null && asksFor(state.buffer.entries[reported]!, gfn);
  },
  why: (_before, { params }, { state }) =>
    `frame ${String(params["refuses"])} could not be converted, and the guest is told of entry ${state.reported}`,
});

const oneExitForARequest = step({
  name: "one-exit-for-a-request",
  says: "a request costs one exit to user space",
  source: `${MAIL}: several exits until everything is satisfied`,
  over: {},
  when: answersABuffer,
  holds: (_before, made) => !exited(made),
  why: (_before, _made, { state }) =>
    `the request goes on with entry ${state.request!.idx}, in an exit of its own`,
});

export const contiguousRangesAreOneExit = step({
  name: "contiguous-ranges-are-one-exit",
  says: "entries that follow each other, with the same operation and page size, and with nothing done of the later, cost one exit",
  source: `${MAIL}: contiguous requests can be combined into a range`,
  over: {},
  when: (before, made) => answersABuffer(before, made) && exited(made) && before.state.exit!.range !== null,
  holds: ({ state: before }, _made, { state: after }) => {
    const [last, next] = [before.exit!.range!, after.exit!.range!];
    const { done } = before.buffer.entries[after.request!.idx]!;
    const goesOn = next.op === last.op && next.huge === last.huge && next.first === last.first + last.npages;
    return done > 0 || !goesOn;
  },
  why: (_before, _made, { state }) =>
    `frame ${state.exit!.range!.first} follows the range before, and is an exit of its own`,
});

const upgradeKeepsExits = step({
  name: "upgrade-keeps-exits",
  says: "a request that one kernel hands to user space, and that user space has learned to answer, the next one hands over too",
  source: `${MAIL}: a KVM that comes to support UNSMASH would break user space`,
  over: {},
  asksResults: true,
  when: ({ state: s }, { call, params }) =>
    call === "vmgexit_psc" &&
    s.kernel === "k+1" &&
    params["cur"] === 0 &&
    params["end"] === 1 &&
    isUnsmash(params),
  holds: ({ state }, made) => !state.relies || exited(made),
  why: () => "an UNSMASH came to user space under the kernel before, and no longer does",
});

function isUnsmash({ entry0, entry1 }: Made["params"]): boolean {
  return String(entry0).startsWith("unsmash") && String(entry1).startsWith("unsmash");
}

export const pscPromises = [
  validRanges,
  oneExitKind,
  exitsCoverWhatRemains,
  withinTheBuffer,
  everyRequestIsAnswered,
  eachAnswerAdvances,
  successMeansConverted,
  errorNamesItsEntry,
  oneExitForARequest,
  contiguousRangesAreOneExit,
  upgradeKeepsExits,
];

const convertsTheRest = sometimes({
  name: "the-rest-of-a-huge-page",
  says: "user space is handed one frame of a huge page, of which the other is done",
  source: "snp_begin_psc(), arch/x86/kvm/svm/sev.c: a 2M range of which a part is complete",
  over: {},
  holds: ({ state: { exit, buffer, request } }) =>
    exit !== null &&
    exit.range?.npages === 1 &&
    request!.by === "buffer" &&
    buffer.entries[request!.idx]!.huge,
});

const isMapped = sometimes({
  name: "a-converted-frame-is-mapped",
  says: "the guest maps a frame that it had made private",
  source: "KVM_HC_MAP_GPA_RANGE, Documentation/virt/kvm/x86/hypercalls.rst",
  over: { gfn: Gfn },
  holds: ({ state }, { gfn }) => state.leaves[gfn] === "private",
});

/** What a run must be able to reach. */
export const reached = [convertsTheRest, isMapped];
