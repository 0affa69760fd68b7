/** Calls × results, and calls × sections: how often each was seen or ran, and what never was or did. */
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
  /** Null where the report does not count them. */
  readonly sections: SectionCoverage | null;
  /** What a reader may look for here, and the report does not say. */
  readonly unsaid: readonly string[];
}

export interface SectionCoverage {
  readonly calls: readonly {
    readonly call: string;
    /** In the order in which they are written. */
    readonly sections: readonly { readonly section: string; readonly times: number }[];
  }[];
  /** "mmap: look up the file" */
  readonly never: readonly string[];
  readonly written: number;
}

const NO_SECTIONS =
  "Which sections of a call were run is not in the report, which counts results alone: gmemcheck check --sections counts them too.";

export function coverageOfCheck({ designs, results }: CheckFile): Coverage[] {
  return designs.flatMap(({ design, coverage, untried, sections }) => {
    if (coverage === undefined) return [];
    const incomplete = results.filter((run) => run.design === design && !run.complete).length;
    const unsaid = [
      ...(sections === undefined ? [NO_SECTIONS] : []),
      ...(incomplete === 0
        ? []
        : [
            `${incomplete} of the runs were not exhausted: what never was seen or never ran here may do so further on.`,
          ]),
      ...(untried.length === 0
        ? []
        : [`The scenarios leave out, of the calls that the design changes: ${untried.join(", ")}.`]),
    ];
    const table = tableOf(design, new Map(Object.entries(coverage)), [], unsaid);
    return [{ ...table, sections: sections === undefined ? null : sectionsOf(sections) }];
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
    return { ...tableOf(design, table, sometimes, [NO_SECTIONS, sampled]), sections: null };
  });
}

type Times = Readonly<Record<string, number>>;

function sectionsOf(counts: Readonly<Record<string, Times>>): SectionCoverage {
  const calls = Object.entries(counts).map(([call, times]) => ({
    call,
    sections: Object.entries(times).map(([section, n]) => ({ section, times: n })),
  }));
  const all = calls.flatMap(({ call, sections }) => sections.map((one) => ({ call, ...one })));
  const never = all.filter(({ times }) => times === 0);
  return {
    calls,
    never: never.map(({ call, section }) => `${call}: ${section}`),
    written: all.length,
  };
}

function tableOf(
  design: string,
  of: ReadonlyMap<string, Times>,
  sometimes: readonly string[],
  unsaid: readonly string[],
): Omit<Coverage, "sections"> {
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
