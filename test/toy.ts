/** A design small enough to count by hand: switches that are turned on and off, and a counter of how many are on. */
import { bool, callsOf, design, id, per, propertiesOf, record, upTo } from "../spec/language.ts";
import type { Bounds, ValueOf } from "../spec/language.ts";
import type { AnyCall } from "../spec/language/call.ts";
import type { AnyDesign, Profile, Vector } from "../spec/language/design.ts";
import type { Property } from "../spec/language/property.ts";
import { checkVector, type RunReport } from "../checkers/explore/check.ts";
import { NO_LIMIT, type Budget } from "../checkers/explore/sweep.ts";

export const Switch = id("switches");
export const state = record({ on: per(Switch, bool), count: upTo("switches") });
export type State = ValueOf<typeof state>;
export interface Machine {
  readonly switches: number;
}
export const { call } = callsOf<State, Machine>();
export const { always, sometimes, step } = propertiesOf<State>();

export const turnOn = call({
  kernel: "switch_on(), a toy",
  by: "task",
  takes: { at: Switch },
  returns: ["EBUSY"],
  sections: {
    "refuse what is on": (s, { at }) => (s.on[at] ? "EBUSY" : undefined),
    "turn it on": (s, { at }) => {
      s.on[at] = true;
      s.count++;
    },
  },
});

export const turnOff = call({
  kernel: "switch_off(), a toy",
  by: "task",
  takes: { at: Switch },
  returns: ["EINVAL"],
  sections: {
    "turn it off": (s, { at }) => {
      if (!s.on[at]) return "EINVAL";
      s.on[at] = false;
      s.count--;
      return 0;
    },
  },
});

export interface ToyOptions {
  readonly calls?: Readonly<Record<string, AnyCall<State, Machine>>>;
  readonly promises?: readonly Property<State>[];
  readonly vectors?: readonly Vector[];
}

export function toy({ calls = {}, promises = [], vectors = [{ bounds: {} }] }: ToyOptions = {}): AnyDesign {
  return design({
    name: "toy",
    says: "switches",
    source: "test/toy.ts",
    bounds: { switches: { says: "switches", default: 2, most: 20 } },
    machine: (bounds: Bounds): Machine => ({ switches: Number(bounds["switches"]) }),
    sizes: ({ switches }) => ({ switches }),
    state,
    calls: { turn_on: turnOn, turn_off: turnOff, ...calls },
    view: (s) => s,
    promises,
    scenarios: { rising: { says: "only up", calls: ["turn_on"] } },
    vectors,
  });
}

/** One run of a design with no budget, unless one is given. */
export function run(
  design: AnyDesign,
  bounds: Bounds = {},
  more: { readonly track?: Profile; readonly scenario?: string; readonly budget?: Budget } = {},
): Promise<RunReport> {
  const { budget = NO_LIMIT, ...vector } = more;
  return checkVector(design, { bounds, ...vector }, { budget });
}

export function verdictOf(report: RunReport, property: string): string | undefined {
  return report.properties.find(({ name }) => name === property)?.verdict;
}
