/**
 * Page state change of an SNP guest: a buffer of entries in guest memory (or one frame in the GHCB's MSR), what KVM knows of the request at work, and what it has
 * handed to user space. A huge page has two frames, and the buffer two entries, of 253. Only one request is at work; another vCPU can write to its buffer.
 *
 * Guest-Hypervisor Communication Block Standardization (56421), 2.03: SNP Page State Change; arch/x86/kvm/svm/sev.c.
 */
import {
  bool,
  callsOf,
  maybe,
  oneOf,
  per,
  position,
  record,
  tracked,
  upTo,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Gfn, Vm } from "../../../spec/guest-memory.ts";

export const Entry = position("entries");
/** Frames of a huge page: 512. */
export const HUGE = 2;

/** `unsmash` stands for all that is no conversion: SMASH and UNSMASH, and what the specification has no meaning for. */
const Operation = oneOf("private", "shared", "unsmash");
export type Operation = ValueOf<typeof Operation>;

const PscEntry = record({
  op: Operation,
  gfn: Gfn,
  huge: bool,
  /** cur_page: so many of its frames are converted already. */
  done: upTo("hugePages"),
});
export type PscEntry = ValueOf<typeof PscEntry>;

export const Reason = oneOf(
  "KVM_EXIT_HYPERCALL",
  "KVM_EXIT_HYPERCALL, protected VM",
  "KVM_EXIT_MEMORY_FAULT",
  "KVM_USER_VMGEXIT_PSC_MSR",
  "KVM_USER_VMGEXIT_PSC",
);
export type Reason = ValueOf<typeof Reason>;

/** A range to convert: KVM_HC_MAP_GPA_RANGE. */
const Range = record({ op: Operation, first: Gfn, npages: upTo("range"), huge: bool });
export type Range = ValueOf<typeof Range>;

export const state = record(
  {
    /** KVM_MEMORY_ATTRIBUTE_PRIVATE */
    private: per(Gfn, bool),
    /** Leaves of the guest's page table. */
    leaves: per(Gfn, tracked("mappings", oneOf("none", "private", "shared"))),
    /** The guest's own memory: struct psc_buffer. */
    buffer: record({ cur: upTo("entries"), end: upTo("entries"), entries: per(Entry, PscEntry) }),
    /** The request at work: vcpu->arch.sev_es.psc_idx and psc_inflight, which are of a buffer alone. */
    request: maybe(
      record({
        by: oneOf("buffer", "MSR", "hypercall"),
        idx: upTo("entries"),
        inflight: upTo("entries"),
        // No kernel state: another vCPU has written to the buffer.
        rewritten: bool,
      }),
    ),
    /** The vCPU is in user space, with a range to convert; null in the field where it is the buffer itself. */
    exit: maybe(record({ reason: Reason, range: maybe(Range) })),
    /** The kernel that the host runs: one, or the next. */
    kernel: oneOf("k", "k+1"),

    // No kernel state.
    /** What each frame is to be when the request at work has succeeded. */
    wanted: per(Gfn, maybe(Operation)),
    /** The frames that entries ask for which the exit stands for. */
    asked: per(Gfn, bool),
    /** The first kind of exit that brought a conversion to user space. */
    seen: maybe(Reason),
    /** User space was told of an UNSMASH, and has learned to do it. */
    relies: bool,
    /** KVM read behind the buffer. */
    beyond: bool,
    /** The entry that the guest was last told an error of. */
    reported: maybe(Entry),
  },
  {
    buffer: ({ request }) => request?.by !== "buffer",
    wanted: ({ request }) => request === null,
    asked: ({ request }) => request === null,
  },
);
export interface State extends ValueOf<typeof state> {}
export type Request = NonNullable<State["request"]>;

export interface Machine {
  readonly gfns: number;
  readonly entries: number;
  /** KVM_CAP_EXIT_HYPERCALL has KVM_HC_MAP_GPA_RANGE. */
  readonly exits: boolean;
}

export const bounds = {
  gfns: { says: "frames of the guest; a huge page has two", default: 2, most: 4 },
  entries: { says: "entries of the buffer", default: 2, most: 2 },
  vcpus: { says: "vCPUs: one asks, the other writes to its buffer", default: 2, most: 2 },
  exits: {
    says: "whether user space has enabled KVM_CAP_EXIT_HYPERCALL for KVM_HC_MAP_GPA_RANGE",
    default: "enabled",
    values: ["enabled", "not enabled"],
  },
} as const;

export const machineFor = (of: Bounds): Machine => ({
  gfns: Number(of["gfns"]),
  entries: Number(of["entries"]),
  exits: of["exits"] === "enabled",
});

export const sizesOf = ({ gfns, entries }: Machine) => ({
  vms: 1,
  files: 1,
  inodes: 2,
  spaces: 1,
  slots: 1,
  vcpus: 2,
  pages: gfns,
  gfns,
  entries,
  hugePages: HUGE,
  range: HUGE * entries,
});

export const { call, choice } = callsOf<State, Machine>();

/** The vCPU that asks, and the one that does as it likes meanwhile. */
const vcpu = (n: number) => ({ vm: Vm, vcpu: choice<number>(() => [n]) });
export const asking = vcpu(0);
export const other = vcpu(1);

export const framesOf = (entry: PscEntry): number => (entry.huge ? HUGE : 1);

/** Whether an entry asks for a frame that is still to be converted. */
export const asksFor = (entry: PscEntry, gfn: number): boolean =>
  entry.op !== "unsmash" && gfn >= entry.gfn + entry.done && gfn < entry.gfn + framesOf(entry);

/** KVM_SET_MEMORY_ATTRIBUTES, for a range as user space understands it. */
export function setAttributes(s: State, first: number, end: number, op: Operation): void {
  const isPrivate = op === "private";
  for (let gfn = first; gfn < Math.min(end, s.private.length); gfn++) {
    if (s.private[gfn] !== isPrivate) s.leaves[gfn] = "none";
    s.private[gfn] = isPrivate;
  }
}

/** Entries as a guest writes them, by what they say: whole, half done, done, of a huge page, of none. */
export function entryNamed(name: string): PscEntry {
  const [op, frames, done] = name.split(" ") as [Operation, string, string | undefined];
  const huge = frames.includes("-");
  return { op, gfn: Number(frames[0]), huge, done: done === undefined ? 0 : Number(done[1]) };
}

/** Two frames of each kind that KVM takes. "private 0-1 +1": the second half of a huge page. */
export const legalEntries = ({ gfns }: Machine): readonly string[] => [
  ...["private", "shared"].flatMap((op) => [
    ...Array.from({ length: gfns }, (_, gfn) => `${op} ${gfn}`),
    `${op} 0-1`,
    `${op} 0-1 +1`,
  ]),
  "private 0 +1",
  "unsmash 0-1",
];

/** Not aligned to its size, and more frames done than it has. */
export const oddEntries = (): readonly string[] => ["private 1-2", "shared 0 +2"];
