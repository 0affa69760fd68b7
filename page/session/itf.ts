/**
 * Traces of other tools (ITF, Apalache ADR-015: Apalache, Quint): states that were recorded. They can be stepped through and looked at as
 * tables; no design is there that could run them.
 */
import { record } from "../../spec/language/domain.ts";
import { design, type AnyDesign } from "../../spec/language/design.ts";
import {
  TRACE_FORMAT,
  type Change,
  type SequentialTrace,
  type TraceStep,
} from "../../spec/language/trace.ts";
import { EVERYTHING } from "../../checkers/explore/bounded.ts";
import { show } from "../../checkers/explore/walk.ts";
import { InputError } from "../../checkers/input.ts";
import { History } from "./cells.ts";
import { lanesOf } from "./lanes.ts";
import type { Picture } from "./picture.ts";
import type { Moment, Session } from "./session.ts";

const CAUSE = "a trace cut short, or of a tool that does not write ITF (Apalache ADR-015)";

/** Variables that say which step was taken, and not what the state is. */
const ACTION = ["mbt::actionTaken", "action_taken", "_action"];

export function openItf(document: Plain, where: string): Session {
  const { states, vars, loop } = document;
  if (!Array.isArray(states) || states.length === 0)
    throw new InputError(`${where}: states`, "no list of states", CAUSE);
  const cells = states.map((state, i) => {
    if (isObject(state)) return cellsOf(state, vars);
    throw new InputError(`${where}: states[${i}]`, "not an object", CAUSE);
  });
  const names = states.map((state) => actionOf(state as Plain));
  return session(where, document, cells, names, typeof loop === "number" ? loop : null);
}

type Plain = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Path → value, as text. */
type Cells = ReadonlyMap<string, string>;

function cellsOf(state: Plain, vars: unknown): Cells {
  const names = Array.isArray(vars) ? vars.map(String) : Object.keys(state);
  const found = new Map<string, string>();
  for (const name of names)
    if (name !== "#meta" && name in state && !ACTION.includes(name)) flatten(name, state[name], found);
  return found;
}

function actionOf(state: Plain): string {
  const name = ACTION.find((one) => typeof state[one] === "string");
  return name === undefined ? "step" : String(state[name]);
}

/** A value of ITF as cells: maps, records and lists by their parts, all else in one. */
function flatten(path: string, value: unknown, found: Map<string, string>): void {
  const parts = partsOf(value);
  if (parts === null || parts.length === 0) found.set(path, parts === null ? text(value) : "empty");
  else for (const [key, inner] of parts) flatten(`${path}${key}`, inner, found);
}

function partsOf(value: unknown): (readonly [string, unknown])[] | null {
  if (Array.isArray(value)) return value.map((inner, i) => [`[${i}]`, inner]);
  if (!isObject(value) || "#bigint" in value || "#unserializable" in value || "#set" in value) return null;
  if (Array.isArray(value["#map"]))
    return value["#map"].map((pair: unknown) =>
      Array.isArray(pair) ? [`[${text(pair[0])}]`, pair[1]] : ["", pair],
    );
  if (Array.isArray(value["#tup"])) return value["#tup"].map((inner, i) => [`[${i}]`, inner]);
  if (isOption(value)) return value["tag"] === "None" ? null : [["", value["value"]]];
  return Object.entries(value).map(([key, inner]) => [`.${key}`, inner]);
}

function isOption({ tag, value, ...rest }: Plain): boolean {
  return (tag === "Some" || tag === "None") && value !== undefined && Object.keys(rest).length === 0;
}

function text(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  if (!isObject(value)) return show(value);
  if ("#bigint" in value) return String(value["#bigint"]);
  if ("#unserializable" in value) return String(value["#unserializable"]);
  if (Array.isArray(value["#set"])) return `{${value["#set"].map(text).join(", ")}}`;
  if (Array.isArray(value["#tup"])) return `(${value["#tup"].map(text).join(", ")})`;
  if (isOption(value)) return value["tag"] === "None" ? "none" : text(value["value"]);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key} ${text(inner)}`)
    .join(", ")}}`;
}

function session(
  where: string,
  document: Plain,
  states: readonly Cells[],
  actions: readonly string[],
  loop: number | null,
): Session {
  const meta = isObject(document["#meta"]) ? document["#meta"] : {};
  const said = (key: string): string => (typeof meta[key] === "string" ? meta[key] : "");
  const name = said("source") === "" ? where : said("source");
  const steps = states.slice(1).map((cells, i) => stepOf(actions[i + 1]!, states[i]!, cells));
  return {
    design: noDesign(name, said("description")),
    trace: traceOf(name, steps),
    isRun: false,
    property: null,
    moments: states.map((cells, index) => new Recorded(index, cells, steps)),
    lanes: lanesOf({ steps, blockedAt: () => [], acquiredBy: () => null }, loop),
    differences: [],
    branchedAt: null,
    bounds: "states that another tool recorded; nothing is run here",
    legend: [],
    choicesAt: () => [],
    calls: () => [],
    branch: () => {
      throw new TypeError("no design is there to run");
    },
    toTrace: () => document,
  };
}

function traceOf(design: string, steps: readonly TraceStep[]): SequentialTrace {
  return {
    format: TRACE_FORMAT,
    design,
    mode: "sequential",
    bounds: {},
    scenario: EVERYTHING,
    tracked: "full",
    breach: null,
    steps,
  };
}

function stepOf(call: string, before: Cells, after: Cells): TraceStep {
  const paths = new Set([...before.keys(), ...after.keys()]);
  const changes: Change[] = [...paths].flatMap((cell) => {
    const [from, to] = [before.get(cell) ?? null, after.get(cell) ?? null];
    return from === to ? [] : [{ cell, from, to }];
  });
  return { call, by: "task", params: {}, result: null, changes };
}

class Recorded implements Moment {
  readonly index: number;
  readonly result = null;
  readonly inFlight = 0;
  readonly breaches = [];
  private readonly values: Cells;
  private readonly steps: readonly TraceStep[];

  constructor(index: number, values: Cells, steps: readonly TraceStep[]) {
    this.index = index;
    this.values = values;
    this.steps = steps;
  }

  get step(): TraceStep | null {
    return this.steps[this.index - 1] ?? null;
  }

  get label(): string {
    return this.step?.call ?? "start";
  }

  get changes(): readonly Change[] {
    return this.step?.changes ?? [];
  }

  get state(): unknown {
    return Object.fromEntries(this.values);
  }

  get picture(): Picture {
    const history = new History(this.steps.slice(0, this.index).map(({ changes }) => changes));
    const cells = [...this.values].map(([path, value]) => {
      const { since, before } = history.of(path);
      return { path, value, since, before, changed: before !== null, marked: null };
    });
    return { files: [], vms: [], cells };
  }
}

/** In the place of a design, where none is known. */
function noDesign(name: string, says: string): AnyDesign {
  return design({
    name,
    says,
    source: "",
    bounds: {},
    machine: () => ({}),
    sizes: () => ({}),
    state: record({}),
    calls: {},
    view: () => ({}),
    promises: [],
    scenarios: {},
    vectors: [],
  });
}
