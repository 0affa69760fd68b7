/** What the project wants to reach, and whether it did: of whatever was measured. */
import { ratiosOf, searchCpu } from "./ratios.ts";
import type { Results } from "./results.ts";
import { median, ratio } from "./statistics.ts";

export interface Bar {
  readonly what: string;
  readonly wanted: string;
  readonly measured: number;
  readonly isMet: boolean;
}

type Limit = readonly ["at most" | "at least", number];

function bar(what: string, [side, limit]: Limit, unit: string, measured: number | null): Bar[] {
  if (measured === null) return [];
  const isMet = side === "at most" ? measured <= limit : measured >= limit;
  return [{ what, wanted: `${side} ${limit.toLocaleString("en-US")}${unit}`, measured, isMet }];
}

/** Ratios of search phases, by their names, on the sizes where each is asked for. */
const OF_RATIOS: Readonly<Record<string, { readonly limit: Limit; readonly sizes: readonly string[] }>> = {
  "gmemcheck / C++": { limit: ["at most", 2.5], sizes: ["medium", "all-twos"] },
  "Spin / gmemcheck": { limit: ["at least", 4], sizes: ["medium", "all-twos", "large"] },
  "Rumur / gmemcheck": { limit: ["at least", 50], sizes: ["medium"] },
  "1 worker / 2 workers, wall time": { limit: ["at least", 1.6], sizes: ["all-twos", "large"] },
  "without / with symmetry": { limit: ["at least", 4], sizes: ["all-twos"] },
};

const MIB = 2 ** 20;

export function barsOf({ heats, designs, startUps }: Results): Bar[] {
  const ofHeats = heats.flatMap((heat) => {
    const { name } = heat.vector;
    const ofRatios = ratiosOf(heat).flatMap(({ what, search }) => {
      const asked = OF_RATIOS[what];
      return asked?.sizes.includes(name) === true ? bar(`${name}: ${what}`, asked.limit, "", search) : [];
    });
    const ours = heat.entries.find((entry) => entry.name === "gmemcheck");
    const peak = ours === undefined ? null : median(ours.runs.map(({ peakBytes }) => peakBytes ?? 0)) / MIB;
    return [
      ...ofRatios,
      ...(name === "large" ? bar("large: peak memory", ["at most", 320], " MiB", peak) : []),
    ];
  });
  const ofDesigns = designs.flatMap((run) => {
    const what = run.command.replace("gmemcheck check ", "");
    const seconds = run.complete ? run.cpuSeconds : Infinity;
    const isOverlap = what.includes("--mode overlap");
    return [
      ...(isOverlap ? [] : bar(`${what}: CPU seconds, exhausted`, ["at most", 100], " s", seconds)),
      ...bar(
        `${what}: transitions per CPU second`,
        ["at least", 1e6],
        "",
        ratio(run.transitions, searchCpu(run)),
      ),
      ...bar(`${what}: translation`, ["at most", 3], " s", run.phases?.translateSeconds ?? null),
    ];
  });
  const ofStarts = startUps.flatMap(({ command, runs }) =>
    bar(
      `${command}: wall time`,
      ["at most", command.includes("--help") ? 0.3 : 1],
      " s",
      median(runs.map(({ wallSeconds }) => wallSeconds)),
    ),
  );
  return [...ofHeats, ...ofDesigns, ...ofStarts];
}
