/** As merging.test.ts, on the runs that are too large for it, up to what finishes in minutes. */
import { expect, test } from "vitest";
import { exploreMerged, overlapsOf } from "./merging.ts";

const runs = overlapsOf((isSmall, states) => !isSmall && states <= 100_000);

test.each(runs)("$name", { timeout: 600_000 }, async ({ design, vector }) => {
  const merged = await exploreMerged(design, vector, true);
  expect(await exploreMerged(design, vector, false)).toEqual(merged);
});
