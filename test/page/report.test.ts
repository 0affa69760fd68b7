/** What pages say of reports. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { CheckFile as CheckSchema } from "../../checkers/report/check-schema.ts";
import type { DiffFile as DiffSchema } from "../../checkers/report/diff-json.ts";
import { fuzzSchema, type FuzzFile as FuzzSchema } from "../../checkers/report/fuzz-schema.ts";
import type { GateFile as GateSchema } from "../../checkers/report/gate-json.ts";
import { mutateSchema, type MutateFile as MutateSchema } from "../../checkers/report/mutate-schema.ts";
import { designsWanted, tracesOf } from "../../page/entry/reports.ts";
import { coverageOfCheck, coverageOfFuzz } from "../../page/report/coverage.ts";
import { firstApart, linesOf } from "../../page/report/divergence.ts";
import type { CheckFile, DiffFile, FuzzFile, GateFile, MutateFile } from "../../page/report/files.ts";
import { growthOfCheck, growthOfFile } from "../../page/report/growth.ts";
import { routeOf, traceHref } from "../../page/report/links.ts";
import { matrixOf } from "../../page/report/matrix.ts";
import { countText, percentText } from "../../page/report/numbers.ts";
import { kindOf, readReport } from "../../page/report/read.ts";
import { shownOf } from "../../page/report/shown.ts";
import { trendOf } from "../../page/report/trend.ts";
import { ROOT } from "../cli/gmemcheck.ts";
import { ALL, check, counted, diff, fuzz, gate, growth, mutate, named, trace } from "./report-samples.ts";

/** What the schemas describe is what a page takes: tsc refuses these where they part. */
const asPublished = {
  check: (file: CheckSchema): CheckFile => file,
  diff: (file: DiffSchema): DiffFile => file,
  fuzz: (file: FuzzSchema): FuzzFile => file,
  gate: (file: GateSchema): GateFile => file,
  mutate: (file: MutateSchema): MutateFile => file,
};

const shown = (...documents: unknown[]) =>
  shownOf({ reports: documents.map((one, i) => named(one, `${i}.json`)), against: [], notes: [] });

describe("reports are read by what they are", () => {
  test.each(Object.entries(ALL))("%s", (kind, make) => {
    const document = make();
    expect([kindOf(document), readReport(document, "r").file]).toEqual([kind, document]);
    expect(Object.keys(asPublished).includes(kind) || kind === "growth").toBe(true);
  });

  test("a trace is none, nor is anything else", () => {
    for (const one of [trace(), {}, [], null, 3, "x", { results: [] }]) expect(kindOf(one)).toBe(null);
    expect(() => readReport({ hello: "world" }, "r")).toThrow(
      /^r: no report that is known here\n.*usual cause/,
    );
  });

  test.each([
    ["another version", () => ({ ...check(), schemaVersion: 9 }), /r: schemaVersion is 9/],
    ["no version", () => ({ ...fuzz(), schemaVersion: undefined }), /r: schemaVersion is not there/],
    [
      "a part of the wrong kind",
      () => {
        const document = check();
        document.results[1].levels[2] = "many";
        return document;
      },
      /^r: results\[1\]\.levels\[2\]: .*\n.*usual cause.*\n.*schemas\/gmemcheck-check-1\.json/,
    ],
    ["a part that is gone", () => ({ ...mutate(), score: {} }), /^r: score: .*killed/],
  ])("%s is refused", (_, make, says) => {
    expect(() => readReport(make(), "r")).toThrow(says);
  });

  test.each([
    ["fuzz", fuzzSchema],
    ["mutate", mutateSchema],
  ])("the published schema of %s is what npm run schemas writes", (kind, schema) => {
    const text = readFileSync(`${ROOT}schemas/gmemcheck-${kind}-1.json`, "utf8");
    expect(JSON.parse(text)).toEqual(schema());
  });
});

