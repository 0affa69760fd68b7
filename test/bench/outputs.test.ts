/** What each checker prints is read as it stands, and held against the known counts. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { expectCounts, Mismatch, type Found } from "../../bench/contestant.ts";
import { oneWorker } from "../../bench/gmemcheck.ts";
import { readLimit } from "../../bench/peers/limit.ts";
import { readRumur } from "../../bench/peers/rumur.ts";
import { readSpin } from "../../bench/peers/spin.ts";
import { LARGE, TINY } from "../../bench/vectors.ts";

const golden = (name: string): string => readFileSync(new URL(`golden/${name}.txt`, import.meta.url), "utf8");
const checked = (changes: object): string =>
  JSON.stringify({
    results: [{ verdict: "holds", complete: true, states: 22, transitions: 106, depth: 6, ...changes }],
  });

describe("outputs of the smallest size", () => {
  test.each<[string, () => Found, number | null]>([
    ["C++", () => readLimit("states 22 transitions 106 depth 6\n"), 6],
    ["Spin, breadth first", () => readSpin(golden("spin-breadth")), null],
    ["Spin, depth first", () => readSpin(golden("spin-depth")), null],
    ["Rumur", () => readRumur(golden("rumur")), null],
    ["gmemcheck", () => oneWorker(TINY).read(checked({})), 6],
  ])("%s", (_, read, depth) => {
    expect(read()).toMatchObject({ states: 22, transitions: 106, depth });
    expectCounts("", read(), TINY.counts);
  });

  test("gmemcheck tells its phases, where it does", () => {
    const times = { translateSeconds: 1, searchCpuSeconds: 2, searchSeconds: 3 };
    expect(oneWorker(TINY).read(checked({ times }))).toMatchObject({ phases: times });
    expect(oneWorker(TINY).read(checked({}))).not.toHaveProperty("phases");
  });
});

test("Rumur's progress is not its result", () => {
  const progress = "\t 10 states explored in 0s, with 20 rules fired and 3 states in the queue.\n";
  expect(readRumur(progress + golden("rumur"))).toMatchObject({ states: 22, transitions: 106 });
});

test("a large count of Spin is right to its eight digits", () => {
  const output = (transitions: string): string =>
    golden("spin-depth")
      .replace("22 states", "14675409 states")
      .replace("107 transitions", `${transitions} transitions`);
  expectCounts("", readSpin(output("2.9493913e+08")), LARGE.counts);
  expect(() => expectCounts("", readSpin(output("2.9493915e+08")), LARGE.counts)).toThrow(Mismatch);
  expect(readSpin(output("91666501"))).toMatchObject({ transitions: 91_666_500, slack: 0 });
});

describe("what is refused", () => {
  test.each<[string, () => unknown, string]>([
    ["a limit without a result", () => readLimit("violated I1\n"), "has no states"],
    [
      "an error of Spin",
      () => readSpin(golden("spin-depth").replace("errors: 0", "errors: 1")),
      "did not search everything",
    ],
    [
      "a stack of Spin that is too small",
      () => readSpin(`error: max search depth too small\n${golden("spin-depth")}`),
      "did not search everything",
    ],
    [
      "a search of Spin that ended early",
      () => readSpin(`Warning: Search not completed\n${golden("spin-breadth")}`),
      "did not search everything",
    ],
    ["an error of Rumur", () => readRumur(golden("rumur").replace("No error", "1 error(s)")), "1 error(s)"],
    ["a breach of gmemcheck", () => oneWorker(TINY).read(checked({ verdict: "violated" })), "violated, but"],
    [
      "an incomplete run of gmemcheck",
      () => oneWorker(TINY).read(checked({ complete: false })),
      "known to hold",
    ],
    ["no report", () => oneWorker(TINY).read("Error: no"), "no report"],
  ])("%s", (_, read, message) => {
    expect(read).toThrow(Mismatch);
    expect(read).toThrow(message);
  });

  test.each(["states", "transitions", "depth"] as const)("a wrong number of %s", (key) => {
    const found = { ...TINY.counts, [key]: TINY.counts[key] + 1 };
    expect(() => expectCounts("one", found, TINY.counts)).toThrow(`one: ${key} ${found[key]}, but`);
  });

  test("of a search up to symmetry, more states than there are, and another depth", () => {
    const found = { states: 10, transitions: 50, depth: 6 };
    expect(() => expectCounts("", found, TINY.counts)).toThrow(Mismatch);
    expectCounts("", found, TINY.counts, true);
    expect(() => expectCounts("", { ...found, states: 23 }, TINY.counts, true)).toThrow("at most 22");
    expect(() => expectCounts("", { ...found, depth: 5 }, TINY.counts, true)).toThrow("depth 5");
  });
});
