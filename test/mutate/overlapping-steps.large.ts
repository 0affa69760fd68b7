/** What is said of mutants by comparing steps of calls that overlap is what their own searches say. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkVector, type RunReport } from "../../checkers/explore/check.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { benchFor, type Bench } from "../../checkers/mutate/bench.ts";
import type { Mutant } from "../../checkers/mutate/mutant.ts";
import { compareOverlappingSteps } from "../../checkers/mutate/overlapping-steps.ts";
import { materialOf } from "../../checkers/mutate/sources.ts";
import type { Steps } from "../../checkers/mutate/steps.ts";
import { Workshop } from "../../checkers/mutate/workshop.ts";
import { entryNamed } from "../../models/catalogue.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { ROOT } from "../cli/gmemcheck.ts";

const NAME = "attr-read-without-retry";
const FILE = "models/mutants/attributes.ts";

describe("attr-read-without-retry, two calls in flight", () => {
  const folder = mkdtempSync(join(tmpdir(), "gmemcheck-steps-"));
  const shared = ["spec", "checkers", "cli"].map((name) => join(ROOT, name));
  const { sources, importers, mutants } = materialOf(join(ROOT, FILE), ROOT, shared);
  const workshop = new Workshop({ sources, importers, entry: join(ROOT, FILE), name: NAME }, folder);
  afterAll(() => rmSync(folder, { recursive: true }));

  let bench: Bench;
  let steps: Steps;
  let original: RunReport;
  beforeAll(async () => {
    const { design } = (await entryNamed(NAME))!;
    bench = await benchFor(workshop, { sources, importers, entry: join(ROOT, FILE), name: NAME }, mutants);
    const [vector] = design.vectors;
    steps = await compareOverlappingSteps(bench, vector!, { budget: NO_LIMIT });
    original = await searched(design);
  });

  function searched(design: AnyDesign): Promise<RunReport> {
    return checkVector(design, design.vectors[0]!, { budget: NO_LIMIT, interpreted: true, orders: false });
  }

  function loaded({ file, edits }: Mutant): Promise<AnyDesign> {
    return workshop.load(new Map([[sources.find((source) => source.file === file)!.path, edits]]));
  }

  test("mutants that no step tells apart have the states, the steps and the results of the original", async () => {
    const alike = [...steps.reached].filter((number) => !steps.differs.has(number));
    expect(alike.length).toBeGreaterThan(10);
    for (const number of alike.filter((_, i) => i % 6 === 0)) {
      const { levels, transitions, outcomes, verdict } = await searched(await loaded(mutants[number]!));
      expect({ levels, transitions, outcomes, verdict }, mutants[number]!.id).toEqual({
        levels: original.levels,
        transitions: original.transitions,
        outcomes: original.outcomes,
        verdict: original.verdict,
      });
    }
  });
});
