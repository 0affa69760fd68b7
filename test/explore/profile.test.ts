/** Where states and time go: the profile's numbers against those of an obvious count on plain states. */
import { beforeAll, describe, expect, test } from "vitest";
import { disabled } from "../../spec/language/call.ts";
import { bool, callsOf, design, record, upTo } from "../../spec/language.ts";
import type { Bounds, ValueOf } from "../../spec/language.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { bounded } from "../../checkers/explore/bounded.ts";
import { checkVector, type RunReport, summary } from "../../checkers/explore/check.ts";
import { NO_LIMIT, type SearchOptions } from "../../checkers/explore/sweep.ts";
import type { RunProfile } from "../../checkers/explore/profile.ts";
import { checkJson } from "../../checkers/report/json.ts";
import { runText } from "../../checkers/report/text.ts";
import { gmemSeq } from "../../models/gmem-seq.ts";
import { entryOf } from "../../models/registry.ts";
import { toy } from "../toy.ts";

const size = (vms: number, files: number, pages: number, slots: number, gfns: number): Bounds => ({
  vms,
  files,
  pages,
  slots,
  gfns,
});
const TINY = size(1, 1, 1, 1, 1);
const SMALL = size(2, 1, 2, 2, 2);

const profiled = (of: AnyDesign, vector: Vector, more: Partial<SearchOptions> = {}) =>
  checkVector(of, vector, { budget: NO_LIMIT, profile: true, ...more });

const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);

function cellOf({ cells }: RunProfile, path: string) {
  const found = cells!.find((cell) => cell.path === path);
  if (found === undefined) throw new Error(`no ${path}`);
  return found;
}

/** A profile without what depends on the clock. */
function withoutTimes({ seconds: _, calls, ...profile }: RunProfile): unknown {
  return { ...profile, calls: calls?.map(({ timeShare: _, ...call }) => call) };
}

interface Plain {
  readonly states: readonly unknown[];
  readonly calls: ReadonlyMap<string, { transitions: number; unchanged: number; known: number; new: number }>;
}

/** Breadth first on plain objects, kept as text. */
function plain(bounds: Bounds): Plain {
  const { instances, start, m } = bounded(gmemSeq, { bounds });
  const seen = new Set([JSON.stringify(start)]);
  const queue = [...seen];
  const calls = new Map<string, { transitions: number; unchanged: number; known: number; new: number }>();
  for (const text of queue) {
    for (const instance of instances) {
      const state: unknown = JSON.parse(text);
      if (instance.run(state, m) === disabled) continue;
      const counts = calls.get(instance.name) ?? { transitions: 0, unchanged: 0, known: 0, new: 0 };
      calls.set(instance.name, counts);
      counts.transitions++;
      const after = JSON.stringify(state);
      if (after === text) counts.unchanged++;
      else if (seen.has(after)) counts.known++;
      else {
        counts.new++;
        seen.add(after);
        queue.push(after);
      }
    }
  }
  return { states: queue.map((text) => JSON.parse(text) as unknown), calls };
}

/** Different states when nobody looks at a path (`vms[].slots[].gfn`). */
function without(states: readonly unknown[], path: string): number {
  const parts = path.replaceAll("[]", ".[]").split(".");
  const removed = (value: unknown, depth: number): unknown => {
    if (depth === parts.length) return "removed";
    if (value === null) return null;
    if (parts[depth] === "[]") return (value as unknown[]).map((entry) => removed(entry, depth + 1));
    const of = value as Record<string, unknown>;
    return { ...of, [parts[depth]!]: removed(of[parts[depth]!], depth + 1) };
  };
  return new Set(states.map((state) => JSON.stringify(removed(state, 0)))).size;
}

