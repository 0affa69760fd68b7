/** Designs in a file of their own, to be compared by the command line: an office with seats that are taken. */
import { callsOf, design, record, upTo, variant } from "../../spec/language.ts";
import type { Bounds, ValueOf } from "../../spec/language.ts";

const state = record({ taken: upTo("seats") });
type State = ValueOf<typeof state>;
type Machine = { readonly seats: number };
const { call } = callsOf<State, Machine>();

const take = (most: (seats: number) => number) =>
  call({
    kernel: "a toy",
    by: "task",
    takes: {},
    returns: ["EBUSY"],
    sections: {
      "find a seat": (s, _c, { seats }) => (s.taken === most(seats) ? "EBUSY" : undefined),
      "take it": (s) => void s.taken++,
    },
  });
const leave = call({
  kernel: "a toy",
  by: "task",
  takes: {},
  returns: [],
  sections: { leave: (s) => void (s.taken = Math.max(0, s.taken - 1)) },
});

export const office = design({
  name: "office",
  says: "seats are taken and left",
  source: "a toy",
  bounds: { seats: { says: "seats", default: 2, most: 200 } },
  machine: (bounds: Bounds): Machine => ({ seats: Number(bounds["seats"]) }),
  sizes: ({ seats }) => ({ seats }),
  state,
  calls: { take: take((seats) => seats), leave },
  view: (s) => s,
  promises: [],
  scenarios: {},
  vectors: [{ bounds: {} }],
});

const delta = { says: "a toy", source: "a toy" } as const;
export const strictOffice = variant(office, {
  ...delta,
  name: "strict-office",
  calls: { take: take((seats) => seats - 1) },
});
export const lateOffice = variant(office, {
  ...delta,
  name: "late-office",
  scenarios: { late: { says: "one seat is taken", given: [{ call: "take", params: {} }] } },
});
export const brokenOffice = variant(office, {
  ...delta,
  name: "broken-office",
  calls: { take: take((seats) => seats + 1) },
});
export const emptyOffice = variant(office, {
  ...delta,
  name: "empty-office",
  calls: {
    leave: {
      ...leave,
      returns: ["EINVAL"],
      sections: { leave: (s: State) => (s.taken === 0 ? "EINVAL" : void s.taken--) },
    },
  },
});
