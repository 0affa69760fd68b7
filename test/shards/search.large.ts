/** A search in shards of more designs, and of any shards, slices and machines, against the search in one thread. */
import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { checkVector } from "../../checkers/explore/check.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { SHARDING } from "../../checkers/shards/search.ts";
import { designNamed, SETTING, sharded, told } from "./sharded.ts";

const cases = [
  ["gmem-seq", {}],
  ["overlap-unchecked", {}],
  ["guest-memfd-7.3", { scenario: "slots" }],
  ["file-does-not-pin", { scenario: "lifetimes" }],
  ["thp-collapse-gmem-folio", {}],
] as const;
test.each(cases)("%s %j", async (name, { scenario }: { readonly scenario?: string }) => {
  const design = await designNamed(name);
  const vector = design.vectors.find(
    (one) => one.mode === undefined && (scenario === undefined || one.scenario === scenario),
  )!;
  const one = await checkVector(design, vector, { budget: NO_LIMIT });
  const { report, done } = await sharded(design, vector, SETTING);
  expect(told(report)).toEqual(told(one));
  // They were what they are to be able to be.
  expect(Math.min(done.repeated, done.replaced)).toBeGreaterThan(0);
});

property.prop(
  {
    seed: fc.nat(),
    shards: fc.integer({ min: 1, max: 9 }),
    slices: fc.integer({ min: 1, max: 6 }),
    hands: fc.integer({ min: 1, max: 4 }),
    bytes: fc.constantFrom(0, 50_000, 1e9),
  },
  { numRuns: 12 },
)("whatever the shards, slices and machines", async ({ seed, shards, slices, hands, bytes }) => {
  const design = await designNamed("overlap-unchecked");
  const vector = design.vectors[0]!;
  const sharding = { ...SHARDING, shards, slices, least: 64 };
  const { report } = await sharded(design, vector, { sharding, hands, seed, bytes });
  expect(told(report)).toEqual(told(await checkVector(design, vector, { budget: NO_LIMIT })));
});
