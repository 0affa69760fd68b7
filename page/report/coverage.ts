/** Calls × results: how often each was seen, and what never was. */
import type { CheckFile, FuzzFile } from "./files.ts";

export interface Coverage {
  readonly design: string;
  /** Successes first, then errnos by name. */
  readonly results: readonly string[];
  readonly calls: readonly {
    readonly call: string;
    /** In the order of `results`; null where the call does not declare it. */
    readonly times: readonly (number | null)[];
  }[];
  /** "mmap: EOVERFLOW", and of `sometimes` their names. */
  readonly never: readonly string[];
  readonly declared: number;
  /** What a reader may look for here, and the report does not say. */
  readonly unsaid: readonly string[];
}

const NO_SECTIONS = "Which sections of a call were run is not in the report: results alone are counted.";

export function coverageOfCheck({ designs, results }: CheckFile): Coverage[] {
  return designs.flatMap(({ design, coverage, untried }) => {
    if (coverage === undefined) return [];
    const incomplete = results.filter((run) => run.design === design && !run.complete).length;
    const unsaid = [
      NO_SECTIONS,
      ...(incomplete === 0
        ? []
        : [`${incomplete} of the runs were not exhausted: what is never seen here may be seen further on.`]),
      ...(untried.length === 0
        ? []
        : [`The scenarios leave out, of the calls that the design changes: ${untried.join(", ")}.`]),
    ];
    return [tableOf(design, new Map(Object.entries(coverage)), [], unsaid)];
  });
}

export function coverageOfFuzz({ results }: FuzzFile): Coverage[] {
  return results.map(({ design, reached, neverReached, runs }) => {
    const goals = [...reached, ...neverReached.map((goal) => ({ goal, times: 0 }))];
    const table = new Map<string, Record<string, number>>();
    for (const { goal, times } of goals) {
      const at = goal.indexOf(":");
      if (at < 0) continue;
      const call = goal.slice(0, at);
      table.set(call, { ...table.get(call), [goal.slice(at + 1)]: times });
    }
    const sometimes = neverReached.filter((goal) => !goal.includes(":"));
    const sampled = `${runs} random runs: what they never reached may be reached by others.`;
    return tableOf(design, table, sometimes, [NO_SECTIONS, sampled]);
  });
}

type Times = Readonly<Record<string, number>>;

function tableOf(
  design: string,
  of: ReadonlyMap<string, Times>,
  sometimes: readonly string[],
  unsaid: readonly string[],
): Coverage {
  const all = new Set([...of.values()].flatMap((times) => Object.keys(times)));
  const isSuccess = (result: string): boolean => result === "0" || result === "value";
  const results = [
    ...[...all].filter(isSuccess).toSorted(),
    ...[...all].filter((result) => !isSuccess(result)).toSorted(),
  ];
  const never = [...of].flatMap(([call, times]) =>
    Object.entries(times).flatMap(([result, n]) => (n === 0 ? [`${call}: ${result}`] : [])),
  );
  return {
    design,
    results,
    calls: [...of].map(([call, times]) => ({
      call,
      times: results.map((result) => (Object.hasOwn(times, result) ? times[result]! : null)),
    })),
    never: [...never, ...sometimes],
    declared: [...of.values()].reduce((sum, times) => sum + Object.keys(times).length, sometimes.length),
    unsaid,
  };
}
