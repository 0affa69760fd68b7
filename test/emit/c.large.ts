/** Every sequential counterexample as a C program, and walks: gcc takes all of them, without a warning. */
import { expect, test } from "vitest";
import { cProgram } from "../../checkers/emit/c.ts";
import { findDesign } from "../../cli/designs.ts";
import { complaints, noCompiler, programOf, reproductionOf, sequentialTraces } from "./programs.ts";
import { walk } from "./walk.ts";

const walks = ["guest-memfd-6.8", "guest-memfd-6.12", "guest-memfd-7.3", "guest-memfd-6.18-shadow"].flatMap(
  (name) => [1, 2, 3, 4].map((seed) => [name, seed] as const),
);

test.skipIf(noCompiler !== null)(
  `gcc takes all programs without a warning${noCompiler === null ? "" : ` (skipped: ${noCompiler})`}`,
  async () => {
    const stored = sequentialTraces();
    expect(stored.length).toBeGreaterThan(200);
    const programs: Record<string, string> = {};
    for (const of of stored) programs[of.name] = await programOf(of);
    for (const [name, seed] of walks) {
      const { design } = await findDesign(name);
      const run = await reproductionOf(design, walk(design, {}, 300, seed), "walk");
      programs[`walk ${seed} on ${name}`] = cProgram(run);
    }
    for (const level of ["-O1", "-O2"])
      expect([level, complaints(programs, [level, "-S"])]).toEqual([level, ""]);
  },
);
