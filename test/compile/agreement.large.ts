/** The same for every design of the registry, at its smallest sequential runs; and walks at bounds that nobody exhausts. */
import { expect, test } from "vitest";
import { isSequential } from "../../checkers/explore/mode.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import { pins } from "../../models/pins.ts";
import { entryOf, registry } from "../../models/registry.ts";
import { expectAlike, expectSameSteps } from "./both.ts";

const MOST_TRANSITIONS = 400_000;

const runs = registry.flatMap(({ design }) =>
  design.vectors
    .filter(isSequential)
    .filter((vector) => pins[design.name]![vectorKey(vector)]!.transitions <= MOST_TRANSITIONS)
    .slice(0, 3)
    .map((vector) => [design.name, vectorKey(vector), design, vector] as const),
);

test.each(runs)("%s, %s", async (_name, _key, design, vector) => {
  await expectAlike(design, vector);
});

test("a run that watches, at every location", async () => {
  const bounds = { types: "sw_protected" };
  const vector = { scenario: "core", bounds, track: "watch" } as const;
  expect(await expectAlike(entryOf("guest-memfd-7.3")!.design, vector)).toEqual([]);
});

test("there are runs of most designs", () => {
  expect(new Set(runs.map(([name]) => name)).size).toBeGreaterThan(60);
});

test.each([
  "guest-memfd-6.8",
  "guest-memfd-6.12",
  "guest-memfd-6.18",
  "guest-memfd-7.2",
  "guest-memfd-7.3",
  "in-place-conversion",
])("walks of %s", (name) => {
  const bounds = { vms: 2, files: 2, pages: 2, slots: 2, gfns: 2 };
  for (const track of ["full", "watch"] as const)
    expectSameSteps(entryOf(name)!.design, { bounds, track }, 300, 11);
});
