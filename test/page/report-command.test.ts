/** `gmemcheck page report.json` and `--html`: files that are whole, or one message. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { inProcess, ROOT } from "../cli/gmemcheck.ts";
import { check, fuzz, mutate, trace } from "./report-samples.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-report-page-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const dataOf = (html: string): any => JSON.parse(/id="data">([^]*?)<\/script>/.exec(html)![1]!);

async function pageOf(...args: string[]): Promise<{ html: string; stderr: string }> {
  const out = join(folder, "page.html");
  const { code, stderr } = await inProcess(["page", ...args, "--out", out]);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/page\.html: \d+ kB, with everything in it/)]);
  return { html: readFileSync(out, "utf8"), stderr };
}

describe("a page of reports", async () => {
  const paths = [file("check.json", check()), file("mutate.json", mutate())];
  const before = file("before.json", check());
  const { html } = await pageOf(...paths, "--against", before);

  test("carries the reports as their files have them, and the designs of their traces", () => {
    const { reports, against, designs, notes } = dataOf(html);
    expect(reports).toEqual([
      { where: paths[0], document: check() },
      { where: paths[1], document: mutate() },
    ]);
    expect([designs, notes]).toEqual([["forgotten-pin"], []]);
    expect(against[0].document.results[0].properties[0]).toEqual({
      ...check().results[0].properties[0],
      trace: {},
    });
  });

  test("is less than 400 kB, asks for nothing, and is the same, made again", async () => {
    expect(Buffer.byteLength(html)).toBeLessThan(400_000);
    expect(html).toContain("default-src 'none'");
    expect(html.slice(0, html.indexOf("<script"))).not.toMatch(/\s(src|href)=/);
    expect((await pageOf(...paths, "--against", before)).html).toBe(html);
  });

  test("what check --html writes is such a page, and one for each trace", async () => {
    const pages = join(folder, "pages");
    const { code, stderr } = await inProcess(["check", "forgotten-pin", "--quick", "--html", pages]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(join(pages, "index.html"))]);
    expect(readdirSync(pages, { recursive: true }).sort()).toEqual([
      "forgotten-pin",
      "forgotten-pin/host-never-maps-private.html",
      "index.html",
    ]);
    const { reports, designs } = dataOf(readFileSync(join(pages, "index.html"), "utf8"));
    expect(designs).toEqual(["forgotten-pin"]);
    expect(reports[0]).toMatchObject({ where: "check", document: { designs: [{ verdict: "violated" }] } });
    const own = dataOf(readFileSync(join(pages, "forgotten-pin/host-never-maps-private.html"), "utf8"));
    expect(own.trace.steps.length).toBe(trace().steps.length);
  });
});

test("what fuzz --html writes is the page of its report, and one of each trace that it found", async () => {
  const pages = join(folder, "fuzzed");
  const { code, stderr } = await inProcess(["fuzz", "forgotten-pin", "--runs", "60", "--html", pages]);
  expect([code, stderr]).toEqual([1, expect.stringContaining(join(pages, "index.html"))]);
  expect(readdirSync(pages, { recursive: true }).sort()).toEqual([
    "forgotten-pin",
    "forgotten-pin/host-never-maps-private.html",
    "index.html",
  ]);
  const { reports, designs } = dataOf(readFileSync(join(pages, "index.html"), "utf8"));
  expect([designs, reports[0].document.results[0].runs]).toEqual([["forgotten-pin"], 60]);
});

test("a design that is nowhere: the page is made without it, and says so", async () => {
  const document = fuzz();
  document.results[0].design = "mine";
  document.results[0].findings[0].trace.design = "mine";
  const { html, stderr } = await pageOf(file("mine.json", document));
  expect(stderr).toMatch(/note: mine is not in this page.*there is no design "mine"/);
  expect(dataOf(html)).toMatchObject({
    designs: [],
    notes: [expect.stringContaining("mine is not in this page")],
  });
});

test("a design of one's own is named by its file", async () => {
  const own = `${ROOT}models/proposals/forgotten-pin.ts#forgotten-pin`;
  const { html } = await pageOf(file("own.json", fuzz()), "--design", own);
  expect(dataOf(html).designs).toEqual(["forgotten-pin"]);
});

test("without script", async () => {
  const { html } = await pageOf(file("check.json", check()), "--static");
  expect(html).not.toMatch(/<script|\son\w+=|\sstyle=/i);
  expect(html).toContain("script-src 'none'");
  expect(html).toContain('id="trace=0"');
});

test.each([
  [
    "another version",
    () => [file("v.json", { ...check(), schemaVersion: 9 })],
    /v\.json: schemaVersion is 9\n.*usual cause/,
  ],
  [
    "a report cut short",
    () => {
      const cut = check();
      delete cut.results[1].levels;
      return [file("cut.json", cut)];
    },
    /cut\.json: results\[1\]: .*levels[^]*usual cause/,
  ],
  [
    "a trace among reports",
    () => [file("a.json", check()), file("t.json", trace())],
    /t\.json is no report; a trace has a page of its own/,
  ],
  [
    "a trace against a report",
    () => [file("t.json", trace()), "--against", file("a.json", check())],
    /--against: .*t\.json is no report/,
  ],
  [
    "a report against a trace",
    () => [file("a.json", check()), "--against", file("t.json", trace())],
    /t\.json: no report that is known here/,
  ],
])("%s: one message, exit code 2 and no page", async (_, make, says) => {
  const out = join(folder, "none.html");
  const { code, stdout, stderr } = await inProcess(["page", ...make(), "--out", out]);
  expect([code, stdout, existsSync(out)]).toEqual([2, "", false]);
  expect(stderr).toMatch(says);
  expect(stderr).not.toContain("fault of this tool");
});
