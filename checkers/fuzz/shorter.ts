/** Whether there is a shorter trace at all: an exhaustive search where a failure has been shrunk to, as far as its budget lets it. */
import { ModelError } from "../../spec/language/verdict.ts";
import type { AnyDesign, Scenario } from "../../spec/language/design.ts";
import { CALLS_END, LINEARIZABLE } from "../../spec/language/kernel-bug.ts";
import type { Trace } from "../../spec/language/trace.ts";
import { scenarioOf } from "../explore/bounded.ts";
import { checkVector } from "../explore/check.ts";
import { inScenario } from "../explore/instances.ts";
import type { Budget } from "../explore/sweep.ts";
import { UsageError } from "../usage-error.ts";

export interface Searched {
  /** Whether every call was tried that the scenario lets in, or only those that occur in the trace. */
  readonly calls: "all" | "those of the trace";
  /** The length of the shortest trace that the search met; null where it met none. */
  readonly steps: number | null;
  /** Whether all traces shorter than the one given, or than the one met, were tried. */
  readonly isExhaustive: boolean;
  readonly states: number;
  /** Why the design is none at these bounds; absent where it is one. */
  readonly invalid?: string;
  /** The trace that the search met, where it is shorter. */
  readonly shorter: Trace | null;
}

/** Null where no search can be made: there are too many calls at these bounds. */
export async function searchShorter(
  design: AnyDesign,
  trace: Trace,
  budget: Budget,
  stop: () => boolean = () => false,
): Promise<Searched | null> {
  const all = await search(design, trace, "all", budget, stop);
  if (all === null || all.isExhaustive || all.shorter !== null || all.invalid !== undefined) return all;
  const some = await search(design, trace, "those of the trace", budget, stop);
  return some?.isExhaustive === true || some?.shorter ? some : all;
}

async function search(
  design: AnyDesign,
  trace: Trace,
  calls: Searched["calls"],
  budget: Budget,
  stop: () => boolean,
): Promise<Searched | null> {
  const property = trace.breach!.property;
  // Of the others a search knows only when it has ended.
  const isSoon = trace.mode === "sequential" || !BEHIND.includes(property);
  // What is asked in the states of a level, and of the calls that lead there, is known when the one before it is expanded.
  const levels = isSoon ? { levels: trace.steps.length - 1 } : {};
  try {
    const report = await checkVector(
      calls === "all" ? design : restricted(design, trace),
      {
        bounds: trace.bounds,
        scenario: calls === "all" ? trace.scenario : OF_THE_TRACE,
        mode: trace.mode,
        ...(trace.mode === "overlap" ? { overlap: trace.overlap } : {}),
      },
      {
        budget: { ...budget, ...levels },
        only: new Set([property]),
        stop: () => (stop() ? "stopped" : null),
      },
    );
    const found = report.properties.find(({ name }) => name === property);
    const steps = found?.trace === undefined ? null : found.steps!;
    const isShorter = steps !== null && steps < trace.steps.length;
    const shorter = isShorter ? { ...found!.trace!, scenario: trace.scenario } : null;
    const least = Math.min(steps ?? Infinity, trace.steps.length);
    const isExhaustive = report.complete || (isSoon && report.depth >= least - 2);
    const { states, verdict, reason } = report;
    const invalid = verdict === "invalid" ? { invalid: reason ?? "" } : {};
    return { calls, steps, isExhaustive, states, shorter, ...invalid };
  } catch (error) {
    if (error instanceof UsageError || error instanceof ModelError) return null;
    throw error;
  }
}

/** What is asked of calls that overlap behind the search. */
const BEHIND: readonly string[] = [CALLS_END.name, LINEARIZABLE.name];
const OF_THE_TRACE = "calls of the trace";

/** The design with a scenario that lets in no call but those that a trace makes. */
function restricted(design: AnyDesign, { scenario: name, steps }: Trace): AnyDesign {
  const scenario: Scenario = scenarioOf(design, name);
  const made = new Set(steps.map(({ call }) => call));
  const calls = Object.entries(design.calls).flatMap(([call, of]) =>
    made.has(call) && inScenario(call, of, scenario) ? [call] : [],
  );
  const { without: _, ...rest } = scenario;
  return { ...design, scenarios: { ...design.scenarios, [OF_THE_TRACE]: { ...rest, calls } } };
}
