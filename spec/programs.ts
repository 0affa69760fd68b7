/** Programs that are made up, for real kernels: what a family of designs offers, so that a checker can draw programs of its calls and make them smaller. */
import type { Header, RecordedResult, RecordedStep } from "./recording.ts";

/** What a program may do to the machine that it runs on. */
export interface Licence {
  /** Take pages away for good (MADV_HWPOISON). */
  readonly poison: boolean;
}

/** A program with one thing less, or one thing simpler. */
export interface Smaller {
  readonly kind: "deletion" | "argument" | "actor" | "bound";
  /** For people: "without step 3, close_vm". */
  readonly what: string;
  readonly to: readonly RecordedStep[];
}

/** A capability of a header, asked of a design in calls: a program, and what its answers say of the capability. */
export interface Probe {
  readonly capability: string;
  readonly steps: readonly RecordedStep[];
  /** What the kernel has, by its header. */
  readonly has: string;
  claimed(answers: readonly RecordedResult[]): string;
}

/** Implemented by a family of designs whose calls can be recorded. */
export interface Programs {
  /** How many naturals decide a step. */
  readonly width: number;
  /**
   * The program of some naturals: the first row decides what is there at first and which calls are frequent, each further row a step,
   * resolved against what lives then. Any naturals make a program that can be played; smaller ones make a simpler one.
   */
  program(header: Header, rows: readonly (readonly number[])[], licence: Licence): readonly RecordedStep[];
  /** A program without some of its steps, and without what makes no sense without them. */
  without(steps: readonly RecordedStep[], left: ReadonlySet<number>): readonly RecordedStep[];
  /** All single reductions, in an order that has an end. */
  smaller(steps: readonly RecordedStep[]): Iterable<Smaller>;
  /** Whether running it takes pages of the machine away. */
  poisons(steps: readonly RecordedStep[]): boolean;
  probes(header: Header): readonly Probe[];
}
