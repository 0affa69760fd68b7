/** How often each section of each call runs: of designs that are counted by hand, and without changing what a run finds. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  bool,
  callsOf,
  design,
  disabled,
  goTo,
  mutex,
  record,
  srcu,
  tracked,
  upTo,
} from "../../spec/language.ts";
import type { ValueOf } from "../../spec/language.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { KernelBug, NO_WARNING } from "../../spec/language/kernel-bug.ts";
import { checkVector, summary, type RunReport } from "../../checkers/explore/check.ts";
import type { SectionCounts } from "../../checkers/explore/section-coverage.ts";
import { NO_LIMIT, type SearchOptions } from "../../checkers/explore/sweep.ts";
import { sectionCoverage } from "../../checkers/report/check-coverage.ts";
import { sectionsText } from "../../checkers/report/text.ts";
import { gmemSeq } from "../../models/gmem-seq.ts";
import { entryOf } from "../../models/registry.ts";
import { parking } from "../mutate/parking.ts";
import { Switch, call, toy } from "../toy.ts";

const counted = (of: AnyDesign, vector: Vector, more: Partial<SearchOptions> = {}): Promise<RunReport> =>
  checkVector(of, vector, { budget: NO_LIMIT, sections: true, ...more });

const countsOf = async (of: AnyDesign, vector: Vector, more: Partial<SearchOptions> = {}) =>
  (await counted(of, vector, more)).sections!;

const NOTHING = { kernel: "a toy", by: "task", takes: {}, returns: [] } as const;

describe("calls one after the other", () => {
  test("two bays: in four states each call is made twice, and a free bay is taken four times", async () => {
    expect(await countsOf(parking, { bounds: {} })).toEqual({
      park: { "look for the bay": 8, "refuse what is taken": 8, "take it": 4 },
      leave: { "free it": 8 },
    });
  });

  test("the same whatever is kept of states, and however often a step is taken to trust it", async () => {
    const expected = await countsOf(parking, { bounds: { bays: 3 } });
    expect(expected["park"]).toEqual({ "look for the bay": 24, "refuse what is taken": 24, "take it": 12 });
    // Where parents are not kept, calls are made again to find the ways to what was found.
    const checkpoint = mkdtempSync(join(tmpdir(), "gmemcheck-sections-"));
    for (const more of [{ paranoid: true }, { checkpoint }, { profile: true }, { interpreted: true }])
      expect(await countsOf(parking, { bounds: { bays: 3 } }, more)).toEqual(expected);
    rmSync(checkpoint, { recursive: true });
  });

  test("a round of a loop counts; what `when` leaves out, and what a disabled call ran, does not", async () => {
    const shared = () => undefined;
    const lock = mutex("lock", "a toy");
    const rounds = call({
      ...NOTHING,
      takes: { at: Switch },
      keeps: { round: upTo("switches") },
      sections: {
        "there is such a switch": shared,
        "the first one alone": { when: ({ at }) => at === 0, run: shared },
        lock: { takes: () => lock(0) },
        round: (_s, c) => {
          c.round++;
          return c.round < 2 ? goTo("round") : undefined;
        },
        unlock: { drops: () => lock(0) },
      },
      finally: { put: shared },
    });
    const full = call({
      ...NOTHING,
      sections: { "only when all are on": (s) => (s.count < 2 ? disabled : undefined), shared },
    });
    const { rounds: some, full: last } = await countsOf(toy({ calls: { rounds, full } }), { bounds: {} });
    expect(some).toEqual({
      "there is such a switch": 8,
      "the first one alone": 4,
      lock: 8,
      round: 16,
      unlock: 8,
      put: 8,
    });
    expect(last).toEqual({ "only when all are on": 1, shared: 1 });
  });

  test("a section that runs into a bug of the kernel has run", async () => {
    const warn = call({
      ...NOTHING,
      sections: {
        look: () => undefined,
        warn: (s) => {
          if (s.count === 2) throw new KernelBug(NO_WARNING, "all are on");
        },
        "go on": () => undefined,
      },
    });
    const of = toy({ calls: { warn } });
    for (const vector of [{ bounds: {} }, { bounds: {}, mode: "overlap", overlap: 1 }] as const)
      expect((await countsOf(of, vector))["warn"]).toEqual({ look: 4, warn: 4, "go on": 3 });
  });

  test("of a model, the first section of a call runs as often as the call is made", async () => {
    const { sections, outcomes } = await counted(gmemSeq, {
      bounds: { vms: 1, files: 1, pages: 1, slots: 1, gfns: 1 },
    });
    const made: Record<string, number> = {};
    for (const [key, n] of outcomes) {
      const name = key.split(" ")[0]!;
      made[name] = (made[name] ?? 0) + n;
    }
    const first = Object.entries(gmemSeq.calls as Record<string, AnyCall>).flatMap(
      ([name, { sections: own }]) => {
        const [label, section] = Object.entries(own)[0]!;
        return typeof section === "function" && name in made
          ? [[name, sections![name]![label]] as const]
          : [];
      },
    );
    expect(first.length).toBeGreaterThan(5);
    expect(first).toEqual(first.map(([name]) => [name, made[name]]));
  });
});

type Inside = ValueOf<typeof state>;
const state = record({ made: upTo("most"), byte: tracked("contents", bool) });
const crowd = (calls: Readonly<Record<string, AnyCall<Inside, object>>>): AnyDesign =>
  design({
    name: "crowd",
    says: "calls that meet",
    source: "a toy",
    bounds: { tasks: { says: "tasks", default: 2, most: 3 } },
    machine: () => ({}),
    sizes: () => ({ most: 1 }),
    state,
    calls,
    view: (s) => s,
    promises: [],
    scenarios: {},
    vectors: [{ bounds: {} }],
  });
const inside = callsOf<Inside, object>();

test("where the byte is not tracked, a call that reads it runs for both of its values", async () => {
  const read = inside.call({
    ...NOTHING,
    returns: ["EBUSY"],
    sections: { look: (s) => (s.byte ? "EBUSY" : undefined), "it is not set": () => undefined },
  });
  const set = inside.call({ ...NOTHING, sections: { set: (s) => void (s.byte = true) } });
  const of = crowd({ read, set });
  const look = { look: 2, "it is not set": 1 };
  expect(await countsOf(of, { bounds: {} })).toEqual({ read: look, set: { set: 2 } });
  expect(await countsOf(of, { bounds: {}, track: "no-contents" })).toEqual({ read: look, set: { set: 1 } });
});

describe("calls that overlap", () => {
  test("who waits for a lock has not run the section that takes it", async () => {
    const lock = mutex("lock", "a toy");
    const up = inside.call({
      ...NOTHING,
      returns: ["EBUSY"],
      sections: {
        lock: { takes: () => lock(0) },
        "count it": (s) => {
          if (s.made === 1) return "EBUSY";
          s.made++;
          return undefined;
        },
        unlock: { drops: () => lock(0) },
      },
    });
    // In each of two states one call begins, and goes on; the other waits before its first section.
    const expected = { up: { lock: 2, "count it": 2, unlock: 1 } };
    const vector: Vector = { bounds: {}, mode: "overlap" };
    expect(await countsOf(crowd({ up }), vector)).toEqual(expected);
    expect(await countsOf(crowd({ up }), vector, { merges: false })).toEqual(expected);
  });

  test("a step that begins to wait for readers has not run what is behind the wait", async () => {
    const readers = srcu("readers", "a toy");
    const read = inside.call({
      ...NOTHING,
      sections: {
        enter: { takes: () => readers(0) },
        leave: { drops: () => readers(0), run: () => undefined },
      },
    });
    const wait = inside.call({
      ...NOTHING,
      by: "kernel",
      sections: { wait: { synchronizes: () => readers(0), run: () => undefined } },
    });
    // Nobody; a reader; a reader that is waited for; a writer that waits; and with it a reader that it does not wait for.
    expect(await countsOf(crowd({ read, wait }), { bounds: { tasks: 1 }, mode: "overlap" })).toEqual({
      read: { enter: 2, leave: 3 },
      wait: { wait: 3 },
    });
  });
});

/** What a run found, without what depends on the clock. */
function found(run: RunReport): unknown {
  const { seconds: _, times: __, sections: ___, ...rest } = run;
  return rest;
}

