/** What the minimiser promises, of failures that random predicates make up. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { minimise, withoutChunks, type Reduction } from "../../checkers/fuzz/minimum.ts";

type List = readonly number[];

const without = (list: List, i: number): List => list.filter((_, at) => at !== i);

/** One number less, and each number one less. */
function* ways(list: List): Iterable<Reduction<List>> {
  for (let i = 0; i < list.length; i++)
    yield { kind: "deletion", what: `without ${i}`, to: without(list, i) };
  for (const [i, n] of list.entries())
    if (n > 0) yield { kind: "argument", what: `less at ${i}`, to: list.with(i, n - 1) };
}

const sumOf = (list: List): number => list.reduce((sum, n) => sum + n, 0);

const lists = fc.array(fc.nat(5), { minLength: 1, maxLength: 24 });

/** Any predicate at all: what it says of a list follows from a hash of it. */
const anyPredicate = fc.nat().map((seed) => (list: List): boolean => {
  let hash = seed | 0;
  for (const n of [list.length, ...list]) hash = Math.imul(hash ^ n, 0x9e3779b1) ^ (hash >>> 13);
  return (hash & 3) === 0;
});

describe("what is left", () => {
  test.prop([lists, fc.array(fc.nat(5), { maxLength: 4 })])(
    "of a failure that needs some numbers is these numbers alone, where more never help",
    async (list, needed) => {
      const failing = [...list, ...needed];
      const counts = (of: List, n: number): number => of.filter((other) => other === n).length;
      const fails = (of: List): boolean => needed.every((n) => counts(of, n) >= counts(needed, n));
      const { minimum } = await minimise(failing, deletions, fails, { coarse: withoutChunks });
      expect([...minimum].sort()).toEqual([...needed].sort());
    },
  );

  test.prop([lists, anyPredicate])(
    "fails, and no single reduction of it does, whatever fails",
    async (list, says) => {
      const fails = (of: List): boolean => of === list || says(of);
      const { minimum, certificate } = await minimise(list, ways, fails, { coarse: withoutChunks });
      expect(fails(minimum)).toBe(true);
      const all = [...ways(minimum)];
      expect(all.filter(({ to }) => fails(to))).toEqual([]);
      const of = (kind: string): number => all.filter((way) => way.kind === kind).length;
      expect(certificate).toEqual({
        deletions: of("deletion"),
        arguments: of("argument"),
        actors: 0,
        bounds: 0,
      });
    },
  );

  test("is found where one deletion is possible only after a later one", async () => {
    // 1 can go only when 2 is gone, which comes behind it.
    const fails = (of: List): boolean => of.includes(3) && (of.includes(1) || !of.includes(2));
    const { minimum, certificate } = await minimise([1, 2, 3], deletions, fails);
    expect(minimum).toEqual([3]);
    expect(certificate).toEqual({ deletions: 1, arguments: 0, actors: 0, bounds: 0 });
  });

  test("is smaller where two have to go at once, if that is tried", async () => {
    const fails = (of: List): boolean => of.includes(3) && of.includes(1) === of.includes(2);
    const pairs = (of: List): List[] =>
      of.flatMap((_, i) => of.slice(i + 1).map((_, j) => without(without(of, i + 1 + j), i)));
    expect((await minimise([1, 2, 3], deletions, fails)).minimum).toEqual([1, 2, 3]);
    const { minimum, certificate } = await minimise([1, 2, 3], deletions, fails, { further: pairs });
    expect(minimum).toEqual([3]);
    expect(certificate!.deletions).toBe(1);
  });
});

describe("a budget", () => {
  test.prop([lists, anyPredicate, fc.nat(40)])(
    "that ends early leaves what fails, and no certificate that is not earned",
    async (list, says, runs) => {
      const fails = (of: List): boolean => of === list || says(of);
      const found = await minimise(list, ways, fails, { runs });
      expect(fails(found.minimum)).toBe(true);
      expect(found.runs).toBeLessThanOrEqual(runs);
      if (found.certificate === null) expect(found.runs).toBe(runs);
      else expect([...ways(found.minimum)].filter(({ to }) => fails(to))).toEqual([]);
    },
  );

  test("ends when it is told to stop", async () => {
    let asked = 0;
    const stop = (): boolean => ++asked > 3;
    const found = await minimise([1, 1, 1, 1, 1, 1, 1, 1], ways, (of) => sumOf(of) > 0, { stop });
    expect(found).toEqual({ minimum: [1, 1, 1, 1, 1], certificate: null, runs: 3 });
  });

  test("is kept by big deletions: a long list is small after few runs", async () => {
    const list = Array.from({ length: 512 }, (_, i) => i);
    const fails = (of: List): boolean => of.includes(200);
    const { minimum, runs } = await minimise(list, deletions, fails, { coarse: withoutChunks });
    expect(minimum).toEqual([200]);
    expect(runs).toBeLessThan(40);
  });
});

test("of a failure on a real kernel, which is asked and answers later, as of any other", async () => {
  const fails = (of: List): Promise<boolean> =>
    new Promise((resume) => setImmediate(() => resume(of.includes(2))));
  const { minimum } = await minimise([1, 2, 3], deletions, fails);
  expect(minimum).toEqual([2]);
});

function* deletions(list: List): Iterable<Reduction<List>> {
  for (let i = 0; i < list.length; i++)
    yield { kind: "deletion", what: `without ${i}`, to: without(list, i) };
}
