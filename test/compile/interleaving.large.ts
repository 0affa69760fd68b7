/** Compiled and written runs of vectors that take longer. */
import { describe, test } from "vitest";
import { AT_ONCE, expectAlike, overlapsOf } from "./interleaving.ts";

describe("the same run", () => {
  test.each(overlapsOf(700, 60_000))("%s", (_, design, vector) => expectAlike(design, vector, AT_ONCE));
});
