/** gmemcheck as a user runs it, and what its JSON report says. */
import { fileURLToPath } from "node:url";
import { Mismatch, type Contestant, type Found, type Phases } from "./contestant.ts";
import type { BenchVector, Size } from "./vectors.ts";

const NAME = "gmemcheck";
export const TWO_WORKERS = `${NAME}, 2 workers`;
export const SYMMETRIC = `${NAME}, symmetry`;

const BIN = fileURLToPath(new URL("../bin/gmemcheck.mjs", import.meta.url));

export const gmemcheck = (...args: readonly string[]): readonly string[] => [process.execPath, BIN, ...args];

export const boundsText = (size: Size): string =>
  Object.entries(size)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");

function contestant(name: string, { size }: BenchVector, options: readonly string[]): Contestant {
  const bounds = ["--bounds", boundsText(size)];
  const argv = gmemcheck("check", "gmem-seq", ...bounds, ...options, "--format", "json");
  return {
    name,
    peer: name,
    command: { argv },
    read: (output) => readHolding(name, output),
    broken: /"violated"/,
  };
}

export const oneWorker = (vector: BenchVector): Contestant => contestant(NAME, vector, ["--workers", "1"]);
export const twoWorkers = (vector: BenchVector): Contestant =>
  contestant(TWO_WORKERS, vector, ["--workers", "2"]);
export const symmetric = (vector: BenchVector): Contestant => ({
  ...contestant(SYMMETRIC, vector, ["--workers", "1", "--symmetry"]),
  reduced: true,
});

/** A run as the report tells it. */
export interface Checked {
  readonly verdict: string;
  readonly complete: boolean;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly times?: Phases;
}

/** The runs of a JSON report. */
export function readReport(output: string): readonly Checked[] {
  try {
    return (JSON.parse(output) as { results: Checked[] }).results;
  } catch {
    throw new Mismatch(`${NAME}: this is no report\n${output.trim().slice(0, 500)}`);
  }
}

function readHolding(name: string, output: string): Found {
  const [run] = readReport(output);
  if (run?.verdict !== "holds" || !run.complete)
    throw new Mismatch(`${name}: ${run?.verdict ?? "no run"}, but gmem-seq is known to hold`);
  const { states, transitions, depth, times } = run;
  return { states, transitions, depth, ...(times === undefined ? {} : { phases: times }) };
}
