/** What GitHub takes of a SARIF file, and no more; documents of tens of megabytes take seconds. */
import { expect, test } from "vitest";
import type { Case } from "../../checkers/report/cases.ts";
import { sarif } from "../../checkers/report/sarif.ts";
import { sample } from "./samples.ts";
import { noSources, resultsOf, type Log, type Result } from "./sarif-log.ts";

test("long traces keep their end, and say what was left out", () => {
  const [failed] = sample.suites[0]!.cases;
  const steps = Array.from({ length: 10_002 }, () => failed!.trace!.steps[1]!);
  const trace = { ...failed!.trace!, steps } as NonNullable<Case["trace"]>;
  const suites = [{ ...sample.suites[0]!, cases: [{ ...failed!, trace }] }];
  const [result] = resultsOf(JSON.parse(sarif({ ...sample, suites }, "0.1.0", noSources)) as Log);
  const [{ threadFlows, message }] = result!.codeFlows as NonNullable<Result["codeFlows"]>[0][];
  expect(message!.text).toBe("the first 2 steps of 10002 are left out");
  expect(threadFlows[0]!.locations).toHaveLength(10_000);
  expect(threadFlows[0]!.locations.at(-1)!.executionOrder).toBe(10_002);
});

test("no run has more than 25,000 results, and a notification says so", () => {
  const { trace: _, ...failed } = sample.suites[0]!.cases[0]!;
  const cases = Array.from({ length: 25_001 }, () => failed);
  const log = JSON.parse(
    sarif({ ...sample, suites: [{ ...sample.suites[0]!, cases }] }, "0.1.0", noSources),
  ) as Log;
  expect(resultsOf(log)).toHaveLength(25_000);
  const said = log.runs[0]!.invocations[0]!.toolExecutionNotifications!.map(({ message }) => message.text);
  expect(said).toContain("1 results are left out: a run has at most 25000");
});
