/** Traces: the calls of a run, with what each answered and what each changed. */
import type { Bounds, Mode, Profile } from "./design.ts";
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
  /** Null where the call has not ended: it is in flight, or ran into a bug of the kernel. */
  readonly result: Outcome | null;
  readonly changes: readonly Change[];
}

/** One step of a call that overlaps others: a section, and the local ones behind it. */
export interface SectionStep extends TraceStep {
  /** Which call it is: its number in the order in which the calls began, from 0 on. */
  readonly thread: number;
  /** Who makes the call: "task 0", "vCPU 0 of VM 0", "memory_failure". */
  readonly actor: string;
  /** The sections that ran, in order. */
  readonly sections: readonly string[];
  /** It is the call's first step. */
  readonly begins: boolean;
  /** It is the call's last step: `result` is what the call ended with. */
  readonly ends: boolean;
  /** The locks that the call holds after the step. */
  readonly holds: readonly string[];
  /** What the call has begun to wait for. */
  readonly waits?: string;
}

/** A call that cannot go on where a trace ends, and what it waits for. */
export interface Waiting {
  readonly thread: number;
  readonly for: string;
}

/** The breach that a trace ends in: which property, for which instance, and why. */
export interface Breach {
  readonly property: string;
  readonly instance: Readonly<Record<string, number>>;
  readonly why: string;
}

/**
 * What makes a trace a minimum: how many of its single reductions were run again, none of which fails. A step or call less, an argument
 * that is tried sooner, an actor less, a bound less.
 */
export interface Certificate {
  readonly deletions: number;
  readonly arguments: number;
  readonly actors: number;
  readonly bounds: number;
}

interface AnyTrace {
  readonly format: typeof TRACE_FORMAT;
  readonly design: string;
  readonly bounds: Bounds;
  readonly scenario: string;
  readonly tracked: Profile;
  readonly breach: Breach | null;
  /** Of a trace that was shrunk. */
  readonly certificate?: Certificate;
}

/** Calls one after the other: a step is a call. */
export interface SequentialTrace extends AnyTrace {
  readonly mode: "sequential";
  readonly steps: readonly TraceStep[];
}

/** Calls that overlap: a step is a section. */
export interface OverlapTrace extends AnyTrace {
  readonly mode: Exclude<Mode, "sequential">;
  /** The most calls in flight at once, in the run that found it. */
  readonly overlap: number;
  /** Local sections are steps of their own (`--no-merge`). */
  readonly unmerged?: true;
  readonly steps: readonly SectionStep[];
  /** Index of the step from which on the trace goes round for ever; the last step leads back to before it. */
  readonly loop?: number;
  /** The calls in flight that cannot go on where the trace ends; absent where there are none. */
  readonly blocked?: readonly Waiting[];
}

export type Trace = SequentialTrace | OverlapTrace;
