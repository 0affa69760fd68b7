import { test } from "@fast-check/vitest";
import { Parser, type Result } from "tap-parser";
import { describe, expect } from "vitest";
import type { CaseReport } from "../../checkers/report/cases.ts";
import { oneLine, visible } from "../../checkers/report/clean.ts";
import { tap } from "../../checkers/report/tap.ts";
import { casesOf, commandsIn, howMany, nastyReport, sample, TRIED } from "./samples.ts";

interface Point extends Pick<Result, "ok" | "name" | "skip" | "todo"> {
  readonly diag: Readonly<Record<string, unknown>> | null;
}

interface Read {
  readonly ok: boolean;
  readonly count: number;
  /** Of all subtests. */
  readonly points: readonly Point[];
  readonly suites: readonly Point[];
  /** What is no TAP. */
  readonly strange: readonly string[];
}

function read(report: CaseReport): Read {
  const text = tap(report);
  expect(text.startsWith("TAP version 14\n")).toBe(true);
  expect(commandsIn(text)).toEqual([]);
  const points: Point[] = [];
  const suites: Point[] = [];
  const strange: string[] = [];
  const listen = (parser: Parser, into: Point[]): void => {
    parser.on("assert", (point) => void into.push(point as unknown as Point));
    parser.on("extra", (line: string) => void strange.push(line));
    parser.on("bailout", (why: string) => void strange.push(why));
    parser.on("child", (child: Parser) => listen(child, points));
  };
  const parser = new Parser({ strict: true });
  listen(parser, suites);
  parser.end(text);
  const { ok, count, failures } = parser.results!;
  strange.push(
    ...failures.flatMap((failure) => (failure.tapError == null ? [] : [String(failure.tapError)])),
  );
  return { ok, count, points, suites, strange };
}

describe("TAP 14", () => {
  test("is what it was", async () => {
    await expect(tap(sample)).toMatchFileSnapshot("golden/sample.tap");
  });

  test.prop([nastyReport], TRIED)("is read as the report says, whatever a proposal is called", (report) => {
    const { points, suites, strange, count } = read(report);
    expect(strange).toEqual([]);
    expect(count).toBe(report.suites.length);
    expect(suites.map(({ ok }) => ok)).toEqual(
      report.suites.map(({ cases }) => !cases.some(({ status }) => ["failed", "error"].includes(status))),
    );
    const cases = casesOf(report);
    expect(points).toHaveLength(cases.length);
    points.forEach(({ ok, name, skip, todo, diag }, i) => {
      const { status, name: asked, className, message, details } = cases[i]!;
      expect(ok).toBe(!["failed", "error"].includes(status));
      expect(name).toBe(oneLine(`${asked} (${className})`));
      expect(skip !== false).toBe(["skipped", "incomplete"].includes(status));
      expect(todo).toBe(false);
      if (!["failed", "error", "expected"].includes(status)) return;
      expect(diag).toMatchObject({ severity: status, message: oneLine(message) });
      expect(diag!["trace"] ?? "").toBe(visible(details));
    });
  });

  test("fails where a case failed, and not for what was skipped or declared", () => {
    expect(read(sample).ok).toBe(false);
    const fine = sample.suites.map((suite) => ({
      ...suite,
      cases: suite.cases.filter(({ status }) => status !== "failed" && status !== "error"),
    }));
    const report = { ...sample, suites: fine };
    expect(read(report).ok).toBe(true);
    expect(read(report).points.map(({ skip }) => skip)).toEqual([
      "incomplete: after 300 s",
      false,
      "nothing asks it",
      false,
    ]);
    expect(howMany(report, "expected")).toBe(1);
  });
});
