/** The reference benchmark: state and transition counts that seven other checkers agree on, exactly. */
import { describe, expect, test } from "vitest";
import { gmemSeq } from "../../models/gmem-seq.ts";
import { entryOf } from "../../models/registry.ts";
import { run } from "../toy.ts";

const size = (vms: number, files: number, pages: number, slots: number, gfns: number) => ({
  vms,
  files,
  pages,
  slots,
  gfns,
});
const SMALL = size(2, 1, 2, 2, 2);
const MEDIUM = size(2, 2, 2, 1, 2);

describe("gmem-seq", () => {
  test.each([
    [size(1, 1, 1, 1, 1), 22, 106, 6],
    [size(2, 1, 1, 1, 1), 123, 750, 10],
    [size(2, 1, 2, 1, 1), 531, 4_554, 11],
    [size(2, 2, 1, 1, 1), 1_481, 14_578, 12],
    [SMALL, 25_299, 303_228, 14],
    [MEDIUM, 767_081, 13_570_200, 18],
  ])("%o has %d states, %d transitions and depth %d", async (bounds, states, transitions, depth) => {
    const report = await run(gmemSeq, bounds);
    expect(report).toMatchObject({ verdict: "holds", complete: true, states, transitions, depth });
  });

  test("the levels of small are those of the other checkers", async () => {
    const { levels } = await run(gmemSeq, SMALL);
    expect(levels.join(" ")).toBe("1 6 42 248 889 1936 2696 2778 3052 3956 4041 2686 1472 1016 480");
  });

  test("each action of small is taken as often as in the other checkers", async () => {
    const { outcomes } = await run(gmemSeq, SMALL);
    expect(Object.fromEntries(outcomes)).toEqual({
      "create 0": 162,
      "close 0": 25_218,
      "bind 0": 27_540,
      "unbind 0": 30_960,
      "setattr 0": 101_196,
      "allocate 0": 15_660,
      "punch 0": 34_776,
      "gfault 0": 20_736,
      "hfault 0": 31_320,
      "hunmap 0": 15_660,
    });
  });

  test.each([
    ["gmem-seq-m1", 444_483, 6_651_984, { I1: 3 }],
    ["gmem-seq-m2", 28_863, 339_084, { I4: 5 }],
    ["gmem-seq-m1own", 32_643, 404_100, { I1: 3 }],
    ["gmem-seq-m1eq", 25_299, 303_228, {}],
  ])(
    "%s, explored past its breaches, has the counts of the other checkers",
    async (name, states, transitions, broken) => {
      const report = await run(entryOf(name)!.design, SMALL);
      expect(report).toMatchObject({ complete: true, states, transitions });
      const steps = report.properties.filter((p) => p.verdict === "violated").map((p) => [p.name, p.steps]);
      expect(Object.fromEntries(steps)).toMatchObject(broken);
      expect(steps.length > 0).toBe(Object.keys(broken).length > 0);
    },
  );
});
