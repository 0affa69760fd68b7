/** Random runs: what they find, what they say, and that a seed says all of it again. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fuzz, type FuzzOptions, type FuzzReport } from "../../checkers/fuzz/fuzz.ts";
import { Bout } from "../../checkers/fuzz/bout.ts";
import { Coverage } from "../../checkers/fuzz/coverage.ts";
import { Ground } from "../../checkers/fuzz/ground.ts";
import { Priorities, Scheduled, uniform } from "../../checkers/fuzz/strategy.ts";
import { sceneOf } from "../../checkers/explore/bounded.ts";
import { fuzzText } from "../../checkers/report/fuzz.ts";
import { readTrace } from "../../checkers/trace/file.ts";
import { writeTrace } from "../../checkers/trace/text.ts";
import { replay } from "../../checkers/trace/replay.ts";
import { entryNamed } from "../../models/catalogue.ts";
import { disabled, live, retry, upTo } from "../../spec/language.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { a, always as alwaysOf, b, call as callOf, counter, spec } from "../interleave/counter.ts";
import { Switch, always, call, sometimes, step, toy, turnOn } from "../toy.ts";

const options: FuzzOptions = {
  seed: 1,
  runs: 20,
  shrink: {},
  stop: () => null,
  onProgress: () => {},
};
const run = (
  design: AnyDesign,
  vectors: readonly Vector[],
  more: Partial<FuzzOptions> = {},
): Promise<FuzzReport> => fuzz(design, vectors, { ...options, ...more });
/** As far as it takes to find these. */
const find = (design: AnyDesign, vectors: readonly Vector[], ...names: string[]): Promise<FuzzReport> =>
  run(design, vectors, { runs: 500, only: new Set(names) });
const overlap = (more: Partial<Vector> = {}): Vector[] => [{ bounds: {}, mode: "overlap", ...more }];

/** What was found of a property: the trace, after it was written, read and replayed. */
function shown(report: FuzzReport, property: string) {
  const found = report.findings.find(({ breach }) => breach.property === property);
  expect([property, found !== undefined && found.shrunk !== null]).toEqual([property, true]);
  const trace = readTrace(writeTrace(found!.shrunk!.trace), "trace.json");
  expect(replay(report.design, trace, "trace.json")).toMatchObject({ differences: [], broken: true });
  return { found: found!, trace };
}

const ofSwitches = { says: "test", source: "test" } as const;

