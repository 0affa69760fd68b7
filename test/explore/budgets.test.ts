/** Budgets and verdicts: "holds" only of a space that was exhausted, "vacuous" where something was never reached. */
import { expect, test } from "vitest";
import { summary } from "../../checkers/explore/check.ts";
import { untried } from "../../checkers/explore/untried.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { gmemSeq } from "../../models/gmem-seq.ts";
import type { Vector } from "../../spec/language/design.ts";
import { OF_EVERY_CALL } from "../../spec/language/kernel-bug.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";
import { variant } from "../../spec/language.ts";
import { Switch, always, call, run, sometimes, step, toy, turnOff, verdictOf } from "../toy.ts";

const SMALL = { vms: 2, files: 1, pages: 2, slots: 2, gfns: 2 };

test.each([
  ["states", { ...NO_LIMIT, states: 1000 }, "more than 1000 states"],
  ["bytes", { ...NO_LIMIT, bytes: 100_000 }, "more than 100000 bytes"],
  ["seconds", { ...NO_LIMIT, seconds: 0 }, "more than 0 seconds"],
])("out of %s: incomplete, and no property is said to hold", async (_name, budget, reason) => {
  const report = await run(gmemSeq, SMALL, { budget });
  expect(report).toMatchObject({ verdict: "incomplete", complete: false, reason });
  expect(new Set(report.properties.map(({ verdict }) => verdict))).toEqual(new Set(["incomplete"]));
  expect(report.depth).toBeLessThan(14);
});

test("the depth of an incomplete run was completed: its levels are those of the whole run", async () => {
  const whole = await run(gmemSeq, SMALL);
  const part = await run(gmemSeq, SMALL, { budget: { ...NO_LIMIT, states: 5000 } });
  expect(part.depth).toBeGreaterThan(3);
  // All states of the levels up to this one were expanded: the next level is whole, and the one after it is not.
  const next = part.depth + 2;
  expect(part.levels.slice(0, next)).toEqual(whole.levels.slice(0, next));
  expect(part.levels[next]).toBeLessThan(whole.levels[next]!);
});

test("a breach found before the budget ran out is reported all the same", async () => {
  const never = always({
    name: "never-two",
    says: "not two",
    source: "test",
    over: {},
    holds: (s) => s.count < 2,
  });
  const report = await run(
    toy({ promises: [never] }),
    { switches: 12 },
    { budget: { ...NO_LIMIT, states: 100 } },
  );
  expect(report).toMatchObject({ verdict: "violated", complete: false });
  expect(report.properties[0]).toMatchObject({ name: "never-two", verdict: "violated", steps: 2 });
});

test("a run that is exactly as large as its budget is complete", async () => {
  const budget = { ...NO_LIMIT, states: 32 };
  expect(await run(toy(), { switches: 5 }, { budget })).toMatchObject({ verdict: "holds", states: 32 });
});

test("all breaches are found in one pass, each with a shortest trace", async () => {
  const most = (n: number) =>
    always({ name: `most-${n}`, says: "few", source: "test", over: {}, holds: (s) => s.count <= n });
  const report = await run(toy({ promises: [most(3), most(0), most(4), most(1)] }), { switches: 4 });
  expect(report.properties.map(({ name, steps }) => [name, steps])).toEqual([
    ["most-3", 4],
    ["most-0", 1],
    ["most-4", undefined],
    ["most-1", 2],
    ["failed-call-changes-nothing", undefined],
    ...OF_EVERY_CALL.map(({ name }) => [name, undefined]),
  ]);
});

test("a property names the instance that fails, the first one in order", async () => {
  const off = always({
    name: "off",
    says: "all switches are off",
    source: "test",
    over: { at: Switch },
    when: (_s, { at }) => at !== 0,
    holds: (s, { at }) => !s.on[at],
    why: (_s, { at }) => `switch ${at} is on`,
  });
  const { properties } = await run(toy({ promises: [off] }), { switches: 4 });
  expect(properties[0]?.trace?.breach).toEqual({
    property: "off",
    instance: { at: 1 },
    why: "switch 1 is on",
  });
});

test("a step property sees the state before, the call with its result, and the state after", async () => {
  const claim = { says: "a toy", source: "test", over: {} } as const;
  const rises = step({
    ...claim,
    name: "rises-by-one",
    holds: (before, _m, after) => Math.abs(after.count - before.count) === 1,
  });
  const busy = step({
    ...claim,
    name: "never-busy",
    asksResults: true,
    holds: (_before, { result }) => result !== "EBUSY",
    why: (_before, { call: name, params, by }) => `${by} ${name} ${String(params["at"])}`,
  });
  const { properties } = await run(toy({ promises: [rises, busy] }));
  expect(properties.map(({ verdict, steps }) => [verdict, steps])).toEqual([
    ["holds", undefined],
    ["violated", 2],
    // The language's own.
    ...[FAILED_CALL, ...OF_EVERY_CALL].map(() => ["holds", undefined]),
  ]);
  expect(properties[1]?.trace?.breach?.why).toBe("task turn_on 0");
});

