/** The search that people use against the obvious one: the same states, transitions, depth, results and shortest breaches. */
import { expect, test } from "vitest";
import { registry } from "../../models/registry.ts";
import { run, toy } from "../toy.ts";
import { agreesWithReference } from "./agree.ts";
import { smallest } from "./smallest.ts";

test("there is something to compare of every kind of design", () => {
  const kinds = new Set(
    registry.filter(({ design }) => smallest.some(([name]) => name === design.name)).map(({ kind }) => kind),
  );
  expect([...kinds].sort()).toEqual(["benchmark", "mutant", "proposal", "shipped"]);
});

test.each(smallest)("%s at %s", async (_name, _key, design, vector) => {
  await agreesWithReference(design, vector);
});

test("a toy, counted by hand: 2^n states, 2n calls in each", async () => {
  await agreesWithReference(toy(), { bounds: { switches: 5 } });
  expect(await run(toy(), { switches: 5 })).toMatchObject({ states: 32, transitions: 320, depth: 5 });
});