describe("calls one after the other", () => {
  const three = always({
    ...ofSwitches,
    name: "never-three",
    over: {},
    holds: (s) => s.count < 3,
    why: () => "three are on",
  });

  test("a promise of states is shrunk to the calls that it takes", async () => {
    const report = await find(toy({ promises: [three] }), [{ bounds: { switches: 20 } }], "never-three");
    const { trace, found } = shown(report, "never-three");
    expect(trace.steps.map(({ call: name }) => name)).toEqual(["turn_on", "turn_on", "turn_on"]);
    expect(trace.breach!.why).toBe("three are on");
    expect(found.shrunk!.certificate).not.toBeNull();
  });

  test("a step that changes nothing is asked where the property asks for results", async () => {
    const refused = step({
      ...ofSwitches,
      name: "never-busy",
      over: {},
      asksResults: true,
      holds: (_, { result }) => result !== "EBUSY",
    });
    const { trace } = shown(
      await find(toy({ promises: [refused] }), [{ bounds: {} }], "never-busy"),
      "never-busy",
    );
    expect(trace.steps.map(({ result }) => result)).toEqual([0, "EBUSY"]);
  });

  test("a call that fails and changes something, and one that runs into a bug", async () => {
    const changes = call({
      kernel: "a toy",
      by: "task",
      takes: { at: Switch },
      returns: ["EIO"],
      sections: {
        all: (s, { at }) => {
          if (s.count === 0 || s.on[at]) return 0;
          s.on[at] = true;
          s.count++;
          return "EIO";
        },
      },
    });
    const frees = call({
      ...spec,
      sections: { all: (s) => void (s.count === 2 && live(null, "the third switch")) },
    });
    const broken = ["failed-call-changes-nothing", "no-use-after-free"];
    const report = await find(toy({ calls: { changes, frees } }), [{ bounds: {} }], ...broken);
    expect(shown(report, "failed-call-changes-nothing").trace.steps).toHaveLength(2);
    expect(shown(report, "no-use-after-free").trace.steps).toHaveLength(3);
  });

  test("what was never reached is named: results of calls, and what is to be reached", async () => {
    const never = sometimes({ ...ofSwitches, name: "negative", over: {}, holds: (s) => s.count < 0 });
    const some = sometimes({ ...ofSwitches, name: "both", over: {}, holds: (s) => s.count === 2 });
    const odd = call({
      kernel: "a toy",
      by: "task",
      takes: {},
      returns: ["EPERM"],
      sections: { all: (s) => (s.count > 5 ? "EPERM" : 0) },
    });
    const { coverage, findings } = await run(toy({ calls: { odd }, promises: [never, some] }), [
      { bounds: {} },
    ]);
    expect(findings).toEqual([]);
    expect(coverage.neverReached()).toEqual(["odd:EPERM", "negative"]);
    expect(coverage.count("turn_on:0")).toBeGreaterThan(0);
  });

  test("a value outside its domain, and a result that is not declared, are errors of the model", async () => {
    const outside = call({
      kernel: "a toy",
      by: "task",
      takes: {},
      returns: [],
      sections: { all: (s) => void (s.count = 99) },
    });
    await expect(run(toy({ calls: { outside } }), [{ bounds: {} }])).rejects.toThrow("count was set to 99");
    const undeclared = { ...turnOn, returns: [] };
    await expect(run(toy({ calls: { turn_on: undeclared } }), [{ bounds: {} }])).rejects.toThrow("EBUSY");
  });

  test("a run that is asked for again is the same, whatever others had reached before it", async () => {
    const refuses = call({
      kernel: "a toy",
      by: "task",
      takes: {},
      returns: ["EPERM", "EIO", "ENOMEM"],
      sections: { all: (s) => (s.count > 2 ? "EPERM" : s.count > 20 ? "EIO" : 0) },
    });
    const many = always({ ...ofSwitches, name: "never-many", over: {}, holds: (s) => s.count < 13 });
    const design = toy({ calls: { refuses }, promises: [many] });
    const report = await run(design, [{ bounds: { switches: 20 } }], { seed: 7 });
    const [{ path, replayPath, breach, shrunk }] = report.findings as [FuzzReport["findings"][number]];
    expect([path, replayPath]).not.toEqual(["0", expect.anything()]);
    expect(replayPath).toContain("~refuses:");
    const again = await run(design, report.vectors, { seed: 7, again: { path, replayPath } });
    expect([again.runs, again.findings.length]).toEqual([1, 1]);
    expect(again.findings[0]).toMatchObject({ path, replayPath, breach, shrunk: { trace: shrunk!.trace } });
    expect(await run(design, report.vectors, { seed: 7 })).toEqual(report);
  });

  test("what no run meets is not found, and nothing is said to hold", async () => {
    const all = always({ ...ofSwitches, name: "never-all", over: {}, holds: (s) => s.count < 20 });
    const report = await run(toy({ promises: [all] }), [{ bounds: { switches: 20 } }], { runs: 1 });
    expect(report.findings).toEqual([]);
    const told = { asked: "toy", breaks: [], files: new Map(), again: "toy", stored: [], unmet: [] };
    expect(fuzzText(report, told)).toMatch(/^toy  no breach in 1 run, .*sampled: nothing is said to hold/);
  });

  test("a reason to stop leaves what was done", async () => {
    let runs = 0;
    const report = await run(toy(), [{ bounds: {} }], { stop: () => (runs++ < 5 ? null : "enough") });
    expect([report.runs, report.stopped]).toEqual([5, "enough"]);
  });
});

