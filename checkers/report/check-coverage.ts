/** Which results of which calls the runs of a design met, which sections ran, and how often; and those that none met or ran. */
import type { AnyCall } from "../../spec/language/call.ts";
import type { DesignReport } from "../explore/check.ts";
import type { SectionCounts } from "../explore/section-coverage.ts";
import { scenarioOf } from "../explore/bounded.ts";
import { inScenario } from "../explore/instances.ts";
import { declaredResults } from "../fuzz/coverage.ts";

/** call → result → times, over all runs; 0: never. Calls that all scenarios leave out are not in it. */
export type CallCoverage = Readonly<Record<string, Readonly<Record<string, number>>>>;

export function callCoverage(report: DesignReport): CallCoverage {
  const { runs } = report;
  return Object.fromEntries(
    callsIn(report).map(([name, call]) => {
      const times = new Map(declaredResults(call).map((result) => [result, 0]));
      for (const [key, n] of runs.flatMap(({ outcomes }) => [...outcomes])) {
        if (!key.startsWith(`${name} `)) continue;
        const result = resultOf(key.slice(name.length + 1));
        times.set(result, (times.get(result) ?? 0) + n);
      }
      return [name, Object.fromEntries(times)];
    }),
  );
}

/** Of the same calls how often each section ran; null where no run counted that. */
export function sectionCoverage(report: DesignReport): SectionCounts | null {
  const counts = report.runs.map(({ sections }) => sections).filter((counted) => counted !== undefined);
  if (counts.length === 0) return null;
  return Object.fromEntries(
    callsIn(report).map(([name, call]) => {
      const timesOf = (section: string): number =>
        counts.reduce((sum, count) => sum + (count[name]?.[section] ?? 0), 0);
      const sections = Object.keys({ ...call.sections, ...call.finally });
      return [name, Object.fromEntries(sections.map((section) => [section, timesOf(section)]))];
    }),
  );
}

/** Those that some scenario lets in. */
function callsIn({ design, runs }: DesignReport): [string, AnyCall][] {
  const scenarios = runs.map(({ scenario }) => scenarioOf(design, scenario));
  return Object.entries(design.calls).filter(([name, call]) =>
    scenarios.some((scenario) => inScenario(name, call, scenario)),
  );
}

/** One success is like another: "value 3" and "value 4" are values. */
function resultOf(text: string): string {
  return text.replace(/^value .*/, "value");
}
