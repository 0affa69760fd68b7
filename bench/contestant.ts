/** What takes part: a checker that was built for one size of gmem-seq, and how its output is read. */
import type { Command } from "./measure.ts";
import type { Counts } from "./vectors.ts";

/** What a run found; where a checker prints no depth, or rounds its counts, that is said. */
export interface Found extends Omit<Counts, "depth"> {
  readonly depth: number | null;
  /** How far a count may be off because it is printed rounded. */
  readonly slack?: number;
  readonly phases?: Phases;
}

/** The parts of a run of gmemcheck, where it tells them. */
export interface Phases {
  readonly translateSeconds: number;
  readonly searchCpuSeconds: number;
  readonly searchSeconds: number;
}

export interface Contestant {
  /** "Spin, breadth first" */
  readonly name: string;
  /** Of several with the same peer, the best of the first round stays: "Spin". */
  readonly peer: string;
  readonly command: Command;
  /** One run is enough. */
  readonly once?: boolean;
  /** Fewer states, of the same depth: symmetric ones are one. */
  readonly reduced?: boolean;
  readonly read: (stdout: string) => Found;
  /** What the output of a run that failed says when an invariant was broken: that is no run that is left out. */
  readonly broken: RegExp;
}

/** The output of a checker says something else than what was expected of it. */
export class Mismatch extends Error {}

/** Refuses what is not exactly the known result. */
export function expectCounts(name: string, found: Found, known: Counts, reduced = false): void {
  const agrees = (key: "states" | "transitions"): boolean =>
    reduced
      ? found[key] > 0 && found[key] <= known[key]
      : Math.abs(found[key] - known[key]) <= (found.slack ?? 0);
  const wrong = (["states", "transitions"] as const).filter((key) => !agrees(key));
  const depthIsWrong = found.depth !== null && found.depth !== known.depth;
  for (const key of [...wrong, ...(depthIsWrong ? (["depth"] as const) : [])])
    throw new Mismatch(
      `${name}: ${key} ${found[key]}, but ${reduced ? "at most " : ""}${known[key]} is known to be right`,
    );
}

/** The first group of a pattern as a number; an output without it is no result. */
export function numberIn(name: string, output: string, pattern: RegExp): number {
  const found = Number(pattern.exec(output)?.[1]);
  if (!Number.isFinite(found))
    throw new Mismatch(`${name}: its output has no ${pattern.source}\n${output.trim().slice(-500)}`);
  return found;
}
