/** Designs that are tables: of each state and call, the result and the next state. Small enough to be compared by hand, and made at random. */
import { callsOf, design, position, record } from "../../spec/language.ts";
import type { Bounds, ValueOf } from "../../spec/language.ts";
import type { AnyCall, Step } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Property } from "../../spec/language/property.ts";

const state = record({ at: position("states") });
export type State = ValueOf<typeof state>;
interface Machine {
  readonly states: number;
}
const { call } = callsOf<State, Machine>();

/** How a call ends in one state, and the state behind it. */
export type Row = readonly [result: string | number | null | 0, to: number];
export type Table = readonly Row[];

const ERRNOS = ["EINVAL", "EBUSY", "EEXIST"] as const;
type Result = (typeof ERRNOS)[number] | "KVM_EXIT_MMIO";

/** "v1" is a value, "v?" undefined contents, "disabled" that it cannot be made. */
export function tabled(table: Table, offers = false): AnyCall {
  const rows = table.map(([result, to]) => ({ result: stepOf(result), to }));
  const made = call({
    kernel: "a toy",
    by: "task",
    takes: {},
    returns: ERRNOS,
    exits: ["KVM_EXIT_MMIO"],
    gives: position("states"),
    ...(offers ? { offers: true as const } : {}),
    sections: {
      "look it up": (s: State): Step<Result, number | null> => {
        const { result, to } = rows[s.at]!;
        if (result !== "disabled") s.at = to;
        return result;
      },
    },
  } as never) as AnyCall;
  return made;
}

function stepOf(result: Row[0]): Step<Result, number | null> {
  if (typeof result !== "string" || !result.startsWith("v")) return result as Step<Result, number | null>;
  return { value: result === "v?" ? null : Number(result.slice(1)) };
}

/** One for all: calls that designs share are known to do the same. */
const machine = (bounds: Bounds): Machine => ({ states: Number(bounds["states"]) });

export interface TableDesign {
  readonly name?: string;
  readonly calls: Readonly<Record<string, AnyCall>>;
  readonly states?: number;
  readonly promises?: readonly Property<State>[];
}

export function tableDesign({ name = "table", calls, states = 3, promises = [] }: TableDesign): AnyDesign {
  return design({
    name,
    says: "a table",
    source: "test/compare/tables.ts",
    bounds: { states: { says: "states", default: states, most: 20 } },
    machine,
    sizes: ({ states }) => ({ states }),
    state,
    calls,
    view: (s) => s,
    promises,
    scenarios: {},
    vectors: [{ bounds: {}, quick: true }],
  }) as unknown as AnyDesign;
}
