/** One job of a check: a design at a vector, searched in the thread that asks. */
import { checkVector, type RunReport } from "../checkers/explore/check.ts";
import type { Budget, PlainOptions, Progress } from "../checkers/explore/sweep.ts";
import type { Vector } from "../spec/language/design.ts";
import { findDesign } from "./designs.ts";

export interface Job {
  readonly design: string;
  readonly vector: Vector;
}

/** How a job is to be run; can be handed to another thread. */
export interface HowToRun {
  readonly budget: Budget;
  readonly only: readonly string[] | null;
  readonly search: PlainOptions;
}

export async function runJob(
  { design: name, vector }: Job,
  { budget, only, search }: HowToRun,
  onProgress: (progress: Progress) => void,
  stop: () => string | null,
): Promise<RunReport> {
  const { design } = await findDesign(name);
  const asked = only === null ? {} : { only: new Set(only) };
  return checkVector(design, vector, { ...search, budget, ...asked, onProgress, stop });
}
