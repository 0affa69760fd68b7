/** A design whose mutants end in every way: a car park. Bays 0 and 1 are explored; from bay 3 on there are none. */
import { bool, callsOf, design, id, per, propertiesOf, record, upTo } from "../../spec/language.ts";
import type { Bounds, ValueOf } from "../../spec/language.ts";

const Bay = id("bays");
const state = record({ taken: per(Bay, bool), count: upTo("bays") });
type State = ValueOf<typeof state>;
interface Machine {
  readonly bays: number;
}
const { call } = callsOf<State, Machine>();
const { always } = propertiesOf<State>();

const LAST = 2;

const park = call({
  kernel: "park(), a toy",
  by: "task",
  takes: { at: Bay },
  returns: ["EBUSY", "EINVAL"],
  sections: {
    "look for the bay": (_s, { at }) => {
      // No run comes to the answer: that it goes, nobody can tell.
      if (at > LAST) return "EINVAL";
    },
    "refuse what is taken": (s, { at }) => {
      if (s.taken[at]) return "EBUSY";
    },
    "take it": (s, { at }) => {
      s.taken[at] = true;
      s.count++;
    },
  },
});

const leave = call({
  kernel: "leave(), a toy",
  by: "task",
  takes: { at: Bay },
  returns: ["ENOENT", "EPERM"],
  sections: {
    "free it": (s, { at }) => {
      // That it is this errno, nothing promises.
      if (!s.taken[at]) return "ENOENT";
      s.taken[at] = false;
      s.count--;
    },
  },
});

export const parking = design({
  name: "parking",
  says: "a car park counts its cars",
  source: "test/mutate/parking.ts",
  bounds: { bays: { says: "bays", default: 2, most: 4 } },
  machine: (bounds: Bounds): Machine => ({ bays: Number(bounds["bays"]) }),
  sizes: ({ bays }: Machine) => ({ bays }),
  state,
  calls: { park, leave },
  view: (s) => s,
  promises: [
    always({
      name: "count-is-right",
      says: "the count is that of the bays that are taken",
      source: "test/mutate/parking.ts",
      over: {},
      holds: (s) => s.count === [...s.taken].filter(Boolean).length,
    }),
    always({
      name: "no-bay-is-lost",
      says: "a bay is taken or it is not",
      source: "test/mutate/parking.ts",
      over: { at: Bay },
      when: (s, { at }) => s.taken[at]! && !s.taken[at],
      holds: () => false,
    }),
  ],
  statements: [
    always({
      name: "a-bay-is-free",
      says: "there is room for one more",
      source: "test/mutate/parking.ts",
      over: {},
      holds: (s) => [...s.taken].some((isTaken) => !isTaken),
    }),
  ],
  knownBreaches: [
    { property: "a-bay-is-free", says: "it fills up, as car parks do", source: "test/mutate/parking.ts" },
  ],
  scenarios: {},
  vectors: [{ bounds: {}, quick: true }],
});
