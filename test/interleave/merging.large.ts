/** As merging.test.ts, on the runs that are too large for it, up to what finishes in minutes. */
import { expect, test } from "vitest";
import { vectorKey } from "../../checkers/explore/pin.ts";
import { pins } from "../../models/pins.ts";
import { registry } from "../../models/registry.ts";
import { exploreMerged } from "./merging.ts";

const runs = registry.flatMap(({ design }) =>
  design.vectors
    .filter((vector) => vector.mode === "overlap")
    .map((vector) => ({ name: `${design.name}: ${vectorKey(vector)}`, design, vector }))
    .filter(({ vector }) => {
      const states = pins[design.name]?.[vectorKey(vector)]?.states ?? Infinity;
      return states > 5_000 && states <= 100_000;
    }),
);

test.each(runs)("$name", { timeout: 600_000 }, async ({ design, vector }) => {
  const merged = await exploreMerged(design, vector, true);
  expect(await exploreMerged(design, vector, false)).toEqual(merged);
});
