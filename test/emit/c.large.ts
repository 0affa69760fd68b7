/** Every sequential counterexample as a C program: gcc takes all of them, without a warning. */
import { expect, test } from "vitest";
import { complaints, noCompiler, programOf, sequentialTraces } from "./programs.ts";

test.skipIf(noCompiler !== null)(
  `gcc takes all programs without a warning${noCompiler === null ? "" : ` (skipped: ${noCompiler})`}`,
  async () => {
    const stored = sequentialTraces();
    expect(stored.length).toBeGreaterThan(200);
    const programs: Record<string, string> = {};
    for (const of of stored) programs[of.name] = await programOf(of);
    expect(complaints(programs)).toBe("");
  },
);
