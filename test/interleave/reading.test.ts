/** A race as people and other tools read it: a column for each actor, the published schema, ITF, and what is refused and where. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { live, retry } from "../../spec/language.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import type { OverlapTrace } from "../../spec/language/trace.ts";
import { runText } from "../../checkers/report/text.ts";
import { explain } from "../../checkers/report/explain.ts";
import { itf } from "../../checkers/report/itf.ts";
import { readTrace } from "../../checkers/trace/file.ts";
import { writeTrace } from "../../checkers/trace/text.ts";
import { replay } from "../../checkers/trace/replay.ts";
import { a, b, call, counter, overlap, readers, shown, spec } from "./counter.ts";

const grow = call({
  ...spec,
  returns: ["EBUSY"],
  sections: {
    "look at the count": (s) => (s.count === 2 ? "EBUSY" : undefined),
    "lock b": { takes: () => b(0) },
    "add to it, unlock b": { drops: () => b(0), run: (s) => void (s.count = Math.min(2, s.count + 1)) },
  },
});
const free = call({
  ...spec,
  by: "kernel",
  sections: {
    "hide it from whoever comes later, which is what rcu_assign_pointer() is there for": (s) =>
      void (s.busy = true),
    synchronize_srcu: { when: () => false, synchronizes: () => readers(0) },
    "free it": { under: () => a(0), run: (s) => void (s.alive = false) },
  },
});
const read = call({
  ...spec,
  returns: ["ENOENT", "EAGAIN"],
  sections: {
    srcu_read_lock: { takes: () => readers(0) },
    "look it up": (s) => (s.busy ? "ENOENT" : s.count === 0 ? "EAGAIN" : undefined),
    "lock b": { takes: () => b(0) },
    "read it": (s) => void live(s.alive ? s : null, "the object"),
    leave: { drops: () => [b(0), readers(0)] },
  },
});
const upward = call({
  ...spec,
  sections: {
    "lock a": { takes: () => a(0) },
    "lock b": { takes: () => b(0) },
    both: { drops: () => [a(0), b(0)] },
  },
});
const downward = call({
  ...spec,
  sections: {
    "lock b": { takes: () => b(0) },
    "lock a": { takes: () => a(0) },
    both: { drops: () => [a(0), b(0)] },
  },
});
const spin = call({
  ...spec,
  sections: { look: () => undefined, "not yet": (s) => (s.count === 1 ? retry("look") : undefined) },
});

const uaf = counter({ grow, read, free });
const abba = counter({ upward, downward });
const livelock = counter({ grow, spin });

async function traceOf(of: AnyDesign, property: string): Promise<OverlapTrace> {
  return shown(of, await overlap(of, {}, { orders: false }), property).trace;
}

describe("explain", () => {
  test.each([
    ["use-after-free", uaf, "no-use-after-free"],
    ["deadlock", abba, "no-deadlock"],
    ["lasso", livelock, "calls-end"],
  ])("a %s", async (name, of, property) => {
    const text = explain(await traceOf(of, property), of);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(110);
    await expect(`${text}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  test("a check lists a section a line, and says how to see it again", async () => {
    const run = await overlap(abba, {}, { orders: false });
    const text = runText(run, { asked: "counter", design: abba, traceFiles: new Map() });
    expect(text).toContain(
      [
        "  VIOLATED no-deadlock after 2 steps",
        '    upward holds lock_a[0] and waits for lock_b[0] ("lock b"); downward holds lock_b[0] and waits',
        '      for lock_a[0] ("lock a")',
        "      1  task 0: upward(): lock a",
        "      2  task 1: downward(): lock b",
        "         task 0: waits for lock_b[0]",
        "         task 1: waits for lock_a[0]",
        "    again: npx gmemcheck check counter --scenario everything --overlap 2 --property no-deadlock",
      ].join("\n"),
    );
  });

  test("names the calls that the scenario is given, and replays from where they end", async () => {
    const scenarios = { grown: { says: "one is there", given: [{ call: "grow", params: {} }] } };
    const of = counter({ grow, read, free }, [], { scenarios });
    const run = await overlap(of, { scenario: "grown" }, { orders: false });
    const { trace } = shown(of, run, "no-use-after-free");
    expect(trace.steps.map(({ call: name }) => name)).not.toContain("grow");
    expect(explain(trace, of)).toContain("\n  given: grow()\n");
    expect(() => replay(uaf, trace, "t.json")).toThrow(
      /^t\.json: scenario: counter has no scenario "grown"\n.*usual cause: .*\n.*expected: everything/,
    );
  });
});

describe("files", () => {
  const published = JSON.parse(
    readFileSync(new URL("../../schemas/gmemcheck-trace-1.json", import.meta.url), "utf8"),
  ) as object;
  const valid = new Ajv2020({ strict: true }).compile(published);

  test("of races are what the schema says", async () => {
    for (const trace of [await traceOf(uaf, "no-use-after-free"), await traceOf(livelock, "calls-end")])
      expect([valid(JSON.parse(writeTrace(trace))), valid.errors]).toEqual([true, null]);
  });

  test.each([
    ["a mode that is none", { mode: "twice" }, 'mode is "twice"'],
    ["a step without its thread", { steps: [{ thread: undefined }] }, "steps[0].thread"],
    ["no overlap", { overlap: undefined }, "overlap"],
  ])("with %s are refused", async (_name, change, said) => {
    const trace = await traceOf(abba, "no-deadlock");
    const steps = (change as { steps?: object[] }).steps?.map((step, i) => ({ ...trace.steps[i], ...step }));
    const text = JSON.stringify({ ...trace, ...change, ...(steps === undefined ? {} : { steps }) });
    expect(valid(JSON.parse(text))).toBe(false);
    expect(() => readTrace(text, "a.json")).toThrow(said);
  });

  test("that name a call which has not begun, or another one, are refused at the step", async () => {
    const trace = await traceOf(abba, "no-deadlock");
    const changed = (at: number, change: object): OverlapTrace => ({
      ...trace,
      steps: trace.steps.map((step, i) => (i === at ? { ...step, ...change } : step)),
    });
    for (const [broken, said] of [
      [changed(1, { thread: 2 }), "steps[1].thread: call 2 begins, but the next one to begin is 1"],
      [
        changed(1, { begins: false, thread: 7 }),
        "steps[1].thread: call 7 is none that has begun, not downward",
      ],
      [changed(1, { begins: false, thread: 0 }), "steps[1].thread: call 0 is upward, not downward"],
    ] as const)
      expect(() => replay(abba, broken, "t.json")).toThrow(`t.json: ${said}`);
    expect(replay(abba, changed(0, { holds: [] }), "t").differences).toEqual([
      { step: 0, what: "upward holds lock_a[0]; the trace says none" },
    ]);
    const blocked = { ...trace, steps: [...trace.steps, { ...trace.steps[0]!, begins: false }] };
    expect(replay(abba, blocked, "t")).toMatchObject({
      broken: false,
      differences: [{ step: 2, what: "upward cannot go on here: it waits for lock_b[0]" }],
    });
  });

  test("as ITF have a state for each step, who took it, and the loop", async () => {
    const trace = await traceOf(livelock, "calls-end");
    const { states } = replay(livelock, trace, "t");
    const written = itf(trace, states, livelock, null) as { loop: number; states: Record<string, unknown>[] };
    expect(written.states.length).toBe(trace.steps.length + 1);
    expect(written.states[1]!["mbt::actionTaken"]).toBe("task 0: grow: look at the count");
    const { "#meta": _, "mbt::actionTaken": __, ...last } = written.states.at(-1)!;
    expect(written.loop).toBe(trace.loop! + 1);
    expect(written.states[trace.loop!]).toMatchObject(last);
  });
});
