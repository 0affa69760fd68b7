/**
 * Whom a restrictedmem file tells that pages of it go: the slots that are bound to it, found by their offsets in an xarray, as a guest_memfd does
 * (virt/kvm/guest_memfd.c, 6.8). v10 kept them in a list.
 */
import {
  callsOf,
  design,
  disabled,
  maybe,
  per,
  positions,
  propertiesOf,
  record,
  upTo,
  type Bounds,
  type Row,
  type ValueOf,
} from "../../spec/language.ts";
import { Page, Slot, type InodeId } from "../../spec/guest-memory.ts";
import { invalidateLock } from "../guest-memfd/locks.ts";

const state = record({
  /** The range of the file that each slot is bound to, if it is. */
  bindings: per(Slot, maybe(record({ first: Page, npages: upTo("pages") }))),
  /** No kernel state: which slots the last hole called back, and how often. */
  called: per(Slot, upTo("pages")),
});
interface State extends ValueOf<typeof state> {}

interface Machine {
  readonly pages: number;
  readonly slots: number;
}

const { call, choice } = callsOf<State, Machine>();

/** The only file. */
export const INODE = 0 as InodeId;
const writeInvalidateLock = () => invalidateLock.write(INODE);

interface Pages {
  readonly first: number;
  readonly npages: number;
}

export const overlap = (a: Pages, b: Pages): boolean =>
  a.first < b.first + b.npages && b.first < a.first + a.npages;

const range = {
  first: Page,
  npages: choice<number>((m, { first }) => positions(m.pages - first).map((n) => n + 1)),
};

const bind = call({
  kernel:
    "restrictedmem_register_notifier(), mm/restrictedmem.c, v10; kvm_gmem_bind(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { slot: Slot, ...range },
  returns: ["EEXIST"],
  sections: {
    "store the binding": {
      under: writeInvalidateLock,
      run: (s, { slot, first, npages }) => {
        for (const other of s.bindings)
          if (other !== null && overlap(other, { first, npages })) return "EEXIST";
        if (s.bindings[slot] !== null) return "EEXIST";
        s.bindings[slot] = { first, npages };
      },
    },
  },
});

const unbind = call({
  kernel:
    "restrictedmem_unregister_notifier(), mm/restrictedmem.c, v10; kvm_gmem_unbind(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { slot: Slot },
  returns: [],
  sections: {
    "erase the binding": {
      under: writeInvalidateLock,
      run: (s, { slot }) => {
        if (s.bindings[slot] === null) return disabled;
        s.bindings[slot] = null;
      },
    },
  },
});

/** Which slots are called back for a hole. */
type Finds = (binding: Pages, hole: Pages) => boolean;

/** restrictedmem_invalidate_start(), v10; kvm_gmem_invalidate_begin() */
export const tell =
  (finds: Finds) =>
  (s: State, hole: Pages): void => {
    const called = s.called as Row<number>;
    for (const [slot, binding] of [...s.bindings].entries())
      called[slot] = binding !== null && finds(binding, hole) ? 1 : 0;
  };

const punchHole = call({
  kernel:
    "restrictedmem_punch_hole(), mm/restrictedmem.c, v10; kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: range,
  returns: [],
  sections: {
    // xa_for_each_range()
    "tell whom it concerns": { under: writeInvalidateLock, run: tell(overlap) },
  },
});

interface View {
  readonly state: State;
}
const { step } = propertiesOf<View>();

const concerned = ({ bindings }: State, hole: Pages): number =>
  [...bindings].filter((binding) => binding !== null && overlap(binding, hole)).length;
const callbacks = ({ called }: State): number => [...called].reduce((sum, n) => sum + n, 0);

const costOfAHole = step({
  name: "cost-of-a-hole",
  says: "what a hole costs grows with its pages and with the slots that show them, and not with all slots of the file",
  source:
    "review of restrictedmem v10, Sean Christopherson, January 2023: to invoke every notifier of a file does not scale",
  over: {},
  asksResults: true,
  when: (_before, made) => made.call === "punch_hole",
  holds: (before, { params }, after) =>
    callbacks(after.state) <= concerned(before.state, params as unknown as Pages),
  why: (before, { params }, after) =>
    `${callbacks(after.state)} slots were called back, and ${concerned(before.state, params as unknown as Pages)} of them show a page of the hole`,
});

const toldWhomItConcerns = step({
  name: "told-whom-it-concerns",
  says: "every slot that shows a page of a hole is called back",
  source: "kvm_gmem_invalidate_begin(), virt/kvm/guest_memfd.c",
  over: { slot: Slot },
  asksResults: true,
  when: (before, made, { slot }) =>
    made.call === "punch_hole" &&
    before.state.bindings[slot] !== null &&
    overlap(before.state.bindings[slot], made.params as unknown as Pages),
  holds: (_before, _made, after, { slot }) => after.state.called[slot] > 0,
});

export const restrictedmem = design({
  name: "restrictedmem",
  says: "a hole calls back the slots that show a page of it, found by their offsets",
  source:
    "review of restrictedmem v10, Sean Christopherson, January 2023: an xarray of bindings; guest_memfd, 6.8",
  bounds: {
    pages: { says: "pages of the file", default: 2, most: 4 },
    slots: { says: "slots", default: 2, most: 4 },
  },
  machine: (bounds: Bounds): Machine => ({ pages: Number(bounds["pages"]), slots: Number(bounds["slots"]) }),
  sizes: ({ pages, slots }) => ({ pages, slots }),
  state,
  calls: { bind, unbind, punch_hole: punchHole },
  view: (s: State): View => ({ state: s }),
  promises: [costOfAHole, toldWhomItConcerns],
  scenarios: {},
  vectors: [{ bounds: {}, quick: true }, { bounds: { pages: 4, slots: 4 } }],
});
