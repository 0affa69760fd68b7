import { test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Case, CaseReport } from "../../checkers/report/cases.ts";
import { sarif } from "../../checkers/report/sarif.ts";
import { casesOf, nastyReport, sample, TRIED } from "./samples.ts";
import { expectForGitHub } from "./for-github.ts";
import { logOf, noSources, resultsOf, type Log } from "./sarif-log.ts";

describe("SARIF", () => {
  test("is what it was", async () => {
    await expect(sarif(sample, "0.1.0", (_, line) => `  line ${line}  `)).toMatchFileSnapshot(
      "golden/sample.sarif",
    );
    expectForGitHub(logOf(sample));
  });

  test.prop([nastyReport], TRIED)("is valid and safe whatever a proposal is called", (report) => {
    const log = logOf(report);
    expectForGitHub(log);
    const wrong = casesOf(report).filter(({ status }) => status === "failed" || status === "error");
    expect(resultsOf(log)).toHaveLength(wrong.length);
    for (const { message } of resultsOf(log)) {
      // Neither a link nor a placeholder: 3.11.5 and 3.11.6 of the standard.
      expect(message.text).not.toMatch(/\]\(/);
      expect(message.text.replaceAll("{{", "").replaceAll("}}", "")).not.toMatch(/[{}]/);
    }
  });

  test("the same report is the same file", () => {
    expect(sarif(sample, "0.1.0", noSources)).toBe(sarif(structuredClone(sample), "0.1.0", noSources));
  });

  test("has a thread flow for each actor of calls that overlap, and one for calls that do not", () => {
    const [first, second] = resultsOf(logOf(sample));
    const [alone] = first!.codeFlows![0]!.threadFlows;
    expect(alone!.locations.map(({ location }) => location.message.text)).toEqual([
      "1. create(vm=0) = value 3",
      "2. bind(vm=0, slot=1) = 0",
      "3. guest_write(vm=0, vcpu=0, gfn=1) = EFAULT",
    ]);
    const files = alone!.locations.map(({ location }) => location.physicalLocation.artifactLocation.uri);
    expect(files).toEqual(["models/create.ts", "models/forgetful.ts", "models/forgetful.ts"]);
    const lanes = second!.codeFlows![0]!.threadFlows;
    expect(lanes.map(({ id }) => id)).toEqual(["task 0", "vCPU 0 of VM 0"]);
    expect(lanes.map(({ locations }) => locations.map(({ executionOrder }) => executionOrder))).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  test("points at the columns of a line that can be read", () => {
    const log = JSON.parse(sarif(sample, "0.1.0", () => "    bind: change({")) as Log;
    expect(resultsOf(log)[0]!.locations[0]!.physicalLocation).toEqual({
      artifactLocation: { uri: "models/forgetful.ts" },
      region: { startLine: 14, startColumn: 5, endLine: 14, endColumn: 19 },
    });
  });

  test("a fingerprint stays when the line moves and the trace grows, and tells promises and designs apart", () => {
    const of = (change: Partial<Case>): string => {
      const [suite] = sample.suites;
      const cases = [{ ...suite!.cases[0]!, ...change }];
      const [result] = resultsOf(logOf({ ...sample, suites: [{ ...suite!, cases }] }));
      return result!.partialFingerprints.primaryLocationLineHash;
    };
    const known = of({});
    expect(of({ place: { file: "models/forgetful.ts", line: 99 }, message: "after 9 calls" })).toBe(known);
    expect(of({ className: "other" })).not.toBe(known);
    expect(of({ name: "other" })).not.toBe(known);
  });

  test("two of a kind have different fingerprints", () => {
    const [suite] = sample.suites;
    const cases = [suite!.cases[0]!, suite!.cases[0]!];
    const [a, b] = resultsOf(logOf({ ...sample, suites: [{ ...suite!, cases }] })).map(
      ({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash,
    );
    expect(a).not.toBe(b);
  });

  test("more than twenty configurations are one run; each of fewer is its own", () => {
    const suites = (count: number): CaseReport["suites"] =>
      Array.from({ length: count }, (_, i) => ({ ...sample.suites[0]!, id: `design-${i}` }));
    const ids = (count: number): string[] =>
      logOf({ ...sample, suites: suites(count) }).runs.map(({ automationDetails }) => automationDetails.id);
    expect(ids(2)).toEqual(["gmemcheck/check/design-0/", "gmemcheck/check/design-1/"]);
    expect(ids(20)).toHaveLength(20);
    expect(ids(21)).toEqual(["gmemcheck/check/"]);
  });

  test("what is not decided, and that not all was seen, is a notification and no alert", () => {
    const [run] = logOf(sample).runs;
    const said = run!.invocations[0]!.toolExecutionNotifications!.map(({ message }) => message.text);
    expect(said).toEqual(["incomplete: after 300 s", "1 not decided: after 300 s"]);
  });
});
