/** How states grow: over the levels of a run, and over bounds. */
import { grouped } from "./grouped.ts";
import type { CheckFile, GrowthFile } from "./files.ts";

type Run = CheckFile["results"][number];
type Bounds = Readonly<Record<string, number | string>>;

/** A run of the same design with other bounds is another bar. */
export interface Bar {
  /** What of the bounds differs among the bars: "pages=2 slots=2". */
  readonly label: string;
  /** Null: the run was not exhausted, and nothing is known of it. */
  readonly states: number | null;
  readonly complete: boolean;
}

export interface Growth {
  /** What all bars have in common: "guest-memfd-7.3, scenario core, everything tracked". */
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** Groups of at least two runs that differ in nothing but bounds. */
export function growthOfCheck({ results }: CheckFile): Growth[] {
  const groups = grouped(results, ({ design, scenario, tracked, mode, overlap }) => {
    const calls = mode === "sequential" ? "calls do not overlap" : `${mode}, ${overlap} calls at once`;
    return `${design}, scenario ${scenario}, ${trackedText(tracked)}, ${calls}`;
  });
  return [...groups]
    .filter(([, runs]) => runs.length > 1)
    .map(([title, runs]) => ({ title, bars: barsOf(runs) }));
}

export function growthOfFile({ scenario, cells }: GrowthFile): Growth[] {
  const groups = grouped(
    cells,
    ({ design, track }) => `${design}, scenario ${scenario}, ${trackedText(track)}`,
  );
  return [...groups].map(([title, of]) => ({
    title,
    bars: sorted(
      of.map(({ bounds, states = null, incomplete = false }) => ({
        label: boundsLabel(bounds, Object.keys(bounds)),
        states,
        complete: !incomplete && states !== null,
      })),
    ),
  }));
}

const trackedText = (tracked: string): string =>
  tracked === "full" ? "everything tracked" : `tracked: ${tracked}`;

function barsOf(runs: readonly Run[]): Bar[] {
  const names = [...new Set(runs.flatMap(({ bounds }) => Object.keys(bounds)))];
  const differing = names.filter((name) => new Set(runs.map(({ bounds }) => bounds[name])).size > 1);
  return sorted(
    runs.map(({ bounds, states, complete }) => ({ label: boundsLabel(bounds, differing), states, complete })),
  );
}

/** The smallest first, those of which nothing is known last. */
function sorted(bars: readonly Bar[]): Bar[] {
  return bars.toSorted((a, b) => (a.states ?? Infinity) - (b.states ?? Infinity));
}

function boundsLabel(bounds: Bounds, names: readonly string[]): string {
  const parts = names.map((name) => `${name}=${bounds[name]}`);
  return parts.length === 0 ? "the defaults" : parts.join(" ");
}
