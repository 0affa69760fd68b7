/** What random runs meet is shrunk to what exhaustive runs know, stays the failure that it was, and replays. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { callsOf, live } from "../../spec/language.ts";
import type { AnyDesign, GivenCall } from "../../spec/language/design.ts";
import type { Trace } from "../../spec/language/trace.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { certified } from "../../checkers/fuzz/certified.ts";
import type { CallsHit } from "../../checkers/fuzz/hit.ts";
import { shrink, type Shrunk, type ShrinkOptions } from "../../checkers/fuzz/shrink.ts";
import { readTrace } from "../../checkers/trace/file.ts";
import { writeTrace } from "../../checkers/trace/text.ts";
import { replay } from "../../checkers/trace/replay.ts";
import { Switch, always, call, step, toy } from "../toy.ts";

const turn = (way: "on" | "off", at: number): GivenCall => ({ call: `turn_${way}`, params: { at } });
const turns = fc.array(
  fc.record({ way: fc.constantFrom("on", "off"), at: fc.nat(5) }).map(({ way, at }) => turn(way as "on", at)),
  { maxLength: 30 },
);

const claim = { says: "", source: "test", over: {} };
const fewerThanTwo = always({ ...claim, name: "fewer-than-two", holds: ({ count }) => count < 2 });
const notThree = always({ ...claim, name: "not-three", holds: ({ on }) => on[3 as never] !== true });
const pairs = always({
  ...claim,
  name: "never-both",
  over: { one: Switch, other: Switch },
  holds: ({ on }, { one, other }) => !(on[one] && on[other]),
});

function hitOf(design: AnyDesign, calls: readonly GivenCall[], property: string, instance = {}): CallsHit {
  const breach = { property, instance, why: "as it was met" };
  return { mode: "sequential", design, bounds: { switches: 6 }, scenario: "everything", calls, breach };
}

async function shrunk(hit: CallsHit, options: ShrinkOptions = {}): Promise<Shrunk> {
  const found = (await shrink(hit, options))!;
  checked(hit.design, found.trace);
  return found;
}

/** The trace is written and read, replays, and every reduction that its certificate counts passes. */
function checked(design: AnyDesign, trace: Trace): void {
  const read = readTrace(writeTrace(trace), "trace.json");
  expect(replay(design, read, "trace.json")).toMatchObject({ differences: [], broken: true });
  if (read.certificate !== undefined)
    expect(certified(design, read)).toEqual({ certificate: read.certificate, smaller: null });
}

const namesOf = ({ trace }: Shrunk): string[] =>
  trace.steps.map(({ call: name, params }) => `${name} ${Object.values(params).join(" ")}`.trim());

