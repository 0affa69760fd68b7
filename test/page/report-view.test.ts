/** Pages of reports as they are drawn. */
import { renderToString } from "preact-render-to-string";
import { h } from "preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { renderReport } from "../../page/entry/static-report.tsx";
import { ReportView } from "../../page/report/report-view.tsx";
import { shownOf } from "../../page/report/shown.ts";
import { ALL, check, counted, diff, fuzz, gate, growth, mutate, named } from "./report-samples.ts";
import { all, elements, parse, textOf, type Element } from "./markup.ts";
import { storedOf } from "./stored.ts";

function drawn(documents: readonly unknown[], before: readonly unknown[] = []): Element {
  const reports = documents.map((document, i) => named(document, `${i}.json`));
  const against = before.map((document) => named(document, "before.json"));
  return parse(renderReport({ reports, against, designs: [], notes: ["a note"] }));
}

const rowsOf = (of: Element, says: string): string[][] => {
  const table = all(of, "table").find(({ attributes }) => attributes.get("aria-label") === says)!;
  const cellsOf = (row: Element): Element[] => row.children.filter((cell) => typeof cell !== "string");
  return all(table, "tr").map((row) => cellsOf(row).map((cell) => textOf(cell).replace(/\s+/g, " ").trim()));
};

describe("without script", () => {
  test("a check: each verdict is a sign and a word; a broken one leads to its trace", () => {
    const page = drawn([check()]);
    const rows = rowsOf(page, "Verdicts of designs and promises");
    expect(rows[0]![1]).toBe("forgotten-pin ✗ violated 2 runs, 1 of them exhausted, depth 2");
    expect(rows.slice(1)).toEqual([
      ["host-never-maps-private", "✗ violated after 6 steps 1 run"],
      ["slots-disjoint", "… incomplete 1 of 2 runs exhausted"],
      ["page-at-one-gfn", "… incomplete 1 of 2 runs exhausted"],
      ["converted", "✓ reached after 3 steps"],
    ]);
    const [link] = all(page, "a").filter(({ attributes }) => attributes.get("href") === "#trace=0");
    expect(textOf(link!)).toContain("violated");
    const there = all(page, "section").find(({ attributes }) => attributes.get("id") === "trace=0")!;
    expect(all(there, "li").length).toBe(6);
    expect(textOf(there)).toContain("convert(");
  });

  test("runs, levels and growth have their numbers as text", () => {
    const page = drawn([check(), growth()]);
    expect(rowsOf(page, "Runs").map((row) => row[1])).toEqual([
      "Verdict",
      "✗ violated exhausted",
      "… incomplete not exhausted: more than 2000 states",
    ]);
    const says = all(page, "svg").map(({ attributes }) => attributes.get("aria-label"));
    expect(says).toEqual([
      "depth 0: 1, depth 1: 300, depth 2: 49",
      "depth 0: 1, depth 1: 300, depth 2: 49; not exhausted",
      "States: pages=1: 350; pages=2: more than 2,000, not exhausted",
      "States: the defaults: 1,911; vms=2: not exhausted",
    ]);
  });

  test("coverage: what was never seen is said in words", () => {
    const page = drawn([check(), fuzz()]);
    expect(rowsOf(page, "Coverage of forgotten-pin").slice(0, 2)).toEqual([
      ["Call", "0", "value", "EINVAL", "EOVERFLOW"],
      ["mmap", "208", "not declared", "186", "∅ never"],
    ]);
    const never = all(page, ".never").map((list) => all(list, "li").map(textOf));
    expect(never).toEqual([["mmap: EOVERFLOW"], ["mmap: EOVERFLOW", "everything-is-shared"]]);
  });

  test("sections: each with how often it ran, of each call apart; what never ran is said in words", () => {
    const page = drawn([counted()]);
    expect(rowsOf(page, "Sections of forgotten-pin")).toEqual([
      ["Call", "Section", "Ran"],
      ["mmap", "look up the file", "394"],
      ["take the lock", "208"],
      ["refuse an offset", "∅ never"],
      ["create_vm", "look up the file", "1,354"],
    ]);
    const table = all(page, "table").find(
      ({ attributes }) => attributes.get("aria-label") === "Sections of forgotten-pin",
    )!;
    const spans = all(table, "th").map(({ attributes }) => attributes.get("rowspan"));
    expect(spans.filter((span) => span !== undefined)).toEqual(["3", "1"]);
    const never = all(page, ".never").map((list) => all(list, "li").map(textOf));
    expect(never).toEqual([["mmap: EOVERFLOW"], ["mmap: refuse an offset"]]);
    const text = textOf(page);
    expect(text).toContain("forgotten-pin: 3 of 4 sections ran.");
    expect(text).not.toContain("--sections");
    expect(textOf(drawn([check()]))).toContain("gmemcheck check --sections counts them too");
  });

  test("mutants, gates, and two designs", () => {
    const page = drawn([mutate(), gate(), diff()]);
    const text = textOf(page);
    expect(text).toContain("99.9 % of 1,000 mutants of forgotten-pin killed");
    expect(text).toContain("1 of 2 promises kill nothing: page-at-one-gfn.");
    expect(text).toContain("mmap answers EBUSY, and the mutant 0");
    expect(rowsOf(page, "What is wrong")[1]!.slice(0, 3)).toEqual([
      "host-never-maps-privatedesigns",
      "✗ violated",
      "forgotten-pin",
    ]);
    expect(text).toContain("larger bounds: no time was left (not required)");
    expect(text).toContain("✗ breaks what relies on forgotten-pin, as far as it was compared: cut off");
    const [both] = all(page, "table").filter(
      (table) => table.attributes.get("aria-label") === "The steps of both",
    );
    const apart = all(both!, ".apart");
    expect(apart.length).toBe(1);
    expect(textOf(apart[0]!)).toMatch(/^6convert\(.*\) = 0≠ here they partconvert\(.*\) = EBUSY$/);
  });

  test("the trend, and a report of before that is compared with nothing", () => {
    const then = check();
    then.designs[0].verdict = "invalid";
    const page = drawn([check()], [then, mutate()]);
    expect(rowsOf(page, "Since before.json")).toEqual([
      ["What", "Turn", "Was", "Is"],
      ["forgotten-pin", "▲ better", "invalid", "violated"],
    ]);
    expect(textOf(page)).toContain("before.json is compared with nothing");
  });

  test("names are texts, in every kind of report", () => {
    const evil = "</script><img src=x onerror=alert(1)>\u202e";
    const spoil = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(spoil);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) =>
          SPOILED.has(key) && typeof inner === "string" ? [key, evil] : [key, spoil(inner)],
        ),
      );
    };
    const reports = Object.values(ALL).map((make) => named(spoil(make()), evil));
    const html = renderReport({ reports, against: [], designs: [], notes: [evil] });
    expect(html).not.toMatch(/<img|<script|\u202e/);
    expect(html).toContain("\\u{202e}");
    // The policy would drop them.
    const names = elements(parse(html)).flatMap(({ attributes }) => [...attributes.keys()]);
    expect(names.filter((name) => name === "style" || name.startsWith("on"))).toEqual([]);
  });
});

