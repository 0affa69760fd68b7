/** The calls that tell two designs apart, made again on plain states in each of them. */
import { TRACE_FORMAT, type Trace } from "../../spec/language/trace.ts";
import type { Bounded } from "../explore/bounded.ts";
import { runPath } from "../trace/run.ts";
import type { Shared, SharedCall } from "./shared.ts";

/** Up to and with the last call; without it where a design cannot make it. */
export function tracesOf(
  shared: Shared,
  way: readonly SharedCall[],
  last: SharedCall,
): { readonly a: Trace; readonly b: Trace } {
  return {
    a: traceIn(
      shared.a,
      [...way, last].map(({ a }) => a),
    ),
    b: traceIn(
      shared.b,
      [...way, last].map(({ b }) => b),
    ),
  };
}

function traceIn(subject: Bounded, numbers: readonly number[]): Trace {
  const { design, bounds, scenario, tracked, instances } = subject;
  const calls = numbers.filter((k) => k >= 0).map((k) => instances[k]!);
  const run = runPath(subject, calls) ?? runPath(subject, calls.slice(0, -1));
  if (run === null) throw new Error(`the calls that lead to a difference cannot be made in ${design.name}`);
  return {
    format: TRACE_FORMAT,
    design: design.name,
    mode: "sequential",
    bounds,
    scenario,
    tracked,
    breach: null,
    steps: run.steps,
  };
}