describe("calls that overlap", () => {
  /** Adds one to the counter, in two sections. */
  const add = callOf({
    ...spec,
    returns: ["EBUSY"],
    keeps: { seen: upTo("most") },
    sections: {
      read: (s, c) => {
        if (s.waiters === 2) return "EBUSY";
        s.waiters++;
        c.seen = s.count;
        return undefined;
      },
      write: (s, c) => void (s.count = c.seen + 1),
    },
  });
  const exact = alwaysOf({
    ...ofSwitches,
    name: "exact",
    over: {},
    holds: ({ count, waiters }) => count === waiters,
  });

  test("a lost update: the promise, and no order of the two", async () => {
    const report = await find(counter({ add }, [exact]), overlap(), "exact", "linearizable");
    expect(shown(report, "exact").trace.steps).toHaveLength(4);
    expect(shown(report, "linearizable").trace.steps).toHaveLength(4);
    const alone = await run(counter({ add }, [exact]), [{ bounds: {} }, ...overlap({ overlap: 1 })]);
    expect(alone.findings).toEqual([]);
    const oneTask = await run(counter({ add }, [exact]), overlap({ bounds: { tasks: 1 } }));
    expect(oneTask.findings).toEqual([]);
  });

  test("what holds at any time is asked between sections, the rest with no call in flight", async () => {
    const passing = callOf({
      ...spec,
      sections: { begin: (s) => void (s.busy = true), end: (s) => void (s.busy = false) },
    });
    const quiet = { ...exact, holds: (s: { readonly busy: boolean }) => !s.busy };
    const anytime = alwaysOf({ ...quiet, name: "quiet", anytime: true });
    expect(
      shown(await find(counter({ passing }, [anytime]), overlap(), "quiet"), "quiet").trace.steps,
    ).toHaveLength(1);
    expect((await run(counter({ passing }, [alwaysOf(quiet)]), overlap())).findings).toEqual([]);
  });

  test("two locks the other way round: their order, and a deadlock", async () => {
    const taking = (first: typeof a, then: typeof a) =>
      callOf({
        ...spec,
        sections: {
          first: { takes: () => first() },
          then: { takes: () => then() },
          end: { drops: () => [first(), then()] },
        },
      });
    const report = await find(
      counter({ ab: taking(a, b), ba: taking(b, a) }),
      overlap(),
      "no-deadlock",
      "lock-order",
    );
    expect(shown(report, "no-deadlock").trace.steps).toHaveLength(2);
    shown(report, "lock-order");
  });

  test("a use after free that takes two calls", async () => {
    const using = callOf({
      ...spec,
      sections: {
        look: (s) => (s.alive ? undefined : disabled),
        use: (s) => void live(s.alive || null, "the object"),
      },
    });
    const frees = callOf({ ...spec, sections: { free: (s) => void (s.alive = false) } });
    const { trace } = shown(
      await find(counter({ using, frees }), overlap(), "no-use-after-free"),
      "no-use-after-free",
    );
    expect(trace.steps.map(({ call: name }) => name)).toEqual(["using", "frees", "using"]);
  });

  test("calls that give way to each other for ever", async () => {
    const givingWay = (mine: "busy" | "alive", theirs: "busy" | "alive") =>
      callOf({
        ...spec,
        by: "kernel",
        sections: {
          "raise a flag": (s) => void (s[mine] = true),
          "is the other's up?": (s) => {
            if (!s[theirs]) return undefined;
            s[mine] = false;
            return retry("raise a flag");
          },
          "take it down": (s) => void (s[mine] = false),
        },
      });
    const design = counter({ one: givingWay("busy", "alive"), two: givingWay("alive", "busy") }, [], {
      init: () => {},
    });
    const { trace } = shown(await find(design, overlap(), "calls-end"), "calls-end");
    expect(trace.mode === "overlap" && trace.loop !== undefined).toBe(true);
  });

  test.each([
    ["uniform", () => uniform],
    ["priorities", () => new Priorities(2)],
    ["fast-check's", (scheduler: fc.Scheduler) => new Scheduled(scheduler)],
  ] as const)("the %s scheduler lets calls meet", async (_, strategyOf) => {
    let found = 0;
    const design = counter({ add }, [exact]);
    const scene = sceneOf(design, { bounds: {} });
    const ground = new Ground(scene, new Coverage([], []), (name) => name === "exact");
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.noBias(fc.nat()), async (scheduler, seed) => {
        const bout = new Bout(ground, { seed, goals: [] }, strategyOf(scheduler), 2);
        for (let n = 0; n < 20 && !bout.isOver; n++) await bout.step(seed + n);
        if (bout.breach !== null) found++;
      }),
      { seed: 1, numRuns: 30 },
    );
    expect(found).toBeGreaterThan(3);
  });
});

test("the example of the README is a test", () => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  expect(read("README.md")).toContain(`\`\`\`ts\n${read("test/fuzz/example.test.ts")}\`\`\``);
});

describe("mutants of the registry", () => {
  test.each([
    ["memslot-alias-bits", 1],
    ["convert-without-zap", 5],
    ["attr-read-without-retry", 9],
  ])("%s is found by its default runs, and shrunk to %i", async (name, length) => {
    const { design, breaks } = (await entryNamed(name))!;
    const report = await find(design, design.vectors, ...breaks);
    expect(shown(report, breaks[0]!).trace.steps).toHaveLength(length);
    expect(report.stopped).toBe("all that it looked for was found");
  });
});
