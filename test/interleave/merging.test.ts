/** Merging local sections loses nothing: same quiescent states, same breaches, same results, on every small overlapping run of the registry. */
import { expect, test } from "vitest";
import { exploreMerged, overlapsOf } from "./merging.ts";

const runs = overlapsOf((isSmall) => isSmall);

test("there are such runs", () => expect(runs.length).toBeGreaterThan(10));

test.each(runs)("$name", async ({ design, vector }) => {
  const merged = await exploreMerged(design, vector, true);
  expect(await exploreMerged(design, vector, false)).toEqual(merged);
});