/** What people name and write. */
const SPOILED = new Set(
  [
    "design",
    "name",
    "reason",
    "scenario",
    "property",
    "goal",
    "a",
    "b",
    "subject",
    "from",
    "to",
    "file",
  ].concat(
    [
      "id",
      "operator",
      "before",
      "after",
      "at",
      "verdict_",
      "of",
      "message",
      "details",
      "why",
      "what",
      "says",
    ],
    ["source", "track", "where", "call", "key"],
  ),
);

describe("with script", () => {
  const { location: own } = globalThis;
  const at = (hash: string): void => void Object.assign(globalThis, { location: { hash } });
  beforeEach(() => at(""));
  afterEach(() => void Object.assign(globalThis, { location: own }));

  async function live(...documents: unknown[]): Promise<Element> {
    const { design } = await storedOf("forgotten-pin/host-never-maps-private.json");
    const shown = shownOf({ reports: documents.map((one) => named(one)), against: [], notes: [] });
    const keys = ["forgotten-pin", "a of report.json", "b of report.json"];
    const designs = new Map(keys.map((key) => [key, design]));
    return parse(renderToString(h(ReportView, { shown, designs })));
  }

  test("a trace of a report runs, with the way back", async () => {
    at("#trace=0&step=2");
    const page = await live(check());
    expect(textOf(all(page, "h1")[0]!)).toContain("host-never-maps-private is broken after 6 calls");
    expect(all(page, ".picture").length).toBeGreaterThan(0);
    expect(all(page, "a")[0]!.attributes.get("href")).toBe("#");
  });

  test("two runs side by side, at the step that the address names", async () => {
    at("#difference=0&step=4");
    const page = await live(diff());
    const sides = all(page, ".side");
    expect(sides.map((side) => textOf(all(side, "h2")[1]!))).toEqual(["Step 4 of 6", "Step 4 of 6"]);
    expect(sides.map((side) => all(side, ".picture").length)).toEqual([1, 1]);
    expect(all(page, ".here").map((row) => textOf(all(row, "th")[0]!))).toEqual(["4"]);
    expect(textOf(page)).toContain("The memory is drawn alike all the way.");
  });

  test("where one design has no run to show, the other is stepped through", async () => {
    at("#difference=1");
    const [a, b] = all(await live(diff()), ".side");
    expect(textOf(a!)).toContain("There is no run to show: holds.");
    expect(textOf(all(b!, "h2")[1]!)).toBe("Step 6 of 6");
  });

  test("what does not run is said, and its steps are shown as the report has them", async () => {
    at("#trace=0");
    const broken = check();
    broken.results[0].properties[0].trace.steps[2].call = "nmap";
    const page = await live(broken);
    expect(textOf(page)).toMatch(/This cannot be shown.*forgotten-pin has no call "nmap"/);
    expect(textOf(page)).toContain("nmap(");
    at("#trace=7");
    expect(textOf(await live(check()))).toContain("There is nothing of this number in the report.");
  });
});
