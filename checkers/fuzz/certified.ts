/** Whether a trace is the minimum that its certificate says: every single reduction of it is run again. */
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Certificate, Trace } from "../../spec/language/trace.ts";
import { COUNTED } from "./minimum.ts";
import { planOfTrace } from "./plan.ts";
import { Stages } from "./stage.ts";
import { Trials } from "./trials.ts";

export interface Certified {
  /** What was run; null where one of them fails. */
  readonly certificate: Certificate | null;
  /** The reduction that fails still: "without call 3, close". */
  readonly smaller: string | null;
}

/** Null for a trace that does not end in the breach that it names. */
export function certified(design: AnyDesign, trace: Trace): Certified | null {
  const all = certifiedDownTo("at all", design, trace);
  const { certificate } = trace;
  if (all === null || isSame(all.certificate, certificate)) return all;
  // Below its defaults a design may be none: it was not shrunk to there.
  const some = certifiedDownTo("than the defaults", design, trace);
  return isSame(some?.certificate, certificate) ? some : all;
}

function certifiedDownTo(
  noLess: "at all" | "than the defaults",
  design: AnyDesign,
  trace: Trace,
): Certified | null {
  const { breach, scenario } = trace;
  if (breach === null) return null;
  const like = trace.mode === "sequential" ? { breach } : { breach, overlap: trace.overlap };
  const trials = new Trials(like, new Stages(design, scenario, noLess));
  const plan = planOfTrace(trace);
  if (trials.failing(plan) === null) return null;
  const counts = { deletions: 0, arguments: 0, actors: 0, bounds: 0 };
  for (const { kind, what, to } of trials.ways(plan)) {
    if (trials.failing(to) !== null) return { certificate: null, smaller: what };
    counts[COUNTED[kind]]++;
  }
  return { certificate: counts, smaller: null };
}

function isSame(a: Certificate | null | undefined, b: Certificate | undefined): boolean {
  const kinds = ["deletions", "arguments", "actors", "bounds"] as const;
  return !!a && b !== undefined && kinds.every((kind) => a[kind] === b[kind]);
}
