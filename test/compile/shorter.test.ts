/** What makes generated code shorter leaves it what it does. */
import { expect, test } from "vitest";
import { fc, test as property } from "@fast-check/vitest";
import { withDirectJumps } from "../../checkers/compile/jumps.ts";
import { both } from "../../checkers/compile/masks.ts";

const WORDS = ["w0", "w1"];

/** A test of a field, as the translator writes it. */
const fieldTest = fc
  .record({ word: fc.nat(1), shift: fc.nat(31), width: fc.integer({ min: 1, max: 4 }), not: fc.boolean() })
  .filter(({ shift, width }) => shift + width <= 32)
  .chain(({ word, shift, width, not }) =>
    // One more than the field can hold: a test that never holds.
    fc.nat(2 ** width).map((value) => {
      const text = `c${word}_${shift}_${width} === ${value}`;
      return not ? `!(${text})` : text;
    }),
  );
const otherTest = fc.constantFrom("(w0 > 5 || w1 > 7)", "!((w0 > 5 && c1_3_1 === 0))", "w1 < 0");

function holds(condition: string, words: readonly number[]): boolean {
  const fields = condition.replace(
    /c(\d)_(\d+)_(\d)/g,
    (_, word, shift, width) => `((w${word} >>> ${shift}) & ${2 ** width - 1})`,
  );
  return new Function(...WORDS, `return ${fields};`)(...words) as boolean;
}

property.prop([
  fc.array(fc.oneof({ weight: 4, arbitrary: fieldTest }, otherTest), { minLength: 1, maxLength: 6 }),
  fc.array(fc.tuple(fc.integer(), fc.integer()), { minLength: 20, maxLength: 20 }),
])("tests of fields, asked together, hold where each of them does", (tests, states) => {
  const [first, ...others] = tests;
  const all = others.reduce(both, first!);
  // Words in which most of the tests hold, too.
  const near = tests.map((_, i) =>
    tests
      .slice(0, i + 1)
      .map(wordsOf)
      .reduce(joined, [0, 0] as const),
  );
  for (const words of [...states, ...near])
    expect(holds(all, words)).toBe(tests.every((one) => holds(one, words)));
});

/** Words with this field as the test wants it. */
function wordsOf(condition: string): readonly [number, number] {
  const [, word, shift, , value] = /c(\d)_(\d+)_(\d) === (\d+)/.exec(condition) ?? ["", "0", "0", "1", "0"];
  const bits = Number(value) << Number(shift);
  return word === "0" ? [bits, 0] : [0, bits];
}

const joined = (a: readonly [number, number], b: readonly [number, number]): readonly [number, number] => [
  a[0] | b[0],
  a[1] | b[1],
];

test("fields of one word are tested at once", () => {
  expect(both("!(c0_20_1 === 0)", "c0_21_2 === 2")).toBe("(w0 & 7340032) === 5242880");
  expect(both("(w1 < 0 && c0_0_1 === 1)", "c0_1_1 === 0")).toBe("(w1 < 0 && (w0 & 3) === 1)");
  expect(both("c0_0_2 === 1", "c0_1_1 === 1")).toBe("(c0_0_2 === 1 && c0_1_1 === 1)");
  expect(both("c0_0_1 === 1", "c1_0_1 === 1")).toBe("(c0_0_1 === 1 && c1_0_1 === 1)");
});

/** A block in which a local is set on each way, and a test of it behind; `x` decides which way is gone, `log` sees which was. */
interface Shape {
  readonly ways: readonly {
    readonly set: number | "x";
    readonly more: boolean;
    readonly inner: Shape | null;
  }[];
  readonly test: number;
  readonly otherwise: boolean;
  readonly usedLater: boolean;
}

const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.record({
    ways: fc.array(
      fc.record({
        set: fc.oneof(
          { weight: 5, arbitrary: fc.nat(2) },
          { weight: 1, arbitrary: fc.constant("x" as const) },
        ),
        more: fc.boolean(),
        inner: fc.oneof({ maxDepth: 2 }, fc.constant(null), tie("shape")),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    test: fc.nat(2),
    otherwise: fc.boolean(),
    usedLater: fc.boolean(),
  }),
}));

function linesOf({ ways, test, otherwise, usedLater }: Shape, next: () => number): string[] {
  const [p, q, label] = [`p${next()}`, `p${next()}`, `R${next()}`];
  const inside = ways.flatMap(({ set, more, inner }, i) => {
    const isLast = i === ways.length - 1;
    const sets = [`var ${p} = ${set};`, ...(more ? [`var ${q} = ${i};`] : [])];
    const does = [`log.push("${label} ${i}");`, ...(inner === null ? [] : linesOf(inner, next))];
    return isLast
      ? [...does, ...sets]
      : [`if (((x >>> ${next() % 8}) & 1) === ${i % 2}) {`, ...does, ...sets, `break ${label};`, "}"];
  });
  const behind = otherwise ? ["} else {", "break B1;", "}"] : ["}"];
  const later = usedLater ? [`log.push(${p});`] : [];
  return [
    `${label}: {`,
    ...inside,
    "}",
    `if (${p} === ${test}) {`,
    "break B0;",
    ...behind,
    ...later,
    `log.push("behind ${label}");`,
  ];
}

function programOf(lines: readonly string[]): (x: number) => unknown {
  const text = `var log = [];\nB1: {\nB0: {\n${lines.join("\n")}\nlog.push("through");\n}\nlog.push("B0");\n}\nreturn log;`;
  return new Function("x", text) as (x: number) => unknown;
}

property.prop([shape])("ways that go on at once go where they would have gone", (one) => {
  let last = 0;
  const lines = linesOf(one, () => last++);
  const [long, short] = [programOf(lines), programOf(withDirectJumps(lines))];
  for (let x = 0; x < 256; x++) expect(short(x)).toEqual(long(x));
});

test("a local that is set to be tested is gone", () => {
  const lines = ["R: {", "if (x) {", "var p1 = 0;", "break R;", "}", "n0 = 1;", "var p1 = 1;", "}"];
  const test = ["if (p1 === 0) {", "break B;", "}"];
  const shorter = ["R: {", "if (x) {", "break B;", "}", "n0 = 1;", "}"];
  expect(withDirectJumps([...lines, ...test])).toEqual(shorter);
  const isUsed = [...lines, ...test, "n1 = p1;"];
  expect(withDirectJumps(isUsed)).toEqual(isUsed);
});

test("a way that does more before it leaves is left as it is", () => {
  const lines = ["R: {", "if (x) {", "var p1 = 0;", "n0 = 1;", "break R;", "}", "var p1 = 1;", "}"];
  const all = [...lines, "if (p1 === 0) {", "break B;", "}"];
  expect(withDirectJumps(all)).toEqual(all);
});

test("a way that sets nothing is left as it is", () => {
  const lines = ["R: {", "if (x) {", "break R;", "}", "var p1 = 1;", "}", "if (p1 === 0) {", "break B;", "}"];
  expect(withDirectJumps(lines)).toEqual(lines);
});