describe("designs × promises", () => {
  const { columns, rows } = matrixOf(check());
  const cell = (promise: string) => rows.find((row) => row.promise === promise)!.cells[0]!;

  test("the worst of all runs, and how far they came", () => {
    expect(columns).toMatchObject([{ word: "violated", runs: 2, complete: 1, depth: 2, states: 2350 }]);
    expect(cell("page-at-one-gfn")).toMatchObject({ word: "incomplete", runs: 2, complete: 1, steps: null });
    expect(cell("slots-disjoint").word).toBe("incomplete");
  });

  test("a broken promise has its shortest trace", () => {
    const document = check();
    document.results[0].properties.push({
      ...{ name: "host-never-maps-private", kind: "always", verdict: "violated", steps: 2 },
      trace: { ...trace(), scenario: "shorter" },
    });
    document.results[1].properties.push(document.results[0].properties.pop());
    const broken = matrixOf(document).rows[0]!.cells[0]!;
    expect([broken.word, broken.steps, broken.trace?.["scenario"]]).toEqual(["violated", 2, "shorter"]);
  });

  test("what should be possible is reached where one run reaches it", () => {
    expect(cell("converted").word).toBe("reached");
    const document = check();
    delete document.results[0].properties[3].steps;
    expect(matrixOf(document).rows[3]!.cells[0]!.word).toBe("incomplete");
  });

  test("holds where all runs that ask were finished", () => {
    const document = check();
    document.results.pop();
    expect(matrixOf(document).rows[2]!.cells[0]!.word).toBe("holds");
  });
});

test("growth: runs that differ in bounds alone, by what differs, and what was cut off is said", () => {
  expect(growthOfCheck(check())).toEqual([
    {
      title: "forgotten-pin, scenario conversion, everything tracked, calls do not overlap",
      bars: [
        { label: "pages=1", states: 350, complete: true },
        { label: "pages=2", states: 2000, complete: false },
      ],
    },
  ]);
  const other = check();
  other.results[1].tracked = "watch";
  expect(growthOfCheck(other)).toEqual([]);
  expect(growthOfFile(growth())[0]!.bars).toEqual([
    { label: "the defaults", states: 1911, complete: true },
    { label: "vms=2", states: null, complete: false },
  ]);
});

describe("coverage", () => {
  test("of a check: calls × results, and what was never seen", () => {
    const [of] = coverageOfCheck(check());
    expect(of).toMatchObject({
      results: ["0", "value", "EINVAL", "EOVERFLOW"],
      calls: [
        { call: "mmap", times: [208, null, 186, 0] },
        { call: "create_vm", times: [null, 4, 350, null] },
      ],
      never: ["mmap: EOVERFLOW"],
      declared: 5,
    });
    expect(of!.unsaid.join("\n")).toMatch(
      /Which sections .* is not in the report.*--sections[^]*1 of the runs were not exhausted/,
    );
  });

  test("of a check with --sections: calls × sections, and what never ran", () => {
    const [of] = coverageOfCheck(counted());
    expect(of!.sections).toEqual({
      calls: [
        {
          call: "mmap",
          sections: [
            { section: "look up the file", times: 394 },
            { section: "take the lock", times: 208 },
            { section: "refuse an offset", times: 0 },
          ],
        },
        { call: "create_vm", sections: [{ section: "look up the file", times: 1354 }] },
        { call: "destroy_vm", sections: [] },
      ],
      never: ["mmap: refuse an offset"],
      written: 4,
    });
    expect(of!.unsaid.join("\n")).not.toContain("--sections");
    expect(coverageOfCheck(check())[0]!.sections).toBeNull();
  });

  test("of random runs", () => {
    expect(coverageOfFuzz(fuzz())[0]).toMatchObject({
      results: ["0", "EOVERFLOW", "SIGBUS BUS_ADRERR"],
      calls: [
        { call: "mmap", times: [79, 0, null] },
        { call: "host_read", times: [null, null, 243] },
      ],
      never: ["mmap: EOVERFLOW", "everything-is-shared"],
      declared: 4,
    });
  });
});

