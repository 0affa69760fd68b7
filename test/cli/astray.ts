/** A design that writes outside of a table: nothing that a fast run packs tells of it. */
import { bool, callsOf, design, id, per, propertiesOf, record, type ValueOf } from "../../spec/language.ts";

const Switch = id("switches");
const state = record({ on: per(Switch, bool) });
type State = ValueOf<typeof state>;
const { call } = callsOf<State, object>();
const { always } = propertiesOf<State>();
const spec = { kernel: "a toy", by: "task", returns: [] } as const;

export const astray = design({
  name: "astray",
  says: "switches, and a call that misses them",
  source: "a test",
  bounds: {},
  machine: () => ({}),
  sizes: () => ({ switches: 2 }),
  state,
  calls: {
    stray: call({ ...spec, takes: {}, sections: { "go astray": (s) => void (s.on[-1 as never] = true) } }),
    turn: call({ ...spec, takes: { at: Switch }, sections: { turn: (s, { at }) => void (s.on[at] = true) } }),
  },
  view: (s) => s,
  promises: [
    always({
      name: "two",
      says: "there are two",
      source: "a test",
      over: {},
      holds: ({ on }) => on.length === 2,
    }),
  ],
  scenarios: {},
  vectors: [{ bounds: {} }],
});