describe("calls one after the other", () => {
  test.prop([turns, turns, fc.nat(4)], { numRuns: 10 })(
    "whatever happened before and between",
    async (before, between, at) => {
      const off = [0, 1, 2, 3, 4, 5].map((n) => turn("off", n));
      const calls = [...before, ...off, turn("on", at), ...between, turn("on", at), turn("on", at + 1)];
      const found = await shrunk(hitOf(toy({ promises: [fewerThanTwo] }), calls, "fewer-than-two"));
      expect(namesOf(found).sort()).toEqual(["turn_on 0", "turn_on 1"]);
      expect(found.trace.bounds).toEqual({ switches: 2 });
      // Two calls, the second one's argument, and the one bound.
      expect(found.certificate).toEqual({ deletions: 2, arguments: 1, actors: 0, bounds: 1 });
      expect(found.own).toBe(2);
    },
  );

  test("another promise that breaks on the way is another failure", async () => {
    const design = toy({ promises: [notThree, fewerThanTwo] });
    const calls = [turn("on", 3), turn("on", 5)];
    const both = await shrunk(hitOf(design, calls, "fewer-than-two"));
    expect([both.trace.breach!.property, namesOf(both).sort()]).toEqual([
      "fewer-than-two",
      ["turn_on 0", "turn_on 1"],
    ]);
    const three = await shrunk(hitOf(design, calls, "not-three"));
    expect([namesOf(three), three.trace.bounds]).toEqual([["turn_on 3"], { switches: 4 }]);
  });

  test("and so is a failed call that changes something", async () => {
    const fails = call({
      ...{ kernel: "a toy", by: "task", takes: {}, returns: ["EBUSY"] },
      sections: { fail: (s) => ((s.count = 1), "EBUSY") },
    });
    const design = toy({ calls: { fails }, promises: [fewerThanTwo] });
    const failing = { call: "fails", params: {} };
    const found = await shrunk(hitOf(design, [failing, turn("on", 4)], "fewer-than-two"));
    expect(namesOf(found)).toEqual(["fails", "turn_on 0"]);
    const other = await shrunk(
      hitOf(design, [turn("on", 4), turn("off", 4), failing], "failed-call-changes-nothing"),
    );
    expect([namesOf(other), other.trace.breach!.why]).toEqual([
      ["fails"],
      "the call ended with EBUSY and changed the state all the same",
    ]);
  });

  test("so is an instance of another shape, and not one with other names", async () => {
    const design = toy({ promises: [pairs] });
    const calls = [turn("on", 4), turn("on", 2)];
    const two = await shrunk(hitOf(design, calls, "never-both", { one: 2, other: 4 }), {
      search: NO_LIMIT,
    });
    expect(namesOf(two).sort()).toEqual(["turn_on 0", "turn_on 1"]);
    expect(two.trace.breach!.instance).toEqual({ one: 0, other: 1 });
    // The search meets the promise broken for one switch and itself, which is sooner.
    expect(two.searched).toMatchObject({ steps: 1, shorter: null });
    const one = await shrunk(hitOf(design, calls, "never-both", { one: 4, other: 4 }));
    expect([namesOf(one), one.trace.breach!.instance]).toEqual([["turn_on 0"], { one: 0, other: 0 }]);
  });

  test("a bug of the kernel is a failure like another, with its own why", async () => {
    const use = call({
      ...{ kernel: "a toy", by: "task", returns: [] },
      takes: { at: Switch },
      sections: { use: (s, { at }) => void live(s.on[at] ? null : s, `switch ${at}`) },
    });
    const design = toy({ calls: { use } });
    const calls = [turn("on", 2), { call: "use", params: { at: 1 } }, { call: "use", params: { at: 2 } }];
    const found = await shrunk(hitOf(design, calls, "no-use-after-free"));
    expect(namesOf(found)).toEqual(["turn_on 0", "use 0"]);
    expect(found.trace.breach!.why).toBe("switch 0 is used after it was freed");
  });

  test("a name that the kernel gives is another one when a call before is left out, wherever it stands", async () => {
    const create = call({
      ...{ kernel: "a toy", by: "task", takes: {}, returns: [] },
      gives: Switch,
      sections: {
        "the lowest that is free": (s) => {
          const free = [...s.on].indexOf(false);
          if (free < 0) return "disabled" as never;
          s.on[free as never] = true;
          return { value: free as never };
        },
      },
    });
    // The second poke of the same switch, which is on, gives 1.
    const poke = call({
      ...{ kernel: "a toy", by: "task", returns: ["EINVAL"] },
      takes: { at: Switch },
      gives: Switch,
      sections: {
        poke: (s, { at }) => {
          if (!s.on[at]) return "EINVAL";
          if (s.count === at + 1) return { value: 1 as never };
          s.count = at + 1;
          return undefined;
        },
      },
    });
    // Bounds stay as they are: with fewer switches it does not break.
    const once = step({
      ...claim,
      name: "poked-once",
      asksResults: true,
      holds: ({ on }, { call: made, result }) =>
        made !== "poke" || typeof result !== "object" || result.value !== 1 || on.length < 6,
    });
    const design = toy({ calls: { create, poke }, promises: [once] });
    const poking = { call: "poke", params: { at: 2 } };
    const creating = { call: "create", params: {} };
    const calls = [creating, creating, creating, poking, poking];
    const found = await shrunk(hitOf(design, calls, "poked-once"));
    expect(namesOf(found)).toEqual(["create", "poke 0", "poke 0"]);
    expect(found.trace.bounds).toEqual({ switches: 6 });
  });

  test("what reductions cannot lead to, a search finds; and it says what each came to", async () => {
    const jump = call({
      ...{ kernel: "a toy", by: "task", takes: {}, returns: [] },
      sections: {
        jump: (s) => {
          s.on[0 as never] = s.on[1 as never] = true;
          s.count = 2;
        },
      },
    });
    const design = toy({ calls: { jump }, promises: [fewerThanTwo] });
    const hit = hitOf(design, [turn("on", 4), turn("on", 5)], "fewer-than-two");
    const alone = await shrunk(hit);
    expect([alone.own, alone.searched, namesOf(alone).length]).toEqual([2, null, 2]);
    const found = await shrunk(hit, { search: NO_LIMIT });
    expect([found.own, namesOf(found)]).toEqual([2, ["jump"]]);
    expect(found.searched).toMatchObject({ calls: "all", steps: 1, isExhaustive: true });
    expect(found.certificate!.deletions).toBe(1);
  });

  test("a budget that ends early leaves a failure without a certificate", async () => {
    const calls = [0, 1, 2, 3, 4, 5].flatMap((n) => [turn("on", n), turn("off", n)]);
    const hit = hitOf(
      toy({ promises: [fewerThanTwo] }),
      [...calls, turn("on", 1), turn("on", 4)],
      "fewer-than-two",
    );
    const found = await shrunk(hit, { runs: 5 });
    expect([found.certificate, found.runs]).toEqual([null, 5]);
    expect("certificate" in found.trace).toBe(false);
    const stopped = await shrunk(hit, { stop: () => true, search: NO_LIMIT });
    expect([stopped.certificate, stopped.runs, stopped.searched]).toEqual([null, 0, null]);
  });

  test("what does not fail again is not shrunk", async () => {
    expect(await shrink(hitOf(toy({ promises: [fewerThanTwo] }), [turn("on", 1)], "fewer-than-two"))).toBe(
      null,
    );
  });

  test("bounds go no lower than where the design is one", async () => {
    const { call: own } = callsOf<any, { readonly switches: number }>();
    const wild = own({
      ...{ kernel: "a toy", by: "task", takes: {}, returns: [] },
      sections: { wild: (s, _c, m) => void (s.count = m.switches === 1 ? 7 : 2) },
    });
    const design = toy({ calls: { wild }, promises: [notThree, fewerThanTwo] });
    const one = always({ ...claim, name: "not-one", holds: ({ on }) => on[0 as never] !== true });
    const found = await shrunk(
      hitOf({ ...design, promises: [one] }, [turn("on", 5), turn("on", 0)], "not-one"),
      {
        search: NO_LIMIT,
      },
    );
    expect([namesOf(found), found.trace.bounds]).toEqual([["turn_on 0"], { switches: 2 }]);
  });
});
