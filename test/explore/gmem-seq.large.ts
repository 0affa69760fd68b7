/** The larger sizes of the reference benchmark: counts that other checkers agree on, exactly. */
import { expect, test } from "vitest";
import { gmemSeq } from "../../models/gmem-seq.ts";
import { run } from "../toy.ts";

test.each([
  ["medium-b", { vms: 2, files: 2, pages: 1, slots: 2, gfns: 3 }, 1_221_561, 19_302_462, 28],
  ["medium-c", { vms: 3, files: 2, pages: 1, slots: 2, gfns: 2 }, 1_530_900, 23_969_520, 28],
  ["all twos", { vms: 2, files: 2, pages: 2, slots: 2, gfns: 2 }, 4_676_121, 91_666_500, 18],
  ["large", { vms: 2, files: 2, pages: 2, slots: 1, gfns: 3 }, 14_675_409, 294_939_126, 26],
])("%s", async (_name, bounds, states, transitions, depth) => {
  expect(await run(gmemSeq, bounds)).toMatchObject({ verdict: "holds", states, transitions, depth });
});