test.each([
  ["forgotten-pin", undefined, {}],
  ["dying-file-unbind-uaf", "overlap", { budget: { ...NO_LIMIT, levels: 15 } }],
  ["attr-read-without-retry", "overlap", { budget: { ...NO_LIMIT, levels: 13 } }],
] as const)("%s, %s: the run is that without counting", async (name, mode, more) => {
  const { design: of } = entryOf(name)!;
  const vector = of.vectors.find((one) => one.mode === mode)!;
  const plain = await checkVector(of, vector, { budget: NO_LIMIT, interpreted: true, ...more });
  const run = await counted(of, vector, more);
  expect(found(run)).toEqual(found(plain));
  expect(plain.sections).toBeUndefined();
  expect(Object.keys(run.sections!).length).toBeGreaterThan(2);
});

describe("of a design", () => {
  const shut = { when: () => false, run: () => undefined };
  const idle = call({ ...NOTHING, sections: { shared: () => undefined, shut } });
  const other = call({ ...NOTHING, sections: { shut }, finally: { put: () => undefined } });
  const left = call({ ...NOTHING, unexplored: "it sets a scene", sections: { alone: () => undefined } });
  const of = toy({ calls: { idle, other, left } });
  const both: Vector[] = [{ bounds: {} }, { bounds: { switches: 1 } }];

  test("the runs are added up; what never ran is named, of each call apart; calls that nobody makes are left out", async () => {
    const runs = [await counted(of, both[0]!), await counted(of, both[1]!)];
    const report = summary(of, both, runs, "nothing");
    const expected: SectionCounts = {
      turn_on: { "refuse what is on": 10, "turn it on": 5 },
      turn_off: { "turn it off": 10 },
      idle: { shared: 6, shut: 0 },
      other: { shut: 0, put: 6 },
    };
    expect(sectionCoverage(report)).toEqual(expected);
    expect(sectionsText(report).split("\n")).toEqual([
      "toy: 5 of 7 sections ran",
      '  never ran in idle: "shut"',
      '  never ran in other: "shut"',
    ]);
  });

  test("a run that was cut off says so; one that was not counted says nothing", async () => {
    const vector: Vector = { bounds: { switches: 8 } };
    const cut = await counted(of, vector, { budget: { ...NO_LIMIT, levels: 1 } });
    expect(sectionsText(summary(of, [vector], [cut], "nothing"))).toContain(
      "toy: 5 of 7 sections ran so far: not all runs were exhausted",
    );
    const plain = summary(of, [vector], [await checkVector(of, vector, { budget: NO_LIMIT })], "nothing");
    expect([sectionCoverage(plain), sectionsText(plain)]).toEqual([null, ""]);
  });

  test.each([{ symmetry: "exact" }, { resume: "/nowhere" }] as const)("%o is refused", async (more) => {
    const name = Object.keys(more)[0]!;
    await expect(counted(of, both[0]!, more)).rejects.toThrow(new RegExp(`^--sections .*--${name}`));
  });
});
