/** One job of a check: a design at a vector, searched in the thread that asks. */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { checkVector, type RunReport } from "../checkers/explore/check.ts";
import type { Budget, PlainOptions, Progress, SearchOptions } from "../checkers/explore/sweep.ts";
import type { Vector } from "../spec/language/design.ts";
import { designNames } from "../models/catalogue.ts";
import { contentHash } from "./content.ts";
import { findDesign } from "./designs.ts";

const CACHE = fileURLToPath(new URL("../node_modules/.cache/gmemcheck", import.meta.url));

/** States from which on a search is long enough for threads to be started. */
const LONG = 30_000;

export interface Job {
  readonly design: string;
  readonly vector: Vector;
}

/** How a job is to be run; can be handed to another thread. */
export interface HowToRun {
  readonly budget: Budget;
  readonly only: readonly string[] | null;
  readonly search: PlainOptions;
  /** Threads for each search that turns out to be long. */
  readonly hands: number;
}

export async function runJob(
  { design: name, vector }: Job,
  { budget, only, search, hands }: HowToRun,
  onProgress: (progress: Progress) => void,
  stop: () => string | null,
): Promise<RunReport> {
  const { design } = await findDesign(name);
  const content = (): string => contentHash(name);
  const more = {
    ...(only === null ? {} : { only: new Set(only) }),
    ...(search.checkpoint === undefined && search.resume === undefined ? {} : { content: content() }),
    ...(hands === 1
      ? {}
      : { hire: { hands, from: LONG, thread: () => helper({ design: name, vector }, only) } }),
    ...cacheFor(name),
  };
  return checkVector(design, vector, { ...search, budget, ...more, onProgress, stop });
}

/** Where translations of a design are kept. What a design's own file imports is not part of the hash. */
export function cacheFor(name: string): Pick<SearchOptions, "cache"> {
  if (!designNames.includes(name)) return {};
  return { cache: { folder: CACHE, content: () => contentHash(name) } };
}

/** A thread for the search of a job. */
function helper(job: Job, only: HowToRun["only"]): Worker {
  return new Worker(new URL("../bin/search-worker.mjs", import.meta.url), { workerData: { job, only } });
}
