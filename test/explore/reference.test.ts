/** The search that people use against the obvious one: the same states, transitions, depth, results and shortest breaches. */
import { expect, test } from "vitest";
import { vectorKey } from "../../checkers/explore/pin.ts";
import { pins } from "../../models/pins.ts";
import { registry } from "../../models/registry.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { run, toy } from "../toy.ts";
import { agreesWithReference } from "./agree.ts";

/** Vectors that the reference search, which is slow, gets through in a second or two; of each design the smallest, the others are among the large tests. */
const MOST_TRANSITIONS = 15_000;

const transitionsOf = ({ name }: AnyDesign, vector: Vector): number =>
  pins[name]![vectorKey(vector)]!.transitions;

const small = registry.flatMap(({ design }) =>
  design.vectors
    .filter(({ track, mode }) => (track ?? "full") === "full" && (mode ?? "sequential") === "sequential")
    .filter((vector) => transitionsOf(design, vector) <= MOST_TRANSITIONS)
    .sort((a, b) => transitionsOf(design, a) - transitionsOf(design, b))
    .slice(0, 1)
    .map((vector) => [design.name, vectorKey(vector), design, vector] as const),
);

test("there is something to compare of every kind of design", () => {
  const kinds = new Set(
    registry.filter(({ design }) => small.some(([name]) => name === design.name)).map(({ kind }) => kind),
  );
  expect([...kinds].sort()).toEqual(["benchmark", "mutant", "proposal", "shipped"]);
});

test.each(small)("%s at %s", async (_name, _key, design, vector) => {
  await agreesWithReference(design, vector);
});

test("a toy, counted by hand: 2^n states, 2n calls in each", async () => {
  await agreesWithReference(toy(), { bounds: { switches: 5 } });
  expect(await run(toy(), { switches: 5 })).toMatchObject({ states: 32, transitions: 320, depth: 5 });
});