describe.each([
  ["1/1/1/1/1", TINY],
  ["2/1/2/1/2", size(2, 1, 2, 1, 2)],
])("gmem-seq %s", (_, bounds) => {
  let report: RunReport;
  let profile: RunProfile;
  let expected: Plain;
  beforeAll(async () => {
    report = await profiled(gmemSeq, { bounds });
    profile = report.profile!;
    expected = plain(bounds);
  });

  test("what each call leads to is what it leads to on plain states", () => {
    const found = profile.calls!.map(({ call, transitions, unchanged, known, new: fresh }) => {
      return [call, { transitions, unchanged, known, new: fresh }] as const;
    });
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected.calls));
  });

  test("the calls add up", () => {
    const calls = profile.calls!;
    expect(sum(calls.map(({ transitions }) => transitions))).toBe(report.transitions);
    expect(sum(calls.map((call) => call.new))).toBe(report.states - 1);
    for (const { transitions, unchanged, known, new: fresh } of calls)
      expect(unchanged! + known + fresh).toBe(transitions);
    expect(profile.apart).toBe(0);
    expect(sum(calls.map(({ timeShare }) => timeShare))).toBeCloseTo(1);
    expect(sum(calls.map(({ instances }) => instances))).toBe(bounded(gmemSeq, { bounds }).instances.length);
  });

  test("each field multiplies as it does on plain states", () => {
    expect(profile.cells!.length).toBe(13);
    for (const { path, without: left, factor, isEstimate } of profile.cells!) {
      expect({ path, left, isEstimate }).toEqual({
        path,
        left: without(expected.states, path),
        isEstimate: false,
      });
      expect(factor).toBe(report.states / left);
    }
    const factors = profile.cells!.map(({ factor }) => factor);
    expect(factors).toEqual([...factors].sort((a, b) => b - a));
  });

  test("calls as they are written have the profile of those that are translated", async () => {
    const written = await profiled(gmemSeq, { bounds }, { interpreted: true });
    expect(withoutTimes(written.profile!)).toEqual(
      withoutTimes({ ...profile, bytesPerState: written.profile!.bytesPerState }),
    );
  });
});

test("gmem-seq 1/1/1/1/1 in numbers", async () => {
  const { profile, states, transitions } = await profiled(gmemSeq, { bounds: TINY });
  expect({ states, transitions }).toEqual({ states: 22, transitions: 106 });
  expect(cellOf(profile!, "vms[].private[]")).toEqual({
    path: "vms[].private[]",
    whole: false,
    bits: 1,
    without: 15,
    factor: 22 / 15,
    isEstimate: false,
  });
  expect(profile!.cells![0]).toMatchObject({ path: "vms[].slots[]", whole: true, bits: 2, without: 13 });
  expect(profile).toMatchObject({
    timed: 1,
    transitionsPerState: 106 / 22,
    successorsPerState: 106 / 22,
    duplicatesPerNew: 85 / 21,
    bitsPerState: 8,
    packedBytesPerState: 4,
    widest: [
      { depth: 3, states: 6 },
      { depth: 4, states: 6 },
      { depth: 2, states: 4 },
    ],
  });
});

test("small in numbers", async () => {
  const { profile } = await profiled(gmemSeq, { bounds: SMALL });
  const calls = profile!.calls!.map(({ call, transitions, new: fresh }) => [call, [transitions, fresh]]);
  expect(Object.fromEntries(calls)).toEqual({
    create: [162, 132],
    close: [25_218, 65],
    bind: [27_540, 948],
    unbind: [30_960, 0],
    setattr: [101_196, 465],
    allocate: [15_660, 4_590],
    punch: [34_776, 0],
    gfault: [20_736, 5_868],
    hfault: [31_320, 13_230],
    hunmap: [15_660, 0],
  });
  expect(cellOf(profile!, "vms[].private[]")).toMatchObject({ bits: 4, without: 5344 });
  // Of 25,299 states every 64th.
  expect(profile!.timed).toBe(396);
});

test("a field that cannot vary multiplies nothing: without bits, and with bits that never change", async () => {
  const { profile } = await profiled(gmemSeq, { bounds: TINY });
  expect(cellOf(profile!, "vms[].slots[].file")).toMatchObject({ bits: 0, without: 22, factor: 1 });
  expect(cellOf(profile!, "vms[].slots[].npages")).toMatchObject({ bits: 1, without: 22, factor: 1 });
});

