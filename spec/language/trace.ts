/** Traces: the calls of a run, with what each answered and what each changed. */
import type { Bounds, Profile } from "./design.ts";
import type { Actor } from "./call.ts";
import type { Outcome } from "./outcome.ts";

export const TRACE_FORMAT = "gmemcheck-trace/1";

/** One cell of the state that a step changed, named by its path: `files[0].descriptors`. */
export interface Change {
  readonly cell: string;
  readonly from: CellValue;
  readonly to: CellValue;
}
export type CellValue = string | number | boolean | null;

export interface TraceStep {
  readonly call: string;
  readonly by: Actor;
  readonly params: Readonly<Record<string, unknown>>;
  readonly result: Outcome;
  readonly changes: readonly Change[];
}

/** The breach that a trace ends in: which property, for which instance, and why. */
export interface Breach {
  readonly property: string;
  readonly instance: Readonly<Record<string, number>>;
  readonly why: string;
}

export interface Trace {
  readonly format: typeof TRACE_FORMAT;
  readonly design: string;
  readonly mode: "sequential";
  readonly bounds: Bounds;
  readonly scenario: string;
  readonly tracked: Profile;
  readonly breach: Breach | null;
  readonly steps: readonly TraceStep[];
}
