/** What a session does with its run, whether calls follow one another in it or overlap. */
import type { Breach, SectionStep, Trace, TraceStep, Waiting } from "../../spec/language/trace.ts";
import type { Scene } from "../../checkers/explore/bounded.ts";
import type { Broken, Choice, Reach } from "./session.ts";

export interface Run {
  readonly scene: Scene;
  readonly steps: readonly (TraceStep | SectionStep)[];
  /** The state before the first step, and behind each. */
  readonly states: readonly object[];
  /** Where it differs from what a file says. */
  readonly differences: readonly string[];
  inFlightAt(index: number): number;
  blockedAt(index: number): readonly Waiting[];
  /** The lock that a step acquired, held or dropped at its end. */
  acquiredBy(step: number): string | null;
  breachesAt(index: number): readonly Broken[];
  choicesAt(index: number, reach: Reach): readonly Choice[];
  /** The run up to a moment, and one step more. */
  extended(index: number, choice: Choice): Run;
  /** As a trace that ends in a breach, or in none. */
  asTrace(breach: Breach | null): Trace;
}
