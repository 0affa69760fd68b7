/** What was measured, as bench/results.json has it. */
import { readFileSync } from "node:fs";
import { UsageError } from "../checkers/usage-error.ts";
import type { Phases } from "./contestant.ts";
import type { Machine } from "./machine.ts";
import type { Measured } from "./measure.ts";
import type { BenchVector } from "./vectors.ts";

const SCHEMA_VERSION = 1;

export interface Run extends Measured {
  readonly states: number;
  readonly transitions: number;
  readonly phases?: Phases;
}

/** All runs of one contestant on one size. */
export interface Entry {
  readonly name: string;
  readonly peer: string;
  readonly runs: Run[];
}

/** One size and all that ran on it. */
export interface Heat {
  readonly vector: BenchVector;
  readonly entries: Entry[];
}

/** How long a small command takes. */
export interface StartUp {
  readonly command: string;
  readonly runs: Measured[];
}

/** A run of a design of the registry. */
export interface DesignRun extends Run {
  readonly command: string;
  readonly complete: boolean;
}

export interface Skipped {
  readonly what: string;
  readonly reason: string;
}

export interface Results {
  readonly schemaVersion: number;
  readonly date: string;
  /** With "+changes" when the tree is not the commit's; null where git does not know. */
  readonly commit: string | null;
  readonly machine: Machine;
  readonly rounds: number;
  readonly startUps: StartUp[];
  readonly heats: Heat[];
  readonly designs: DesignRun[];
  readonly skipped: Skipped[];
}

export function emptyResults(about: Pick<Results, "date" | "commit" | "machine" | "rounds">): Results {
  return { schemaVersion: SCHEMA_VERSION, ...about, startUps: [], heats: [], designs: [], skipped: [] };
}

export function readResults(path: string): Results {
  let results: Results;
  try {
    results = JSON.parse(readFileSync(path, "utf8")) as Results;
  } catch (error) {
    throw new UsageError(
      `cannot read ${path}: ${(error as Error).message}\n  usual cause: nothing was measured yet; npm run bench does that`,
    );
  }
  if (results.schemaVersion !== SCHEMA_VERSION)
    throw new UsageError(
      `${path} is not of version ${SCHEMA_VERSION} of the results; npm run bench measures them anew`,
    );
  return results;
}
