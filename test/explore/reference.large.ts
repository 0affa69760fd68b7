/** The search against the reference search at every default vector that this one gets through in half a minute. */
import { expect, test } from "vitest";
import { isSequential } from "../../checkers/explore/mode.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import { pins } from "../../models/pins.ts";
import { registry } from "../../models/registry.ts";
import { agreesWithReference } from "./agree.ts";

const MOST_TRANSITIONS = 250_000;

const cases = registry.flatMap(({ design }) =>
  design.vectors
    .filter((vector) => isSequential(vector) && (vector.track ?? "full") === "full")
    .filter((vector) => pins[design.name]![vectorKey(vector)]!.transitions <= MOST_TRANSITIONS)
    .map((vector) => [design.name, vectorKey(vector), design, vector] as const),
);

test("there are many of them", () => {
  expect(new Set(cases.map(([name]) => name)).size).toBeGreaterThan(15);
});

test.each(cases)("%s at %s", async (_name, _key, design, vector) => {
  await agreesWithReference(design, vector);
});
