/** Traces of whatever calls a design takes, one after the other, drawn by a seed: what no counterexample has. */
import { dangerOf } from "../../checkers/emit/expected.ts";
import { sceneOf } from "../../checkers/explore/bounded.ts";
import { instancesOf } from "../../checkers/explore/instances.ts";
import { makeInstance } from "../../checkers/explore/sequential.ts";
import { Runner } from "../../checkers/trace/run.ts";
import type { AnyDesign, Bounds } from "../../spec/language/design.ts";
import { TRACE_FORMAT, type SequentialTrace, type TraceStep } from "../../spec/language/trace.ts";

/** The least of the multipliers that L'Ecuyer's tables have for 2^32. */
const MULTIPLIER = 32310901;

function draws(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, MULTIPLIER) + 1) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** A trace of `length` calls; calls of the kernel's own, and what would take something from the machine, are left out. */
export function walk(design: AnyDesign, given: Bounds, length: number, seed: number): SequentialTrace {
  const { bounds, scenario, m, sizes, start } = sceneOf(design, { bounds: given });
  const tried = instancesOf(design.calls, { says: "every call" }, m, sizes);
  const names = [...new Set(tried.filter(({ call }) => call.by !== "kernel").map(({ name }) => name))];
  const draw = draws(seed);
  const runner = new Runner(design, m, sizes, start);
  const steps: TraceStep[] = [];
  while (steps.length < length) {
    const name = names[draw(names.length)]!;
    const of = tried.filter((instance) => instance.name === name);
    const { call, params } = of[draw(of.length)]!;
    // Advice is refused where memory is locked, of which the designs know nothing.
    if (name === "mlock" || dangerOf({ op: name, result: {}, ...params }) !== null) continue;
    const before = runner.state;
    const step = runner.make(makeInstance(name, call, params, sizes));
    if (runner.bug !== null) throw new Error(`a walk into a bug of the kernel: ${runner.bug.message}`);
    if (step === null) continue;
    // What is refused has many more arguments than what is not.
    if (typeof step.result === "string" && draw(6) > 0) runner.state = before;
    else steps.push(step);
  }
  return {
    format: TRACE_FORMAT,
    design: design.name,
    bounds,
    scenario,
    tracked: "full",
    breach: null,
    mode: "sequential",
    steps,
  };
}
