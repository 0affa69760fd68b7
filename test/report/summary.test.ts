import { test } from "@fast-check/vitest";
import { marked } from "marked";
import { describe, expect } from "vitest";
import type { Case, CaseReport } from "../../checkers/report/cases.ts";
import { stepSummary } from "../../checkers/report/summary.ts";
import { commandsIn, nastyReport, sample, TRIED } from "./samples.ts";

const html = (report: CaseReport): string => marked.parse(stepSummary(report), { gfm: true, async: false });

/** The tags of a page, in their order: what its markup is, without its text. */
const tags = (page: string): string[] => [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag);

/** The same report with nothing but a harmless word wherever there is text. */
function harmless(report: CaseReport): CaseReport {
  const word = (text: string): string => (text.trim() === "" ? text : "word");
  const one = (of: Case): Case => ({
    ...of,
    ...{ name: word(of.name), className: word(of.className), message: word(of.message) },
    details: of.details === "" ? "" : "word",
    rule: { ...of.rule, says: word(of.rule.says), source: of.rule.source === "" ? "" : "word" },
    place: of.place === null ? null : { ...of.place, file: "word" },
    rerun: of.rerun === null ? null : "word",
  });
  return {
    ...report,
    ...{ command: word(report.command), verdict: word(report.verdict), notes: report.notes.map(word) },
    reason: report.reason === null ? null : word(report.reason),
    suites: report.suites.map((suite) => ({
      ...suite,
      name: word(suite.name),
      properties: {},
      cases: suite.cases.map(one),
    })),
    rerun: report.rerun === null ? null : "word",
  };
}

/** An @ and a # stand in a span of their own, so that they are no mention and no reference. */
const withoutSpans = (page: string): string => page.replaceAll(/<span>[^<]*<\/span>/g, "");

describe("a step summary", () => {
  test("is what it was", async () => {
    await expect(stepSummary(sample)).toMatchFileSnapshot("golden/sample.summary.md");
  });

  test("has the verdict, the bound, a diagram and the line that runs it again", () => {
    const page = html(sample);
    for (const part of ["violated", "Not all was seen", "12,345 states", "after 300 s"])
      expect(page).toContain(part);
    expect(page.match(/<code class="language-mermaid">sequenceDiagram\n/g)).toHaveLength(2);
    expect(page).toContain(
      '<code class="language-sh">npx gmemcheck check forgetful --property one-owner\n</code>',
    );
    expect(page.match(/<tr>/g)).toHaveLength(3);
  });

  test.prop([nastyReport], TRIED)(
    "has the markup that it has for harmless names, whatever a proposal is called",
    (report) => {
      const page = withoutSpans(html(report));
      expect(tags(page)).toEqual(tags(withoutSpans(html(harmless(report)))));
      expect(page).not.toMatch(/<(a|img|script|input)\b/);
    },
  );

  test("does not mention people, or refer to issues", () => {
    const report = { ...sample, verdict: "@org/team fixes #12" };
    expect(html(report)).toContain("<span>@</span>org/team fixes <span>#</span>12");
    expect(html(report)).not.toMatch(/@org|[^;]#12/);
  });

  test("is no larger than GitHub takes, and says what is left out", () => {
    const [suite] = sample.suites;
    const cases = Array.from({ length: 3000 }, () => ({ ...suite!.cases[0]!, details: "é".repeat(300) }));
    const text = stepSummary({ ...sample, suites: [{ ...suite!, cases }] });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024);
    expect(Buffer.byteLength(text)).toBeGreaterThan(1_000_000);
    expect(text).toMatch(/\n\d+ more parts are left out here: a summary has at most 1048576 bytes\.\n$/);
  });

  test("has no commands for a runner that shows it in a log", () => {
    expect(commandsIn(stepSummary(sample))).toEqual([]);
  });
});
