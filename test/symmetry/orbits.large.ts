/** Orbits of the benchmark's larger sizes, which other checkers count alike. */
import { expect, test } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { exploreOrbits } from "../../checkers/symmetry/explore.ts";
import type { Interchange } from "../../checkers/symmetry/group.ts";
import { gmemSeq } from "../../models/gmem-seq.ts";

const two = (bound: string, owner: string | null = null): Interchange => ({
  bound,
  owner,
  classes: [[0, 1]],
});

test.each([
  ["medium", 1, [two("vms")], 383_545],
  ["medium", 1, [two("vms"), two("files")], 192_430],
  ["all twos", 2, [two("vms"), two("files"), two("slots", "vms")], 371_130],
] as const)("%s with %d slots", async (_, slots, group, orbits) => {
  const subject = bounded(gmemSeq, { bounds: { vms: 2, files: 2, pages: 2, slots, gfns: 2 } });
  const licence = { subject, group, refused: [], meanings: new Map(), added: 0, tried: [] };
  const { complete, states } = await exploreOrbits(licence, { budget: NO_LIMIT });
  expect({ complete, states }).toEqual({ complete: true, states: orbits });
});
