/** Contestants of one size compared: in the search, and as whole processes. */
import { SYMMETRIC, TWO_WORKERS } from "./gmemcheck.ts";
import type { Entry, Heat, Run } from "./results.ts";
import { median, ratio } from "./statistics.ts";

/** CPU seconds of the search: of a peer, and where the phases are not told, of the whole process. */
export const searchCpu = ({ phases, cpuSeconds }: Run): number => phases?.searchCpuSeconds ?? cpuSeconds;
const searchWall = ({ phases, wallSeconds }: Run): number => phases?.searchSeconds ?? wallSeconds;
/** The median over the runs; null where one of them does not know. */
export function middle<T>(runs: readonly T[], of: (run: T) => number | null): number | null {
  const values = runs.map(of).filter((value) => value !== null);
  return values.length < runs.length || values.length === 0 ? null : median(values);
}

/** Of the entries of a peer the one that stayed, which has the most runs; then the fastest. */
export function bestOf({ entries }: Heat, peer: string): Entry | null {
  const seconds = ({ runs }: Entry): number => middle(runs, ({ cpuSeconds }) => cpuSeconds) ?? Infinity;
  const sorted = entries
    .filter((entry) => entry.peer === peer)
    .sort((a, b) => b.runs.length - a.runs.length || seconds(a) - seconds(b));
  return sorted[0] ?? null;
}

/** Two entries of a heat compared: in the search, and as whole processes. */
export interface Ratio {
  readonly what: string;
  readonly search: number | null;
  readonly process: number | null;
}

type Figure = (run: Run) => number;

function compare(
  what: string,
  over: Entry | null,
  under: Entry | null,
  search: Figure,
  whole: Figure,
): Ratio[] {
  if (over === null || under === null) return [];
  const of = (figure: Figure): number | null => ratio(middle(over.runs, figure), middle(under.runs, figure));
  return [{ what, search: of(search), process: of(whole) }];
}

/** The ratios of one size, as far as its entries go. */
export function ratiosOf(heat: Heat): Ratio[] {
  const ours = bestOf(heat, "gmemcheck");
  const cpu: Figure = ({ cpuSeconds }) => cpuSeconds;
  const wall: Figure = ({ wallSeconds }) => wallSeconds;
  const best = (peer: string): Entry | null => bestOf(heat, peer);
  return [
    ...compare("gmemcheck / C++", ours, best("C++"), searchCpu, cpu),
    ...compare("Spin / gmemcheck", best("Spin"), ours, searchCpu, cpu),
    ...compare("Rumur / gmemcheck", best("Rumur"), ours, searchCpu, cpu),
    ...compare("1 worker / 2 workers, wall time", ours, best(TWO_WORKERS), searchWall, wall),
    ...compare("without / with symmetry", ours, best(SYMMETRIC), searchCpu, cpu),
  ];
}
