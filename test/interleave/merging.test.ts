/** Merging local sections loses nothing: same quiescent states, same breaches, same results, on every small overlapping run of the registry. */
import { expect, test } from "vitest";
import { vectorKey } from "../../checkers/explore/pin.ts";
import { pins } from "../../models/pins.ts";
import { registry } from "../../models/registry.ts";
import { exploreMerged } from "./merging.ts";

/** Merged states up to which a run is compared here; test/interleave/merging.large.ts compares the others. */
const SMALL = 5_000;

const runs = registry.flatMap(({ design }) =>
  design.vectors
    .filter((vector) => vector.mode === "overlap")
    .filter((vector) => (pins[design.name]?.[vectorKey(vector)]?.states ?? Infinity) <= SMALL)
    .map((vector) => ({ name: `${design.name}: ${vectorKey(vector)}`, design, vector })),
);

test("there are such runs", () => expect(runs.length).toBeGreaterThan(10));

test.each(runs)("$name", async ({ design, vector }) => {
  const merged = await exploreMerged(design, vector, true);
  expect(await exploreMerged(design, vector, false)).toEqual(merged);
});
