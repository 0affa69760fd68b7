/** Traces as ITF (Apalache ADR-015), as Quint and Apalache write them. */
import type { AnyDesign } from "../../spec/language/design.ts";
import type { AnyDomain } from "../../spec/language/domain.ts";
import { outcomeText } from "../../spec/language/outcome.ts";
import type { Trace, TraceStep } from "../../spec/language/trace.ts";
import { explain } from "./explain.ts";

type Itf = unknown;

/** `states` are those of the trace, the initial one first; `now` is null where the output must not tell the time. */
export function itf(trace: Trace, states: readonly object[], design: AnyDesign, now: Date | null): Itf {
  const { shape } = design.state;
  if (shape.kind !== "record") throw new TypeError("a state that is no record has no variables");
  const vars = Object.keys(shape.fields);
  const picks = [...new Set(trace.steps.flatMap((step) => Object.keys(step.params)))];
  return {
    "#meta": meta(trace, design, now),
    // The last state is the one before the loop again: what follows it is what follows that one.
    ...(trace.mode === "sequential" || trace.loop === undefined ? {} : { loop: trace.loop + 1 }),
    vars: [...vars, "mbt::actionTaken", "mbt::nondetPicks"],
    states: states.map((state, index) => ({
      "#meta": { index },
      ...Object.fromEntries(
        vars.map((name) => [name, expression(shape.fields[name]!, (state as Record<string, unknown>)[name])]),
      ),
      "mbt::actionTaken": index === 0 ? "init" : action(trace, index - 1),
      "mbt::nondetPicks": Object.fromEntries(picks.map((name) => [name, pick(trace.steps[index - 1], name)])),
    })),
  };
}

/** The call; of one that overlaps others, who makes it and which sections of it ran. */
function action(trace: Trace, at: number): string {
  if (trace.mode === "sequential") return trace.steps[at]!.call;
  const { actor, call, sections } = trace.steps[at]!;
  return `${actor}: ${call}: ${sections.join(", ")}`;
}

function meta(trace: Trace, design: AnyDesign, now: Date | null): Itf {
  const { breach, bounds, scenario, tracked, mode } = trace;
  return {
    format: "ITF",
    "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
    source: design.place.replace(/:\d+$/, ""),
    status: breach === null ? "ok" : "violation",
    description: explain(trace, design).split("\n")[0],
    ...(now === null ? {} : { timestamp: now.getTime() }),
    gmem: {
      design: design.name,
      bounds,
      scenario,
      tracked,
      mode,
      ...(trace.mode === "sequential" ? {} : { overlap: trace.overlap }),
      ...(breach === null ? {} : { property: breach.property, instance: breach.instance, why: breach.why }),
      results: trace.steps.map((step) => outcomeText(step.result)),
    },
  };
}

const UNIT = { "#tup": [] };
const none = { tag: "None", value: UNIT };
const some = (value: Itf): Itf => ({ tag: "Some", value });

function pick(step: TraceStep | undefined, name: string): Itf {
  return step === undefined || !(name in step.params) ? none : some(plain(step.params[name]));
}

/** A parameter value: integers of any size, names, records, and null as an absent option. */
function plain(value: unknown): Itf {
  if (typeof value === "number" || typeof value === "bigint") return { "#bigint": String(value) };
  if (value === null) return none;
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function expression(domain: AnyDomain, value: unknown): Itf {
  const { shape } = domain;
  switch (shape.kind) {
    case "maybe":
      return value === null ? none : some(expression(shape.of, value));
    case "record":
      return Object.fromEntries(
        Object.entries(shape.fields).map(([name, field]) => [
          name,
          expression(field, (value as Record<string, unknown>)[name]),
        ]),
      );
    case "per":
      return {
        "#map": (value as unknown[]).map((element, i) => [
          { "#bigint": String(i) },
          expression(shape.of, element),
        ]),
      };
    case "tracked":
    case "location":
    case "pointing":
      return expression(shape.of, value);
    case "upTo":
    case "index":
      return { "#bigint": String(value) };
    case "bool":
    case "oneOf":
      return value;
  }
}
