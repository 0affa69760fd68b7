/** Where a kernel and a design part: the first step that they answer differently, and what makes two such steps the same disagreement. */
import type { RecordedResult, RecordedStep } from "../../../spec/recording.ts";
import { sameResult } from "../play.ts";
import { KernelFailure, type Failing, type Kernel } from "./kernel.ts";

/** Why there is no answer, and what the kernel wrote meanwhile. */
export interface Silence {
  readonly kind: Failing;
  readonly message: string;
  readonly console: readonly string[];
}

/** What a kernel did with a program: as many answers as it gave, and why there are no more. */
export interface Answered {
  readonly results: readonly RecordedResult[];
  readonly silence: Silence | null;
}

export interface Difference {
  /** Index of the step in its program, from 0. */
  readonly step: number;
  readonly operation: RecordedStep;
  /** Null where the kernel gave no answer; `silence` says why. */
  readonly kernel: RecordedResult | null;
  readonly silence: Silence | null;
  readonly design: RecordedResult;
}

/** Runs a program on a kernel; that it fails is an answer as well. */
export async function ask(kernel: Kernel, steps: readonly RecordedStep[]): Promise<Answered> {
  try {
    return { results: await kernel.run(steps), silence: null };
  } catch (error) {
    if (!(error instanceof KernelFailure)) throw error;
    const { kind, message, console, answered } = error;
    return { results: answered, silence: { kind, message, console } };
  }
}

export function firstDifference(
  steps: readonly RecordedStep[],
  { results, silence }: Answered,
  design: readonly RecordedResult[],
): Difference | null {
  const at = steps.findIndex(
    (_, i) => results[i] === undefined || design[i] === undefined || !sameResult(results[i], design[i]),
  );
  if (at >= 0) {
    const kernel = results[at] ?? null;
    return {
      step: at,
      operation: steps[at]!,
      kernel,
      silence: kernel === null ? silence : null,
      design: design[at]!,
    };
  }
  // A complaint on the console comes with answers that may be right.
  if (silence === null || steps.length === 0) return null;
  const step = steps.length - 1;
  return { step, operation: steps[step]!, kernel: null, silence, design: design[step]! };
}

/** Equal texts are the same disagreement: the same operation, answered in the same ways, whatever the values. */
export function identity({ operation, kernel, silence, design }: Difference): string {
  return `${operation.op}: ${silence?.kind ?? kindOf(kernel ?? {})}, not ${kindOf(design)}`;
}

/** What an answer is not named by: numbers that come with every one of its kind. */
const UNNAMED = new Set(["ret", "gpa", "size", "write", "blocks", "mode", "nlink"]);
const BY_VALUE = new Set(["errno", "exit", "signal"]);
const WITH_VALUE = new Set(["flags", "code"]);

/** Of an answer what names it: an errno, a signal with its code, an exit with its flags; of the rest which fields there are. */
export function kindOf(result: RecordedResult): string {
  const named = Object.entries(result)
    .filter(([field]) => !UNNAMED.has(field))
    .map(([field, value]) =>
      BY_VALUE.has(field) ? String(value) : WITH_VALUE.has(field) ? `${field} ${value}` : field,
    );
  if (named.length > 0) return named.join(" ");
  return result["ret"] === 0 ? "0" : "a count";
}