describe("the trend", () => {
  const turns = (now: unknown, then: unknown) => trendOf(readReport(now, "now"), readReport(then, "then"));

  test.each(Object.entries(ALL))("%s: none to itself", (_, make) => {
    expect(turns(make(), make())).toEqual([]);
  });

  test("of a check: verdicts that are worse and better, states, and what is gone", () => {
    const then = check();
    then.results[0].properties[0] = { name: "host-never-maps-private", kind: "always", verdict: "holds" };
    then.results[0].states = 351;
    then.designs[0].verdict = "invalid";
    then.results[0].properties.push({ name: "old", kind: "step", verdict: "holds" });
    expect(turns(check(), then)).toEqual([
      { what: "forgotten-pin", was: "invalid", is: "violated", turn: "better" },
      { what: "forgotten-pin: host-never-maps-private", was: "holds", is: "violated", turn: "worse" },
      {
        what: "forgotten-pin: states of conversion, sequential, full, 1 1",
        ...{ was: "351", is: "350", turn: "other" },
      },
      { what: "forgotten-pin: old", was: "holds", is: "not there", turn: "other" },
    ]);
  });

  test("of mutants, of random runs and of two designs", () => {
    const then = mutate();
    then.score = { killed: 1000, of: 1000 };
    then.mutants[0].fate = { kind: "promise", by: ["x"], steps: 1, at: "y" };
    expect(turns(mutate(), then)).toEqual([
      { what: "forgotten-pin: score", was: "100 % of 1000", is: "99.9 % of 1000", turn: "worse" },
      { what: "mmap.ts#mmap/drop-check/1", was: "promise", is: "survived", turn: "worse" },
    ]);
    const seen = fuzz();
    seen.results[0].neverReached = ["everything-is-shared"];
    seen.results[0].reached.push({ goal: "mmap:EOVERFLOW", times: 1 });
    expect(turns(seen, fuzz())).toMatchObject([{ what: "forgotten-pin: mmap:EOVERFLOW", turn: "better" }]);
    expect(turns({ ...diff(), compatibility: "extends" }, diff())).toMatchObject([{ turn: "better" }]);
    expect(turns({ ...gate(), verdict: "passed", exitCode: 0 }, gate())).toMatchObject([{ turn: "better" }]);
  });
});

test("two runs part where one answers otherwise", () => {
  const [{ a, b } = { a: null, b: null }, lost] = shown(diff()).differences;
  const [left, right] = [linesOf(a!), linesOf(b!)];
  expect([left.length, firstApart(left, right), firstApart(left, left)]).toEqual([6, 6, null]);
  expect(right.at(-1)).toMatch(/^convert\(.*\) = EBUSY$/);
  expect(firstApart(left, left.slice(0, 4))).toBe(5);
  expect([lost!.a, lost!.b?.where]).toEqual([null, "0.json: forgotten-pin: promise lost calls-end"]);
});

test("traces are numbered over all reports, and named by what runs them", () => {
  const all = shown(check(), fuzz(), gate(), diff());
  expect(all.traces.map(({ key, what }) => [key, what])).toEqual(
    Array(3).fill(["forgotten-pin", "host-never-maps-private"]),
  );
  const [, , last] = all.traces;
  expect(traceHref(all, last!.trace)).toBe("#trace=2");
  expect(traceHref(all, trace())).toBe(null);
  expect(designsWanted([named(diff()), named(check())], [])).toEqual([
    { key: "forgotten-pin", name: "forgotten-pin", side: null },
    { key: "a of report.json", name: "forgotten-pin", side: "a" },
    { key: "b of report.json", name: "forgotten-pin", side: "b" },
  ]);
  const two = check();
  two.results[1].properties = [{ ...two.results[0].properties[0], trace: { ...trace(), steps: [] } }];
  expect(tracesOf(named(two)).map((one) => one.trace["steps"])).toEqual([[]]);
});

test("addresses", () => {
  expect(routeOf("#trace=3&step=2")).toEqual({ to: "trace", number: 3 });
  expect(routeOf("#difference=0")).toEqual({ to: "difference", number: 0 });
  for (const hash of ["", "#", "#step=3", "#trace=-1", "#trace=x"]) expect(routeOf(hash).to).toBe("reports");
});

test("numbers", () => {
  expect([0, 999, 1000, 1234567].map(countText)).toEqual(["0", "999", "1,000", "1,234,567"]);
  expect([percentText(999_999, 1_000_000), percentText(3, 3), percentText(0, 0)]).toEqual([
    "99.9 %",
    "100 %",
    "nothing",
  ]);
});
