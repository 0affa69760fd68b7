/** Compiled and written runs of vectors that take longer, and walks in every version. */
import { describe, test } from "vitest";
import { AT_ONCE, expectAlike, expectAlikeOnWalks, overlapsOf } from "./interleaving.ts";

describe("the same run", () => {
  test.each(overlapsOf(700, 60_000))("%s", (_, design, vector) => expectAlike(design, vector, AT_ONCE));
});

describe("the same steps on random walks", () => {
  test.each(overlapsOf(60_000, Infinity))("%s", (_, design, vector) =>
    expectAlikeOnWalks(design, vector, 24),
  );
});