test("a toy, counted by hand: half of all calls are refused, and the counter follows from the switches", async () => {
  const { profile } = await profiled(toy(), { bounds: { switches: 5 } });
  const half = { instances: 5, transitions: 160, refused: 80, unchanged: 80 };
  expect(profile!.calls).toMatchObject([
    // A state that is new is one more switch on.
    { call: "turn_on", ...half, known: 80 - 31, new: 31 },
    { call: "turn_off", ...half, known: 80, new: 0 },
  ]);
  expect(cellOf(profile!, "on[]")).toMatchObject({ bits: 5, without: 6, factor: 32 / 6 });
  expect(cellOf(profile!, "count")).toMatchObject({ without: 32, factor: 1 });
});

const counters = record({ a: upTo("most"), b: upTo("most"), lamp: bool });
const { call } = callsOf<ValueOf<typeof counters>, number>();
const up = (which: "a" | "b") =>
  call({
    kernel: "counter_up(), a toy",
    by: "task",
    returns: ["EAGAIN"],
    takes: {},
    sections: {
      count: (s, _, m) => {
        if (s[which] === m) return "EAGAIN";
        s[which]++;
        return 0;
      },
    },
  });
const twoCounters = design({
  name: "two-counters",
  says: "two counters and a lamp",
  source: "a test",
  bounds: { most: { says: "the highest count", default: 2, most: 1000 } },
  machine: (bounds: Bounds): number => Number(bounds["most"]),
  sizes: (most) => ({ most }),
  state: counters,
  calls: {
    up_a: up("a"),
    up_b: up("b"),
    flip: call({
      kernel: "flip(), a toy",
      by: "task",
      returns: [],
      takes: {},
      sections: { flip: (s) => void (s.lamp = !s.lamp) },
    }),
  },
  view: (s) => s,
  promises: [],
  scenarios: {},
  vectors: [{ bounds: {} }],
});

test("of more than can be counted, a part is, which says so", async () => {
  // 460 values of each counter: 423,200 states, 211,600 without the lamp.
  const report = await profiled(twoCounters, { bounds: { most: 459 } });
  expect(report.states).toBe(460 * 460 * 2);
  expect(cellOf(report.profile!, "a")).toMatchObject({ without: 920, factor: 460, isEstimate: false });
  expect(cellOf(report.profile!, "b")).toMatchObject({ without: 920, factor: 460, isEstimate: false });
  const lamp = cellOf(report.profile!, "lamp");
  expect(lamp.isEstimate).toBe(true);
  expect(Math.abs(lamp.without / (460 * 460) - 1)).toBeLessThan(0.01);
  expect(runText(report, asking(twoCounters))).toMatch(/lamp +1 +~\d+ +~[12]\.\d\d\n/);
});

test("where calls overlap, only the states: what is in flight is a field too", async () => {
  const { design: of } = entryOf("guest-memfd-6.8")!;
  const bounds = { tasks: 2, types: "sw_protected" };
  let designStates = 0;
  const report = await profiled(
    of,
    { bounds, scenario: "dying-file", mode: "overlap", overlap: 2 },
    {
      onVisited: (_, visited) => {
        const seen = new Set<string>();
        for (const { words } of visited.pieces(0, visited.count)) {
          for (let at = 0; at < words.length; at += visited.words)
            seen.add(words.subarray(at, at + visited.words - 2).join());
        }
        designStates = seen.size;
      },
    },
  );
  const { profile, states, transitions } = report;
  expect(profile).toMatchObject({ calls: null, timed: 0, apart: 0, successorsPerState: null });
  expect(profile!.transitionsPerState).toBe(transitions / states);
  expect(designStates).toBeGreaterThan(100);
  expect(cellOf(profile!, "(calls in flight)")).toMatchObject({ without: designStates, isEstimate: false });
  expect(runText(report, asking(of))).toContain("(calls in flight)");
});

