/** What overlapping calls break together is shrunk to as few steps as an exhaustive search knows, from any seed. */
import { describe, expect, test } from "vitest";
import { retry } from "../../spec/language.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { certified } from "../../checkers/fuzz/certified.ts";
import { fuzz } from "../../checkers/fuzz/fuzz.ts";
import { rerunRaceAt } from "../../checkers/fuzz/rerun-race.ts";
import { Stage } from "../../checkers/fuzz/stage.ts";
import { readTrace } from "../../checkers/trace/file.ts";
import { writeTrace } from "../../checkers/trace/text.ts";
import { replay } from "../../checkers/trace/replay.ts";
import { a, always, b, call, counter, overlap, reportOf, spec } from "../interleave/counter.ts";

const nesting = (first: typeof a, second: typeof a): AnyCall =>
  call({
    ...spec,
    sections: {
      "take the first": { takes: () => first(0) },
      "take the second": { takes: () => second(0) },
      "drop both": { drops: () => [second(0), first(0)] },
    },
  });
const up = call({
  ...spec,
  returns: ["EBUSY"],
  sections: {
    "look at the count": (s) => (s.count === 2 ? "EBUSY" : undefined),
    "count up": (s) => void (s.count = Math.min(2, s.count + 1)),
  },
});
const add = call({
  ...spec,
  returns: ["EBUSY"],
  keeps: { seen: { shape: { kind: "upTo", bound: "most" } } as never },
  sections: {
    "read the counter": (s, c: any) => {
      if (s.waiters === 2) return "EBUSY";
      s.waiters++;
      c.seen = s.count;
      return undefined;
    },
    "write it back": (s, c: any) => void (s.count = c.seen + 1),
  },
});
const spin = call({
  ...spec,
  sections: { look: () => undefined, "not yet": (s) => (s.count === 1 ? retry("look") : undefined) },
});
const exact = always({
  name: "exact",
  says: "each call that added is counted",
  source: "test",
  over: {},
  holds: ({ count, waiters }) => count === waiters,
});
const seldom = always({
  ...exact,
  name: "seldom",
  anytime: true,
  holds: ({ count, waiters }) => count + waiters < 3,
});

/** Three at once are as wrong as two who came and went, which takes longer: with two in flight at most, three never are. */
const stay = call({
  ...spec,
  by: "kernel",
  returns: ["EBUSY"],
  sections: {
    "come in": (s) => (s.count === 2 || s.waiters === 3 ? "EBUSY" : void s.waiters++),
    "go out": (s) => {
      s.waiters--;
      s.count = Math.min(2, s.count + 1);
    },
  },
});
const crowded = always({
  ...exact,
  name: "crowded",
  anytime: true,
  holds: ({ count, waiters }) => waiters < 3 && count < 2,
});

const crowd = counter({ first: stay, second: stay, third: stay }, [crowded]);
const abba = counter({ ab: nesting(a, b), ba: nesting(b, a), up });
/** One way round is there from the start; the other is only when somebody has counted up. */
const later = call({
  ...spec,
  returns: ["EBUSY"],
  sections: {
    "look at the count": (s) => (s.count === 0 ? "EBUSY" : undefined),
    "take b": { takes: () => b(0) },
    "take a": { takes: () => a(0) },
    "drop both": { drops: () => [a(0), b(0)] },
  },
});
const halves = counter({ ab: nesting(a, b), later, up });
const lost = counter({ add, ab: nesting(a, b) }, [exact, seldom]);
const livelock = counter({ up, spin });

/** The promise, who breaks it, and how many tasks have to act. */
describe.each([
  ["no-deadlock", abba, 2],
  ["lock-order", abba, 1],
  ["lock-order", halves, 1],
  ["exact", lost, 2],
  ["seldom", lost, 1],
  ["linearizable", lost, 2],
  ["calls-end", livelock, 1],
] as const)("%s", (property, of: AnyDesign, tasks) => {
  test.each([1, 2])("seed %i", async (seed) => {
    const known = reportOf(await overlap(of, {}, { only: new Set([property]) }), property);
    let found = false;
    const { findings } = await fuzz(of, [{ bounds: { most: 5, tasks: 4 }, mode: "overlap", overlap: 2 }], {
      seed,
      runs: 2000,
      only: new Set([property]),
      shrink: { stop: () => ((found = true), false) },
      stop: () => (found ? "found" : null),
      onProgress: () => {},
    });
    const { shrunk } = findings[0]!;
    expect([shrunk!.trace.steps.length, shrunk!.trace.bounds["tasks"]]).toEqual([known.steps, tasks]);
    const read = readTrace(writeTrace(shrunk!.trace), "trace.json");
    expect(replay(of, read, "trace.json")).toMatchObject({ differences: [], broken: true });
    expect(certified(of, read)).toEqual({ certificate: shrunk!.certificate, smaller: null });
    expect(shrunk!.certificate!.deletions).toBeGreaterThanOrEqual(known.steps!);
  });
});

test.each([
  [2, [0, 1, 0, 1]],
  [3, [0, 1, 2]],
])("with %i calls in flight at most, no more of them are, whatever the turns", (most, taken) => {
  const stage = new Stage(crowd, { most: 5, tasks: 1 }, "everything");
  const calls = ["first", "second", "third"].map((name) => ({ call: name, params: {} }));
  const like = { property: "crowded", instance: {}, why: "" };
  const failing = rerunRaceAt(stage, like, most)({ bounds: stage.scene.bounds, calls, turns: [0, 1, 2] });
  expect(failing!.plan.turns).toEqual(taken);
});

test("a turn that cannot be taken is passed over, and who is in flight then goes on to the end", () => {
  const stage = new Stage(lost, { most: 5, tasks: 4 }, "everything");
  const calls = ["ab", "ab", "add", "add"].map((name) => ({ call: name, params: {} }));
  const like = { property: "exact", instance: {}, why: "" };
  // The second call would wait for the lock of the first one: it never begins.
  const turns = [0, 1, 1, 2, 3];
  const { plan } = rerunRaceAt(stage, like, 4)({ bounds: stage.scene.bounds, calls, turns })!;
  expect(plan.calls.map(({ call: name }) => name)).toEqual(["ab", "add", "add"]);
  expect(plan.turns).toEqual([0, 1, 2, 0, 1, 2]);
});
