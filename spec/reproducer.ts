/** A run of a design as a program that a process can make: what a family of designs implements, so that a checker can write it down in C. */
import type { Outcome } from "./language/outcome.ts";
import type { PlannedCall, RecordedStep } from "./recording.ts";

/** A call of a run, and how it ended; null where it never did, or ran into a bug of the kernel. */
export interface EndedCall extends PlannedCall {
  readonly result: Outcome | null;
}

/**
 * A call as an operation of a recorded program, with the answer that the design gives (`undefined: true` where any byte is
 * right, none where the call does not end); or why no process can make it. A `create_vcpu` also has its `id`.
 */
export type ToldStep = { readonly step: RecordedStep } | { readonly cannot: string };

/** Ordinary memory that the process has from the start, and has touched. */
export interface OrdinaryMemory {
  readonly map: string;
  readonly bytes: bigint;
}

export interface ToldRun {
  readonly memory: readonly OrdinaryMemory[];
  /** One for each call. */
  readonly steps: readonly ToldStep[];
}

/** Implemented by a family of designs whose calls user space can make. */
export interface Scribe {
  /** Writes a run down. `machine` is that of the design at the bounds of the run. */
  write(machine: unknown, calls: readonly EndedCall[]): ToldRun;
}
