/** How programs are drawn: as naturals, by fast-check, so that a seed and a path give a program again. */
import * as fc from "fast-check";
import type { Programs } from "../../../spec/programs.ts";

/** Steps behind the beginning of a program. */
const LENGTH = { min: 10, max: 40 };
/** Far above any list that a natural chooses from. */
const MOST_NATURAL = 0xffffff;

/** Without fast-check's bias to small naturals: each of them chooses from a list, whose first items it would prefer. */
export function rowsOf({ width }: Programs): fc.Arbitrary<number[][]> {
  const row = fc.array(fc.nat({ max: MOST_NATURAL }), { minLength: width, maxLength: width, size: "max" });
  return fc.noBias(fc.array(row, { minLength: LENGTH.min, maxLength: LENGTH.max, size: "max" }));
}
