/** Pinned verdicts: whatever differs from what is pinned is a surprise, and is said in words. */
import { describe, expect, test } from "vitest";
import { differences, pinOf, vectorKey } from "../../checkers/explore/pin.ts";
import { summary } from "../../checkers/explore/check.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { registryText, unexpected, type Expected } from "../../checkers/report/registry-text.ts";
import type { Vector } from "../../spec/language/design.ts";
import type { Pin, Pins } from "../../spec/language/pin.ts";
import { always, run, toy } from "../toy.ts";

const few = always({
  name: "few",
  says: "one at most",
  source: "test",
  over: {},
  holds: (s) => s.count <= 1,
});
const vectors: Vector[] = [
  { bounds: {}, quick: true },
  { bounds: { switches: 3 }, scenario: "rising" },
];
const design = toy({ promises: [few], vectors });
const pin: Pin = { states: 4, transitions: 16, depth: 2, held: 4, violated: { few: 2 } };

test("a run is pinned by its counts, by what it held, and by the length of each breach", async () => {
  expect(pinOf(await run(design))).toEqual(pin);
  expect(vectors.map(vectorKey)).toEqual(["everything full defaults", "rising full switches=3"]);
});

test.each<[string, Pin | undefined, string[]]>([
  ["nothing", pin, []],
  ["no pin", undefined, ["nothing is pinned for this vector; run npm run pins"]],
  ["states", { ...pin, states: 5 }, ["4 states, pinned 5"]],
  ["transitions", { ...pin, transitions: 15 }, ["16 transitions, pinned 15"]],
  ["depth", { ...pin, depth: 3 }, ["2 depth, pinned 3"]],
  ["what was held", { ...pin, held: 5 }, ["4 held, pinned 5"]],
  ["a length", { ...pin, violated: { few: 1 } }, ["few is violated after 2 calls, pinned 1"]],
  ["a new breach", { ...pin, violated: {} }, ["few is violated after 2 calls; it is pinned as holding"]],
  [
    "a breach that is gone",
    { ...pin, violated: { few: 2, many: 3 } },
    ["many holds; it is pinned as violated after 3 calls"],
  ],
])("a difference in %s is told", async (_name, pinned, words) => {
  expect(differences(pinned, await run(design))).toEqual(words);
});

describe("of a registry", () => {
  const pinsOf = (of: Pin): Pins => ({ toy: { "everything full defaults": of } });
  async function surprises(expected: Partial<Expected>, pins: Pins, budget = NO_LIMIT) {
    const report = summary(design, vectors.slice(0, 1), [await run(design, {}, { budget })], "nothing");
    const entry: Expected = { design, kind: "shipped", breaks: ["few"], ...expected };
    return { told: unexpected(entry, report, pins), text: registryText([entry], [report], pins) };
  }

  test("nothing is a surprise when all is as pinned", async () => {
    const { told, text } = await surprises({}, pinsOf(pin));
    expect(told).toEqual([]);
    expect(text).toContain("1 designs, 1 runs: every verdict, count and length is as pinned.");
  });

  test("each difference is one, with the design and the run", async () => {
    const { told, text } = await surprises({}, pinsOf({ ...pin, states: 9 }));
    expect(told).toEqual([
      { design: "toy", verdict: "violated", what: "scenario everything: 4 states, pinned 9" },
    ]);
    expect(text).toContain("NOT as pinned:\n  toy: scenario everything: 4 states, pinned 9");
  });

  test("a breach that the design does not know of is one", async () => {
    const { told } = await surprises({ breaks: [] }, pinsOf(pin));
    expect(told.map(({ what }) => what)).toEqual(["few is broken and the design does not say so"]);
  });

  test("a mutant that its promise does not catch is one", async () => {
    const { told, text } = await surprises({ kind: "mutant", breaks: ["many"], bug: "A0" }, pinsOf(pin));
    expect(told.map(({ what }) => what)).toEqual(["many does not catch it"]);
    expect(text).toContain("NOT CAUGHT by many");
  });

  test("a run that did not end is one, and is incomplete", async () => {
    const { told } = await surprises({}, pinsOf(pin), { ...NO_LIMIT, states: 1 });
    expect(told.map(({ verdict }) => verdict)).toContain("incomplete");
  });
});
