/** What each operator makes of a piece of text, the names of mutants, and the text in which all of them can be switched on. */
import { readFileSync } from "node:fs";
import { Project } from "ts-morph";
import { describe, expect, test } from "vitest";
import { applied, type Mutant } from "../../checkers/mutate/mutant.ts";
import { mutantsOf } from "../../checkers/mutate/operators.ts";
import { equivalents } from "../../models/mutants/equivalents.ts";
import { ROOT } from "../cli/gmemcheck.ts";
import { woven } from "../../checkers/mutate/weave.ts";

function of(text: string): Mutant[] {
  const source = new Project({ useInMemoryFileSystem: true }).createSourceFile("/x.ts", text);
  return mutantsOf(source, "x.ts", ["EINVAL", "EBADF"]);
}
const shown = (text: string): string[] =>
  of(text).map(({ operator, before, after }) => `${operator}: ${before} → ${after}`);

describe("operators", () => {
  test.each([
    [
      "a check",
      `function f(s, c) { if (c.a < 2 && c.b) return "EINVAL"; }`,
      [
        `drop-check: if (c.a < 2 && c.b) return "EINVAL"; → (nothing)`,
        "negate-guard: c.a < 2 && c.b → !(c.a < 2 && c.b)",
        "weaken-guard: c.a < 2 && c.b → c.b",
        "weaken-guard: c.a < 2 && c.b → c.a < 2",
        "off-by-one: c.a < 2 → c.a <= 2",
        `other-errno: "EINVAL" → "EBADF"`,
      ],
    ],
    [
      "a loop over a range",
      "function f(vm, first, end) { for (let page = first; page < end; page++) vm.sptes[page + 1] = null; }",
      [
        "off-by-one: first → first + 1",
        "off-by-one: page < end → page <= end",
        "drop-store: vm.sptes[page + 1] = null; → (nothing)",
        "drop-term: page + 1 → page",
      ],
    ],
    [
      "calls, and the ends of a range",
      "function f(vm, from, to) { zapFrames(vm, from, to); count(vm); warnOn(true); }",
      [
        "drop-zap: zapFrames(vm, from, to); → (nothing)",
        "swap-range: from, to → to, from",
        "drop-call: count(vm); → (nothing)",
      ],
    ],
    [
      "another file of the same table",
      "function f(s, c) { return g(s.files[c.file], s.files[c.last]); }",
      ["swap-index: c.file → c.last!", "swap-index: c.last → c.file!"],
    ],
    ["an assertion's words, and types", `type T = "EINVAL"; const x = "EINVAL";`, []],
  ])("%s", (_what, text, expected) => {
    expect(shown(text)).toEqual(expected);
  });

  test("sections: dropped, reordered, without their locks, their waits and their undoing", () => {
    const text = `const sections = {
      "take it": { takes: (c) => lock(c.vm) },
      "look": { local: true, run: look },
      "change": { when: isOne, under: (c) => inner.write(c.vm), run: changeIt },
      "wait": { synchronizes: (c) => srcu(c.vm) },
      "drop it": { drops: (c) => lock(c.vm) },
      "undo it": { run: undoIt },
      end: { local: true, run: () => {} },
    };`;
    expect(shown(text)).toEqual([
      "drop-section: run: look → run: () => {}",
      "drop-section: run: changeIt → run: () => {}",
      "skip-unwind: run: undoIt → run: () => {}",
      "drop-lock: under: (c) => inner.write(c.vm), → (nothing)",
      "drop-when: when: isOne, → (nothing)",
      "weaken-lock: write → read",
      "drop-wait: synchronizes: (c) => srcu(c.vm) → (nothing)",
      "drop-lock: takes: (c) => lock(c.vm) → (nothing)",
      `reorder-sections: "look": { local: true, run: look } → "change" before "look"`,
      `reorder-sections: "change": { when: isOne, under: (c) => inner.write(c.vm), run: changeIt } → "wait" before "change"`,
    ]);
    const held = of(text).find(({ before }) => before.startsWith("takes"))!;
    expect(applied(text, held.edits)).toContain(`"drop it": {  }`);
  });
});

test("names stay when a file is formatted anew, and when another declaration changes", () => {
  const text = "function f(s) { if (s.a) s.b = 1; }\nfunction g(s) { if (s.c) s.d = 1; }";
  const other =
    "function f(s) { if (s.a) { s.b = 1; s.e = 2; } }\n\n\nfunction g(s) {\n  if (\n s.c)\n    s.d = 1;\n}";
  const ids = (all: Mutant[]): string[] => all.map(({ id }) => id).filter((id) => id.includes("#g/"));
  expect(ids(of(text))).toEqual(["x.ts#g/drop-check/1", "x.ts#g/negate-guard/1", "x.ts#g/drop-store/1"]);
  expect(ids(of(other))).toEqual(ids(of(text)));
});

test("what is explained as equivalent is still there, and is the text that the reason is about", () => {
  for (const { id, before, why } of equivalents) {
    const file = id.split("#")[0]!;
    const source = new Project({ useInMemoryFileSystem: true }).createSourceFile(
      "/x.ts",
      readFileSync(`${ROOT}${file}`, "utf8"),
    );
    expect(mutantsOf(source, file, []).find((mutant) => mutant.id === id)).toMatchObject({ before });
    expect(why.length).toBeGreaterThan(40);
  }
});

test("a woven text is the original with none switched on, and each mutant with that one", () => {
  const text =
    "function f(a, b) { let n = 0; for (let i = a; i < b; i++) { if (i !== 2 && i > a) n += i + 1; } return n; }";
  const mutants = of(text);
  const numbered = mutants.map((mutant, number) => ({ number, mutant }));
  const make = (body: string): ((on: (k: number) => boolean) => (a: number, b: number) => number) =>
    new Function("__gmemcheckOn", `${body}; return f;`) as never;
  const all = make(applied(text, woven(numbered, [], text)));
  expect(all(() => false)(1, 5)).toBe(make(text)(() => false)(1, 5));
  expect(mutants).toHaveLength(10);
  for (const { number, mutant } of numbered) {
    const alone = make(applied(text, mutant.edits))(() => false);
    for (const [a, b] of [
      [1, 5],
      [0, 3],
      [2, 2],
    ] as const)
      expect(all((k) => k === number)(a, b), mutant.after).toBe(alone(a, b));
  }
});