test("cells that are not tracked: one search for each location, new states add up over all of them", async () => {
  const { design: of } = entryOf("guest-memfd-6.8")!;
  const vector = { bounds: { types: "sw_protected" }, scenario: "dying-file", track: "watch" } as const;
  const report = await profiled(of, vector);
  const { profile, states, transitions } = report;
  const searches = bounded(of, vector).trackings.length;
  expect(searches).toBeGreaterThan(1);
  const calls = profile!.calls!;
  expect(sum(calls.map((made) => made.new))).toBe(states - searches);
  expect(sum(calls.map((made) => made.transitions)) + profile!.apart).toBe(transitions);
  expect(calls.every(({ unchanged }) => unchanged === null)).toBe(true);
  const { outcomes } = await checkVector(of, vector, { budget: NO_LIMIT });
  expect(report.outcomes).toEqual(outcomes);
  expect(profile!.cells!.every(({ factor }) => factor >= 1)).toBe(true);
  expect(profile!.cells![0]!.factor).toBeGreaterThan(1);
});

test("a run that is stopped has a profile of what it did; where 64 bits stand for a state, none of its fields", async () => {
  const budget = { ...NO_LIMIT, states: 500 };
  const large = { bounds: { vms: 4, files: 4, pages: 4, slots: 3, gfns: 4 } };
  const stopped = await profiled(gmemSeq, large, { budget });
  const { complete, states, profile } = stopped;
  expect(complete).toBe(false);
  expect(sum(profile!.calls!.map((made) => made.new))).toBe(states - 1);
  expect(profile!.cells!.length).toBe(13);
  const compact = await profiled(gmemSeq, large, { budget, compaction: true });
  expect(compact.profile!.cells).toBeNull();
  expect(sum(compact.profile!.calls!.map((made) => made.new))).toBe(compact.states - 1);
  expect(runText(compact, asking(gmemSeq))).toContain("which fields multiply the states is not known");
});

test("up to names, states are counted as they stand for others", async () => {
  const { profile, states } = await profiled(gmemSeq, { bounds: SMALL }, { symmetry: "orbits" });
  expect(states).toBe(6714);
  expect(sum(profile!.calls!.map((made) => made.new))).toBe(6713);
});

test("nothing else of a run changes, and without --profile there is none", async () => {
  const plainRun = await checkVector(gmemSeq, { bounds: SMALL }, { budget: NO_LIMIT });
  const { profile, ...report } = await profiled(gmemSeq, { bounds: SMALL });
  expect(plainRun.profile).toBeUndefined();
  expect(profile).toBeDefined();
  const timeless = ({ seconds: _, times: __, ...rest }: RunReport): unknown => rest;
  expect(timeless(report)).toEqual(timeless(plainRun));
});

test("a run that goes on has none: its first part was not counted", async () => {
  await expect(profiled(gmemSeq, { bounds: TINY }, { resume: "nowhere" })).rejects.toThrow("--profile");
});

test("as text and as JSON", async () => {
  const report = await profiled(gmemSeq, { bounds: TINY });
  const text = runText(report, asking(gmemSeq));
  expect(text).toMatch(/^ {4}vms\[\]\.slots\[\] \(whole\) +2 +13 +1\.69$/m);
  expect(text).toMatch(/^ {4}setattr +1 +22 +0\.0% +0\.0% +86\.4% +13\.6% +3 +~\d+\.\d%$/m);
  expect(text).toContain("an estimate, from 1 state");
  const json = (await checkJson([summary(gmemSeq, [], [report], "nothing")], new Map())) as {
    readonly results: readonly { readonly profile: unknown }[];
  };
  expect(json.results[0]!.profile).toEqual(report.profile);
});

function asking(of: AnyDesign): Parameters<typeof runText>[1] {
  return { asked: of.name, design: of, traceFiles: new Map() };
}
