/** What the original does at one vector: its states, what holds, and which mutants its steps come by and tell apart. */
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { checkVector, invalidModel, type RunReport } from "../explore/check.ts";
import { isSequential } from "../explore/mode.ts";
import { vectorKey } from "../explore/pin.ts";
import type { SearchOptions } from "../explore/sweep.ts";
import type { Bench } from "./bench.ts";
import { OF_OVERLAPS } from "./mutant.ts";
import { compareOverlappingSteps } from "./overlapping-steps.ts";
import { compareSteps, type Loaded, type Steps } from "./steps.ts";

export interface Survey {
  readonly key: string;
  readonly vector: Vector;
  /** False where the original has more states than the budget allows: nothing is judged there. */
  readonly complete: boolean;
  readonly states: number;
  readonly transitions: number;
  /** What holds, in every state or of every step. */
  readonly holds: readonly string[];
  /** What is broken, after how many steps: breaches that the design is known for. */
  readonly broken: readonly { readonly name: string; readonly steps: number }[];
  /** What had something to say. */
  readonly decided: readonly string[];
  /** Ids of mutants whose places were met, and of those that go another way there; where steps are not compared, any of them may. */
  readonly reached: readonly string[];
  readonly differs: readonly string[];
  /** Of those that make a step go on for ever. */
  readonly endless: readonly string[];
}

export async function survey(
  original: AnyDesign,
  bench: Bench,
  loaded: readonly Loaded[],
  vector: Vector,
  options: SearchOptions,
): Promise<Survey> {
  const isFull = (vector.track ?? "full") === "full";
  let compared: Steps | null = null;
  const run = await checkVector(original, vector, {
    ...options,
    onVisited: (_tracking, visited) => {
      const isWhole = visited.count <= options.budget.states;
      if (isWhole && isSequential(vector) && isFull) compared = compareSteps(bench, loaded, vector, visited);
    },
  });
  if (run.verdict === "invalid") throw invalidModel(run, original);
  if (run.complete && !isSequential(vector)) compared = await compareOverlappingSteps(bench, vector, options);
  const steps = compared ?? (run.complete ? await metIn(bench, vector, options) : null);
  return reportOf(bench, vector, run, steps);
}

/** Whose places are met, where steps are not compared. */
async function metIn(bench: Bench, vector: Vector, options: SearchOptions): Promise<Steps> {
  const { board, mutants, partsOf } = bench;
  board.begin();
  const unasked = { only: new Set<string>(), orders: false };
  await checkVector(bench.design, vector, { budget: options.budget, interpreted: true, ...unasked });
  const met = new Set(board.met);
  for (const [number, parts] of partsOf) if (parts.some((part) => board.ran.has(part))) met.add(number);
  // Where nothing overlaps, a lock tells nothing: to count such a mutant as reached would be to call it equivalent.
  const reached = new Set([...met].filter((number) => !OF_OVERLAPS.has(mutants[number]!.operator)));
  return { reached, differs: new Set(reached), endless: new Set() };
}

function reportOf({ mutants }: Bench, vector: Vector, run: RunReport, steps: Steps | null): Survey {
  const named = (numbers: Iterable<number>): string[] =>
    [...numbers].sort((a, b) => a - b).map((number) => mutants[number]!.id);
  const holds = run.properties.filter(({ verdict, kind }) => verdict === "holds" && kind !== "sometimes");
  const broken = run.properties.filter(({ verdict }) => verdict === "violated");
  return {
    key: vectorKey(vector),
    vector,
    complete: run.complete && steps !== null,
    states: run.states,
    transitions: run.transitions,
    holds: holds.map(({ name }) => name),
    broken: broken.map(({ name, steps }) => ({ name, steps: steps! })),
    decided: [...run.decided].sort(),
    reached: named(steps?.reached ?? []),
    differs: named(steps?.differs ?? []),
    endless: named(steps?.endless ?? []),
  };
}
