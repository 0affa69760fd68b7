/** Medians and ratios, and how they become tables. */
import { describe, expect, test } from "vitest";
import { TWO_WORKERS } from "../../bench/gmemcheck.ts";
import { barsOf } from "../../bench/bars.ts";
import { ratiosOf } from "../../bench/ratios.ts";
import { figure, report } from "../../bench/report.ts";
import { emptyResults, type Entry, type Heat, type Run } from "../../bench/results.ts";
import { median, ratio } from "../../bench/statistics.ts";
import { MEDIUM } from "../../bench/vectors.ts";

test("a median is the middle value, or the mean of the two in the middle, by number and not by text", () => {
  expect(median([10, 9, 100])).toBe(10);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(() => median([])).toThrow("no median");
});

test("a ratio is not known where a part of it is not", () => {
  expect([ratio(6, 3), ratio(null, 3), ratio(6, null), ratio(6, 0)]).toEqual([2, null, null, null]);
});

test("figures have three digits that count", () => {
  expect([0.003951, 2.3456, 187.6, 3_551_301.4, 0, null].map(figure)).toEqual([
    "0.00395",
    "2.35",
    "188",
    "3,551,301",
    "0",
    "–",
  ]);
});

const run = (cpuSeconds: number, more: Partial<Run> = {}): Run => ({
  wallSeconds: cpuSeconds * 2,
  cpuSeconds,
  peakBytes: 24e6,
  states: MEDIUM.counts.states,
  transitions: MEDIUM.counts.transitions,
  ...more,
});
const entry = (name: string, peer: string, ...runs: Run[]): Entry => ({ name, peer, runs });
const phases = (searchCpuSeconds: number) => ({
  phases: { translateSeconds: 0.1, searchCpuSeconds, searchSeconds: searchCpuSeconds + 1 },
});

const heat: Heat = {
  vector: MEDIUM,
  entries: [
    entry("C++", "C++", run(0.25), run(0.2), run(0.9)),
    entry("Spin, breadth first", "Spin", run(3), run(2), run(2.5)),
    // The first round was its last, lucky as it was later found to be.
    entry("Spin, depth first", "Spin", run(1)),
    entry("gmemcheck", "gmemcheck", run(1.5, phases(0.5)), run(2, phases(1)), run(9, phases(8))),
    entry(TWO_WORKERS, TWO_WORKERS, run(2.5, phases(0.25))),
  ],
};

describe("ratios of a size", () => {
  test("are of medians: the search against the peer's whole process, and whole processes", () => {
    expect(ratiosOf(heat)).toEqual([
      { what: "gmemcheck / C++", search: 1 / 0.25, process: 2 / 0.25 },
      { what: "Spin / gmemcheck", search: 2.5 / 1, process: 2.5 / 2 },
      { what: "1 worker / 2 workers, wall time", search: 2 / 1.25, process: 4 / 5 },
    ]);
  });

  test("without phases, the whole process stands for the search", () => {
    const untold: Heat = {
      vector: MEDIUM,
      entries: [heat.entries[0]!, entry("gmemcheck", "gmemcheck", run(2))],
    };
    expect(ratiosOf(untold)).toEqual([{ what: "gmemcheck / C++", search: 8, process: 8 }]);
    expect(reportOf(untold)).toContain("does not tell");
    expect(reportOf(heat)).not.toContain("does not tell");
  });
});

test("bars are said to be reached or missed, of what was measured alone", () => {
  const machine = { cpu: "", cores: 2, memoryBytes: 1, node: "", programs: {} };
  const results = emptyResults({ date: "", commit: null, machine, rounds: 1 });
  results.heats.push(heat);
  const seconds = (cpuSeconds: number, complete: boolean) => ({
    ...run(cpuSeconds, { transitions: 3e6, phases: { ...phases(2).phases, translateSeconds: 3.5 } }),
    complete,
  });
  results.designs.push({ command: "gmemcheck check a", ...seconds(90, true) });
  results.designs.push({ command: "gmemcheck check b", ...seconds(90, false) });
  results.startUps.push({ command: "gmemcheck --help", runs: [run(0.2)] });
  expect(barsOf(results).map(({ what, measured, isMet }) => [what, measured, isMet])).toEqual([
    ["medium: gmemcheck / C++", 4, false],
    ["medium: Spin / gmemcheck", 2.5, false],
    ["a: CPU seconds, exhausted", 90, true],
    ["a: transitions per CPU second", 1.5e6, true],
    ["a: translation", 3.5, false],
    // A part of it is not the whole.
    ["b: CPU seconds, exhausted", Infinity, false],
    ["b: transitions per CPU second", 1.5e6, true],
    ["b: translation", 3.5, false],
    ["gmemcheck --help: wall time", 0.4, false],
  ]);
});

function reportOf(...heats: Heat[]): string {
  const machine = { cpu: "a CPU", cores: 2, memoryBytes: 1, node: "v20", programs: { spin: "Spin 6" } };
  const results = emptyResults({ date: "2026-11-21T00:00:00Z", commit: "c0ffee", machine, rounds: 3 });
  results.heats.push(...heats);
  results.skipped.push({ what: "Rumur", reason: "not here" });
  return report(results);
}

describe("the report", () => {
  const text = reportOf(heat);

  test("shows ratios, times and rates of the search", () => {
    expect(text).toContain("| medium | gmemcheck / C++ | 4 | 8 |");
    // CPU 2, of which 1 before the search, search 1; wall 4; 24 MB; rates by the second of search.
    expect(text).toContain(
      "| medium | gmemcheck | 3 | 767,081 | 2 | 1 | 1 | 4 | 24 | 767,081 | 13,570,200 |",
    );
    expect(text).toContain("| medium | C++ | 3 | 767,081 | 0.25 | – | 0.25 | 0.5 | 24 |");
  });

  test("says where, when, and what was left out", () => {
    expect(text).toContain("Measured 2026-11-21 at commit c0ffee, on 2 cores of a CPU, node v20, Spin 6.");
    expect(text).toContain("- Rumur: *skipped*: not here");
  });

  test("has no table of what there is nothing of", () => {
    expect(text.match(/^\| --- /gm)).toHaveLength(3);
    expect(reportOf({ vector: MEDIUM, entries: heat.entries.slice(0, 1) }).match(/^\| --- /gm)).toHaveLength(
      1,
    );
    expect(reportOf({ vector: MEDIUM, entries: [] }).match(/^\| --- /gm)).toBeNull();
  });

  test("knows no memory where one of the runs does not", () => {
    const unknown = entry("C++", "C++", run(1), run(1, { peakBytes: null }));
    expect(reportOf({ vector: MEDIUM, entries: [unknown] })).toContain("| 1 | – | 1 | 2 | – |");
  });
});
