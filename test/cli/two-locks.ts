/** A design in a file of its own, whose two calls take two locks in opposite orders. */
import { callsOf, design, mutex, propertiesOf, record, upTo } from "../../spec/language.ts";
import type { Bounds, ValueOf } from "../../spec/language.ts";

const state = record({ made: upTo("most") });
type State = ValueOf<typeof state>;
type Machine = { readonly most: number };
const { call } = callsOf<State, Machine>();
const { always, step } = propertiesOf<State>();

const a = mutex("lock_a", "a toy");
const b = mutex("lock_b", "a toy");
const nesting = (outer: typeof a, inner: typeof a) =>
  call({
    kernel: "a toy",
    by: "task",
    takes: {},
    returns: ["EBUSY"],
    sections: {
      "take the outer one": { takes: () => outer(0) },
      "take the inner one": {
        takes: () => inner(0),
        run: (s, _c, { most }) => {
          if (s.made === most) return "EBUSY";
          s.made++;
          return undefined;
        },
      },
      "drop both": { drops: () => [inner(0), outer(0)] },
    },
  });

const claim = { says: "a toy", source: "a toy", over: {} } as const;

export const twoLocks = design({
  name: "two-locks",
  says: "two calls, and two locks",
  source: "a toy",
  bounds: {
    tasks: { says: "tasks", default: 2, most: 3 },
    most: { says: "how often the locks are taken", default: 1, most: 3 },
  },
  machine: (bounds: Bounds): Machine => ({ most: Number(bounds["most"]) }),
  sizes: ({ most }) => ({ most }),
  state,
  calls: { up: nesting(a, b), down: nesting(b, a) },
  view: (s) => s,
  promises: [
    always({ ...claim, name: "counted", holds: ({ made }) => made >= 0 }),
    step({ ...claim, name: "grows", holds: (before, _made, after) => after.made >= before.made }),
  ],
  knownBreaches: [{ property: "lock-order", says: "it is what the toy is for", source: "a toy" }],
  scenarios: { rising: { says: "one order alone", calls: ["up"] } },
  vectors: [
    { bounds: {}, quick: true },
    { bounds: {}, mode: "overlap" },
    { bounds: {}, mode: "overlap", overlap: 1 },
    { bounds: { tasks: 3 }, mode: "full" },
  ],
});
