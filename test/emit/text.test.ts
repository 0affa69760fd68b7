/** What a proposal calls its things stays inside the comments and strings of a program. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { cProgram } from "../../checkers/emit/c.ts";
import { kselftestPatch } from "../../checkers/emit/kselftest.ts";
import { testProgram } from "../../checkers/emit/kselftest-program.ts";
import type { Reproduction } from "../../checkers/emit/reproduction.ts";
import {
  commentText,
  flagsText,
  identifier,
  nameText,
  numberText,
  stringLiteral,
} from "../../checkers/emit/text.ts";
import { findDesign } from "../../cli/designs.ts";
import { complaints, noCompiler, reproductionOf, sequentialTraces } from "./programs.ts";

/** A program without what its comments and strings say: phases 1 to 3 of C, with the trigraphs that gcc knows in -std=c99. */
function skeleton(text: string): string {
  const trigraphs: Readonly<Record<string, string>> = {
    "=": "#",
    "/": "\\",
    "'": "^",
    "(": "[",
    ")": "]",
    "!": "|",
    "<": "{",
    ">": "}",
    "-": "~",
  };
  const spliced = text
    .replace(/\?\?([=/'()!<>-])/g, (_, char: string) => trigraphs[char]!)
    .replace(/\\\n/g, "");
  return spliced.replace(/\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (token) =>
    token.startsWith("/") ? " " : token[0]! + token[0]!,
  );
}

const NASTY = [
  "*/ int x; /*",
  '"); system("id"); ("',
  "??/",
  "??/\n*/",
  "\\",
  "\\\n",
  "// \\\n#error",
  "%s%n",
  "#",
  "ok 1",
  "\u2028*/",
  "\r\n---\ndiff --git a/x b/x",
  "'",
  "é*/",
  // However a paragraph is wrapped, some line of it begins so.
  "--- ".repeat(60),
  "diff --git a/x b/x ".repeat(60),
];
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(fc.constantFrom(...NASTY, "*", "/", "?", "\\", '"', "\n", "a"), { maxLength: 8 })
    .map((parts) => parts.join("")),
);

/** The same steps, with other words for everything that a model may say as it likes. */
function reworded(run: Reproduction, words: readonly string[]): Reproduction {
  let next = 0;
  const say = (): string => words[next++ % words.length]!;
  return {
    ...run,
    design: say(),
    says: say(),
    meaning: say(),
    bounds: say(),
    breach: { property: say(), says: say(), why: say() },
    command: say(),
    steps: run.steps.map((step) => ({
      ...step,
      words: say(),
      told: "cannot" in step.told ? { cannot: say() } : step.told,
    })),
  };
}

const stored = sequentialTraces().find(({ name }) => name === "forgotten-pin/host-never-maps-private")!;
const run = await reproductionOf((await findDesign(stored.trace.design)).design, stored.trace, "a-name");
const plain = reworded(run, ["word"]);

describe("whatever a trace says", () => {
  test.prop([fc.array(text, { minLength: 1, maxLength: 6 })])("a C program does the same", (words) => {
    const program = cProgram(reworded(run, words));
    expect(program).toMatch(/^[\n\t -~]*$/);
    expect(skeleton(program)).toBe(skeleton(cProgram(plain)));
  });

  test.prop([fc.array(text, { minLength: 1, maxLength: 6 })])("a selftest does the same", (words) => {
    const program = testProgram(reworded(run, words));
    expect(program).toMatch(/^[\n\t -~]*$/);
    expect(skeleton(program)).toBe(skeleton(testProgram(plain)));
  });

  test.prop([fc.array(text, { minLength: 1, maxLength: 6 })])("a patch has the same files", (words) => {
    const begins = (patch: string): string[] =>
      patch.split("\n").filter((line) => /^(diff |--- |\+\+\+ |@@|Index: )/.test(line));
    const unsized = (lines: readonly string[]): string[] =>
      lines.map((line) => line.replace(/\d+ @@/, "N @@"));
    expect(unsized(begins(kselftestPatch(reworded(run, words))))).toEqual(
      unsized(begins(kselftestPatch(plain))),
    );
  });

  test.skipIf(noCompiler !== null)(
    `gcc takes the worst of it${noCompiler === null ? "" : ` (skipped: ${noCompiler})`}`,
    () => {
      const programs = NASTY.map((words, i) => [`nasty${i}`, cProgram(reworded(run, [words]))]);
      expect(complaints(Object.fromEntries(programs))).toBe("");
    },
  );
});

test("what is what in C", () => {
  expect(commentText("a */ b /* c ??/ d\ne")).toBe("a * / b / * c ? ?/ d e");
  expect(stringLiteral('say "x\\n" ?? é')).toBe('"say \\"x/n\\" ? ? ?"');
  expect(["7th file", "a-b", "vm0"].map(identifier)).toEqual(["_7th_file", "a_b", "vm0"]);
  expect([0n, 4095n, 4096n, -4096n, 1n << 40n, (1n << 64n) - 4096n].map(numberText)).toEqual([
    "0",
    "4095",
    "0x1000",
    "-0x1000",
    "0x10000000000ll",
    "0xfffffffffffff000ull",
  ]);
  expect([0n, 2n, 3n, 10n].map((bits) => flagsText(bits, { A: 1n, B: 2n }))).toEqual([
    "0",
    "B",
    "A | B",
    "B | 8",
  ]);
  expect([1n, 5n].map((value) => nameText(value, { A: 1n }))).toEqual(["A", "5"]);
});
