/** Pairs of designs made at random: the comparison finds what a naive one finds, and keeps to the laws of comparing. */
import fc from "fast-check";
import { test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { compareDesigns, sameBehaviour } from "../../checkers/compare/compare.ts";
import type { Comparison, Difference } from "../../checkers/compare/comparison.ts";
import { sharedOf } from "../../checkers/compare/shared.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { naiveDifferences } from "./naive.ts";
import { tableDesign, tabled, type Row, type Table } from "./tables.ts";

const STATES = 4;
const NAMES = ["first", "second", "third"];
/** Rarely different, so that there is much behind. */
const result = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Row[0]>(0) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Row[0]>("EINVAL", "EBUSY", "v1", "v2", "KVM_EXIT_MMIO", "disabled"),
  },
);
const row = fc.tuple(result, fc.nat(STATES - 1));
const table: fc.Arbitrary<Table> = fc.array(row, { minLength: STATES, maxLength: STATES });
const tables = fc.array(table, { minLength: NAMES.length, maxLength: NAMES.length });
/** A design, and one that differs from it in a few rows. */
const pairs = fc
  .tuple(tables, fc.array(fc.tuple(fc.nat(NAMES.length - 1), fc.nat(STATES - 1), row), { maxLength: 3 }))
  .map(([a, changes]) => {
    const b = a.map((one) => [...one]);
    for (const [call, at, changed] of changes) b[call]![at] = changed;
    return [a, b] as const;
  });

/** Equal tables are one call, as those that a variant takes over. */
const shared = new Map<string, AnyCall>();
function callOf(one: Table): AnyCall {
  const key = JSON.stringify(one);
  const known = shared.get(key) ?? tabled(one);
  shared.set(key, known);
  return known;
}
const designOf = (all: readonly Table[]): AnyDesign =>
  tableDesign({
    states: STATES,
    calls: Object.fromEntries(all.map((one, i) => [NAMES[i]!, callOf(one)])),
  });
const compare = (a: AnyDesign, b: AnyDesign): Promise<Comparison> =>
  compareDesigns(a, b, [{ bounds: {} }], { budget: NO_LIMIT, promises: false });

const lengthOf = ({ traces: { a, b } }: Difference): number => Math.max(a!.steps.length, b!.steps.length);

describe("two tables at random", () => {
  test.prop([pairs], { numRuns: 80, seed: 7 })("differ as a naive comparison says", async ([a, b]) => {
    const [x, y] = [designOf(a), designOf(b)];
    const naive = naiveDifferences(sharedOf(x, y, { bounds: {} }));
    const { differences, complete } = await compare(x, y);
    expect(complete).toBe(true);
    const made = [...naive].filter(([key]) => !key.includes("cannot be made"));
    const valued = (key: string): string =>
      key.replace(/(value \d) → (?!value)/, "value → ").replace(/(?<!value \d) → value \d/, " → value");
    const shortest = new Map<string, number>();
    for (const [key, length] of made) {
      const known = shortest.get(valued(key));
      if (known === undefined || length < known) shortest.set(valued(key), length);
    }
    const found = differences
      .filter(({ from, to }) => from !== "cannot be made" && to !== "cannot be made")
      .map((one) => [valued(`${one.subject}: ${one.from} → ${one.to}`), lengthOf(one)] as const);
    expect(new Map([...found].sort())).toEqual(new Map([...shortest].sort()));
    // That a call cannot be made is told at least where nothing else is.
    expect(differences.length === 0).toBe(naive.size === 0);
  });

  test.prop([tables], { numRuns: 20, seed: 7 })("do not differ from themselves", async (all) => {
    const { compatibility, complete, differences } = await compare(designOf(all), designOf(all));
    expect({ compatibility, complete, differences }).toEqual({
      compatibility: "compatible",
      complete: true,
      differences: [],
    });
  });

  test.prop([pairs], { numRuns: 30, seed: 7 })(
    "turned round, what was allowed is refused",
    async ([a, b]) => {
      const [there, back] = [
        await compare(designOf(a), designOf(b)),
        await compare(designOf(b), designOf(a)),
      ];
      const turned: Readonly<Record<string, string>> = {
        "newly allowed": "newly refused",
        "newly refused": "newly allowed",
      };
      const text = (kind: string, subject: string, from: string, to: string): string =>
        [kind, subject, from, to].join(" ");
      const first = there.differences.map(({ kind, subject, from, to }) => text(kind, subject, from, to));
      const second = back.differences.map(({ kind, subject, from, to }) =>
        text(turned[kind] ?? kind, subject, to, from),
      );
      expect(second.sort()).toEqual(first.sort());
    },
  );

  test.prop([pairs], { numRuns: 30, seed: 7 })("are the same where nothing differs", async ([a, b]) => {
    const { verdict, difference } = await sameBehaviour(
      designOf(a),
      designOf(b),
      { bounds: {} },
      { budget: NO_LIMIT },
    );
    const { differences } = await compare(designOf(a), designOf(b));
    expect(verdict).toBe(differences.length === 0 ? "same" : "different");
    // The first one that was found has a shortest trace of all.
    if (difference !== null) expect(lengthOf(difference)).toBe(Math.min(...differences.map(lengthOf)));
  });
});
