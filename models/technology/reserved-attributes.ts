/**
 * Memory for memory attributes: the xarray that holds them is given its entries before any is stored, so that no conversion stops half-way, and an
 * entry that was reserved in vain is none (kvm_vm_set_mem_attributes(), virt/kvm/kvm_main.c, 7.3).
 */
import {
  bool,
  callsOf,
  design,
  goTo,
  oneOf,
  per,
  positions,
  propertiesOf,
  record,
  upTo,
  type Bounds,
  type ValueOf,
} from "../../spec/language.ts";
import { Gfn, type VmId } from "../../spec/guest-memory.ts";
import { slotsLock } from "../guest-memfd/locks.ts";

const state = record({
  /** kvm->mem_attr_array: `reserved` is XA_ZERO_ENTRY, which xa_load() gives as NULL and a walk may meet. */
  entries: per(Gfn, oneOf("none", "reserved", "private")),
  /** KVM_LPAGE_MIXED_FLAG of the huge range that all the frames make. */
  mixed: bool,
});
interface State extends ValueOf<typeof state> {}
type Entry = State["entries"][number];

interface Machine {
  readonly gfns: number;
}

const { call, choice } = callsOf<State, Machine>();

const theSlotsLock = () => slotsLock(0 as VmId);

interface Conversion {
  readonly gfn: number;
  readonly npages: number;
  readonly private: boolean;
  /** How many entries can be allocated, until there is no memory for more. */
  readonly memory: number;
  allocated: number;
  failed: boolean;
}

/** What a walk takes for no attribute. */
type IsEmpty = (entry: Entry) => boolean;
/** xa_is_zero() entries are skipped: 277d3623d99a, 7.2. */
const isNoAttribute: IsEmpty = (entry) => entry !== "private";

/** kvm_range_has_memory_attributes() */
const hasAttributes = (s: State, first: number, end: number, isPrivate: boolean, isEmpty: IsEmpty): boolean =>
  [...s.entries].slice(first, end).every((entry) => (isPrivate ? entry === "private" : isEmpty(entry)));

export const lookWhetherSo =
  (isEmpty: IsEmpty) =>
  (s: State, { gfn, npages, private: isPrivate }: Conversion) =>
    hasAttributes(s, gfn, gfn + npages, isPrivate, isEmpty) ? goTo("drop slots_lock") : undefined;

/** xa_reserve(), entry by entry: what was reserved before memory ran out stays so. */
export function reserve(s: State, c: Conversion): void {
  for (let gfn = c.gfn; gfn < c.gfn + c.npages && !c.failed; gfn++) {
    if (s.entries[gfn] !== "none") continue;
    if (c.allocated++ === c.memory) c.failed = true;
    else s.entries[gfn] = "reserved";
  }
}

/** kvm_arch_post_set_memory_attributes(), with hugepage_has_attrs() of a range that is partly converted. */
export const updateMixed =
  (isEmpty: IsEmpty) =>
  (s: State, c: Conversion): void => {
    s.mixed = !hasAttributes(s, 0, s.entries.length, c.private, isEmpty);
  };

const setMemoryAttributes = call({
  kernel: "kvm_vm_set_mem_attributes(), virt/kvm/kvm_main.c, 7.3",
  by: "task",
  takes: {
    gfn: Gfn,
    npages: choice<number>((m, { gfn }) => positions(m.gfns - gfn).map((n) => n + 1)),
    private: bool,
    memory: choice<number>((m) => positions(m.gfns + 1)),
  },
  keeps: { allocated: upTo("allocations"), failed: bool },
  returns: ["ENOMEM"],
  leaves: {
    ENOMEM: {
      says: "entries stay reserved, and hold no attribute",
      source:
        "kvm_vm_set_mem_attributes() does not release them; xa_load() gives NULL for them, lib/xarray.c",
    },
  },
  sections: {
    "take slots_lock": { takes: theSlotsLock },
    "look whether all is so already": { local: true, run: lookWhetherSo(isNoAttribute) },
    // To store no entry needs no memory: 119e9db233ad, 7.3.
    "reserve entries": { local: true, when: (c) => c.private, run: reserve },
    "give up without memory": {
      local: true,
      run: (_s, { failed }) => (failed ? goTo("drop slots_lock") : undefined),
    },
    "store the attributes": (s, { gfn, npages, private: isPrivate }) => {
      for (let at = gfn; at < gfn + npages; at++) s.entries[at] = isPrivate ? "private" : "none";
    },
    "say what is mixed": updateMixed(isNoAttribute),
    "drop slots_lock": { drops: theSlotsLock, run: (_s, { failed }) => (failed ? "ENOMEM" : undefined) },
  },
});

const { always, sometimes, step } = propertiesOf<State>();

const clearingNeedsNoMemory = step({
  name: "clearing-needs-no-memory",
  says: "to take attributes away never fails for want of memory",
  source: "119e9db233ad (Don't pre-reserve xarray entries when storing empty memory attributes), 7.3",
  over: {},
  asksResults: true,
  when: (_before, { params }) => params["private"] === false,
  holds: (_before, { result }) => result !== "ENOMEM",
  why: () => "frames were to be shared, which takes no entry, and the call ended with ENOMEM",
});

const mixedIsSo = always({
  name: "mixed-is-so",
  says: "a huge range is said to be mixed exactly when it has frames of both types",
  source: "90b4fe17981e (KVM: x86: Disallow hugepages when memory attributes are mixed), 6.8",
  over: {},
  holds: ({ entries, mixed }) => mixed === new Set([...entries].map((entry) => entry === "private")).size > 1,
  why: ({ entries, mixed }) =>
    `the entries are ${[...entries].join(", ")}, and the range is said to be ${mixed ? "mixed" : "of one type"}`,
});

const reservedInVain = sometimes({
  name: "an-entry-stays-reserved",
  says: "an entry was reserved, and nothing was stored",
  source: "kvm_vm_set_mem_attributes(), virt/kvm/kvm_main.c",
  over: { gfn: Gfn },
  holds: ({ entries }, { gfn }) => entries[gfn] === "reserved",
});

export const reservedAttributes = design({
  name: "reserved-attributes",
  says: "conversions for which there may be no memory; what they reserve in vain nobody takes for an attribute",
  source: "277d3623d99a (7.2) with 119e9db233ad (7.3)",
  bounds: {
    gfns: { says: "frames of the guest, all of one huge range", default: 2, most: 4 },
    tasks: { says: "threads of the process", default: 1, most: 2 },
  },
  machine: (bounds: Bounds): Machine => ({ gfns: Number(bounds["gfns"]) }),
  sizes: ({ gfns }) => ({ gfns, allocations: gfns + 1 }),
  state,
  calls: { set_memory_attributes: setMemoryAttributes },
  view: (s: State) => s,
  promises: [clearingNeedsNoMemory, mixedIsSo],
  statements: [reservedInVain],
  scenarios: {},
  vectors: [
    { bounds: {}, quick: true },
    { bounds: { gfns: 4 } },
    { bounds: { tasks: 2 }, mode: "overlap", quick: true },
  ],
});
