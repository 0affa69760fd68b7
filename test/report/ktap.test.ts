import { test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { ktap } from "../../checkers/report/ktap.ts";
import { parseKtap } from "./ktap-parser.ts";
import { casesOf, commandsIn, howMany, nastyReport, sample, TRIED } from "./samples.ts";

describe("KTAP", () => {
  test("is what it was", async () => {
    await expect(ktap(sample)).toMatchFileSnapshot("golden/sample.ktap");
  });

  test.prop([nastyReport], TRIED)("is read as the report says, whatever a proposal is called", (report) => {
    const text = ktap(report);
    expect(commandsIn(text)).toEqual([]);
    const { top, totals } = parseKtap(text);
    expect(top.results).toHaveLength(report.suites.length);
    const results = top.results.flatMap(({ subtest }) => subtest!.results);
    const cases = casesOf(report);
    expect(results).toHaveLength(cases.length);
    results.forEach(({ ok, directive }, i) => {
      const { status } = cases[i]!;
      expect(ok).toBe(!["failed", "error"].includes(status));
      const directives = { expected: "XFAIL", skipped: "SKIP", incomplete: "SKIP", error: "ERROR" };
      expect(directive).toBe((directives as Record<string, string>)[status] ?? null);
    });
    expect(totals).toBe(
      `# Totals: pass:${howMany(report, "passed")} fail:${howMany(report, "failed")} xfail:${howMany(report, "expected")} ` +
        `xpass:0 skip:${howMany(report, "skipped", "incomplete")} error:${howMany(report, "error")}`,
    );
  });

  test("says why before the result that failed", () => {
    const { top } = parseKtap(ktap(sample));
    const [failed] = top.results[0]!.subtest!.results;
    expect(failed).toMatchObject({ ok: false, description: "one-owner of forgetful" });
    expect(failed!.diagnostics).toEqual([
      "one-owner is broken after 3 calls: page 0 has two owners",
      "at models/forgetful.ts:14",
      "  1  create(vm=0) = value 3",
      "  2  bind(vm=0, slot=1) = 0",
      "again: npx gmemcheck check forgetful --property one-owner",
    ]);
  });
});
