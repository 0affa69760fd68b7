/** One job of a check: a design at a vector, searched in the thread that asks. */
import { fileURLToPath } from "node:url";
import { checkVector, type RunReport } from "../checkers/explore/check.ts";
import type { Budget, PlainOptions, Progress } from "../checkers/explore/sweep.ts";
import type { Vector } from "../spec/language/design.ts";
import { entryOf } from "../models/registry.ts";
import { contentHash } from "./content.ts";
import { findDesign } from "./designs.ts";

const CACHE = fileURLToPath(new URL("../node_modules/.cache/gmemcheck", import.meta.url));

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
  const content = (): string => contentHash(name);
  const more = {
    ...(only === null ? {} : { only: new Set(only) }),
    ...(search.checkpoint === undefined && search.resume === undefined ? {} : { content: content() }),
    // What a design's own file imports is not part of the hash.
    ...(entryOf(name) === undefined ? {} : { cache: { folder: CACHE, content } }),
  };
  return checkVector(design, vector, { ...search, budget, ...more, onProgress, stop });
}