const failing = (leaves = {}) =>
  call({
    kernel: "a toy",
    by: "task",
    takes: { at: Switch },
    returns: ["EIO"],
    leaves,
    sections: {
      "half of it": (s, { at }) => {
        s.on[at] = !s.on[at];
        s.count += s.on[at] ? 1 : -1;
      },
      fail: () => "EIO",
    },
  });

test("a failed call that changed the state is a violation by itself, unless it is declared", async () => {
  const undeclared = await run(toy({ calls: { failing: failing() } }));
  expect(verdictOf(undeclared, "failed-call-changes-nothing")).toBe("violated");
  const declared = failing({ EIO: { says: "half a write stays", source: "test" } });
  expect(verdictOf(await run(toy({ calls: { failing: declared } })), "failed-call-changes-nothing")).toBe(
    "holds",
  );
});

const vectors: Vector[] = [{ bounds: { switches: 1 }, scenario: "rising" }, { bounds: { switches: 2 } }];
async function judged(design: ReturnType<typeof toy>, which = design.vectors) {
  const runs = [];
  for (const vector of which) runs.push(await run(design, vector.bounds, vector));
  return summary(design, which, runs, "everything");
}

test("what one vector leaves out, another may reach: the union decides what is vacuous", async () => {
  expect(await judged(toy({ vectors }))).toMatchObject({ verdict: "holds", vacuous: [] });
});

test("a declared errno that is never returned, a call that is never made, a state that is never reached are vacuous", async () => {
  const never = call({
    kernel: "a toy",
    by: "task",
    takes: {},
    returns: ["EPERM", "EIO"],
    sections: { fail: () => "EIO" },
  });
  const { disabled } = await import("../../spec/language.ts");
  const unmade = call({
    kernel: "a toy",
    by: "task",
    takes: {},
    returns: [],
    sections: { wait: () => disabled },
  });
  const unreached = sometimes({
    name: "three-on",
    says: "three",
    source: "test",
    over: {},
    holds: (s) => s.count === 3,
  });
  const silent = always({
    name: "silent",
    says: "nothing",
    source: "test",
    over: {},
    when: () => false,
    holds: () => true,
  });
  const report = await judged(toy({ calls: { never, unmade }, promises: [unreached, silent], vectors }));
  expect(report.verdict).toBe("vacuous");
  expect(report.vacuous).toEqual([
    "never never ended with EPERM",
    "unmade was never made",
    "three-on was never reached",
    "silent never had anything to say",
  ]);
});

test("a call that a delta changes, and that all its scenarios leave out, is vacuous", async () => {
  const base = toy();
  const delta = variant(base, {
    name: "delta",
    says: "x",
    source: "test",
    calls: { turn_off: { ...turnOff } },
    vectors: [{ bounds: {}, scenario: "rising" }],
  });
  const [vector] = delta.vectors;
  const runs = [await run(delta, {}, vector)];
  expect(summary(delta, delta.vectors, runs, "changes")).toMatchObject({
    verdict: "vacuous",
    vacuous: ["turn_off was never made"],
  });
});

test("values of a changed call that all scenarios leave out are told", () => {
  const delta = variant(toy(), {
    name: "delta",
    says: "x",
    source: "test",
    calls: { turn_off: { ...turnOff } },
    scenarios: {
      first: {
        says: "x",
        only: { turn_off: { at: (at: number) => at === 0 }, turn_on: { at: () => false } },
      },
    },
  });
  expect(untried(delta, [{ bounds: { switches: 3 }, scenario: "first" }])).toEqual([
    "turn_off(at=1)",
    "turn_off(at=2)",
  ]);
  expect(
    untried(delta, [{ bounds: { switches: 3 }, scenario: "first" }, { bounds: { switches: 2 } }]),
  ).toEqual(["turn_off(at=2)"]);
});

test("what every scenario leaves out does not count, and part of the vectors judges nothing", async () => {
  const rising: Vector[] = [{ bounds: {}, scenario: "rising" }];
  expect(await judged(toy({ vectors: rising }))).toMatchObject({ verdict: "holds", vacuous: [] });
  const design = toy({ vectors });
  expect(await judged(design, vectors.slice(0, 1))).toMatchObject({ verdict: "holds", vacuous: null });
});

test("a property that was asked for and that no run decides is vacuous", async () => {
  const silent = always({
    name: "silent",
    says: "nothing",
    source: "test",
    over: {},
    when: () => false,
    holds: () => true,
  });
  const design = toy({ promises: [silent] });
  const runs = [await run(design)].map((report) => ({
    ...report,
    properties: report.properties.filter(({ name }) => name === "silent"),
  }));
  const report = summary(design, design.vectors, runs, "asked");
  expect(report).toMatchObject({
    verdict: "vacuous",
    vacuous: ["silent was not decided: see why in the run"],
  });
});
