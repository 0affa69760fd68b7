/** Which results of which calls the runs of a design met, and how often; of its declared results also those that none met. */
import type { DesignReport } from "../explore/check.ts";
import { scenarioOf } from "../explore/bounded.ts";
import { inScenario } from "../explore/instances.ts";
import { declaredResults } from "../fuzz/coverage.ts";

/** call → result → times, over all runs; 0: never. Calls that all scenarios leave out are not in it. */
export type CallCoverage = Readonly<Record<string, Readonly<Record<string, number>>>>;

export function callCoverage({ design, runs }: DesignReport): CallCoverage {
  const scenarios = runs.map(({ scenario }) => scenarioOf(design, scenario));
  const calls = Object.entries(design.calls).filter(([name, call]) =>
    scenarios.some((scenario) => inScenario(name, call, scenario)),
  );
  return Object.fromEntries(
    calls.map(([name, call]) => {
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

/** One success is like another: "value 3" and "value 4" are values. */
function resultOf(text: string): string {
  return text.replace(/^value .*/, "value");
}
