/** A process of `mutate`: surveys vectors, and judges mutants, one after the other. */
import { basename, join } from "node:path";
import { mkdtempSync, readFileSync } from "node:fs";
import { deserialize } from "node:v8";
import { benchFor, type Bench } from "../checkers/mutate/bench.ts";
import { sameBehaviour } from "../checkers/compare/compare.ts";
import type { Sameness } from "../checkers/compare/comparison.ts";
import {
  contradicted,
  judgeAt,
  type Judgement,
  type JudgeOptions,
  type Played,
} from "../checkers/mutate/judge.ts";
import { OF_OVERLAPS, type Mutant } from "../checkers/mutate/mutant.ts";
import type { Loaded } from "../checkers/mutate/steps.ts";
import { survey, type Survey } from "../checkers/mutate/survey.ts";
import { Workshop, type Copied } from "../checkers/mutate/workshop.ts";
import { readRecording } from "../checkers/kernel/recording.ts";
import { UsageError } from "../checkers/usage-error.ts";
import type { Vector } from "../spec/language/design.ts";
import { ModelError } from "../spec/language/verdict.ts";
import type { Budget, SearchOptions } from "../checkers/explore/sweep.ts";
import { findDesign } from "./designs.ts";
import { readText } from "./files.ts";
import { playerOf } from "./players.ts";

/** What a process is started with: the name of a file that holds it. */
export interface MutateWork {
  readonly asked: string;
  readonly copied: Copied;
  readonly mutants: readonly Mutant[];
  readonly recordings: readonly string[];
  readonly folder: string;
}

export type MutateTask =
  | { readonly kind: "reach" }
  | { readonly kind: "survey"; readonly vector: Vector; readonly options: SearchOptions }
  | { readonly kind: "judge"; readonly mutant: number; readonly at: Survey; readonly options: JudgeOptions }
  | { readonly kind: "play"; readonly mutant: number }
  | { readonly kind: "compare"; readonly mutant: number; readonly vector: Vector; readonly budget: Budget };

export type MutateAnswer =
  | { readonly kind: "reach"; readonly ids: readonly string[] }
  | { readonly kind: "survey"; readonly survey: Survey }
  | { readonly kind: "judgement"; readonly judgement: Judgement | null }
  | { readonly kind: "sameness"; readonly sameness: Sameness | string };

/** What went wrong, and whose fault it is. */
export type MutateFailure =
  | { readonly of: "model"; readonly message: string; readonly place: string }
  | { readonly of: "user"; readonly message: string }
  | { readonly of: "tool"; readonly message: string };

const { asked, copied, mutants, recordings, folder } = deserialize(
  readFileSync(process.argv[2]!),
) as MutateWork;
const workshop = new Workshop(copied, mkdtempSync(join(folder, "w")));
let bench: Promise<Bench> | null = null;
let loaded: Promise<Loaded[]> | null = null;
let played: Promise<Played[]> | null = null;

// A terminal interrupts all of its processes; this one ends with whoever started it.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());
process.on("message", (task: MutateTask) => {
  answer(task).then(
    (done) => process.send!({ done }),
    (error: unknown) => process.send!({ failed: failureOf(error) }),
  );
});

function failureOf(error: unknown): MutateFailure {
  if (error instanceof ModelError) return { of: "model", message: error.message, place: error.place };
  if (error instanceof UsageError) return { of: "user", message: error.message };
  return { of: "tool", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

async function answer(task: MutateTask): Promise<MutateAnswer> {
  const { design: original } = await findDesign(asked);
  bench ??= benchFor(workshop, copied, mutants);
  if (task.kind === "reach") return { kind: "reach", ids: reachedIds(await bench) };
  if (task.kind === "survey") {
    const ready = await bench;
    loaded ??= loadAll(ready);
    return {
      kind: "survey",
      survey: await survey(original, ready, await loaded, task.vector, task.options),
    };
  }
  const mutant = mutants[task.mutant]!;
  const design = await load(mutant).catch((error: unknown) => String(error).split("\n")[0]!);
  if (typeof design === "string")
    return task.kind === "compare"
      ? { kind: "sameness", sameness: design }
      : { kind: "judgement", judgement: { kind: "language", why: design, at: "loading" } };
  if (task.kind === "judge")
    return { kind: "judgement", judgement: await judgeAt(design, task.at, task.options) };
  if (task.kind === "play") {
    played ??= readAll();
    const player = await playerOf(await findDesign(asked));
    return { kind: "judgement", judgement: contradicted(design, await played, player) };
  }
  try {
    const sameness = await sameBehaviour(original, design, task.vector, {
      budget: task.budget,
      interpreted: true,
    });
    return { kind: "sameness", sameness };
  } catch (error) {
    return { kind: "sameness", sameness: String(error).split("\n")[0]! };
  }
}

function reachedIds({ reach, partsOf }: Bench): string[] {
  const numbers = new Set([...reach.mutants.values()].flatMap((all) => [...all]));
  const parts = new Set([...reach.parts.values()].flatMap((all) => [...all]));
  for (const [number, own] of partsOf) if (own.some((part) => parts.has(part))) numbers.add(number);
  return [...numbers].sort((a, b) => a - b).map((number) => mutants[number]!.id);
}

/** Those that are no switches, as designs of their own. */
async function loadAll({ reach, partsOf }: Bench): Promise<Loaded[]> {
  const parts = new Set([...reach.parts.values()].flatMap((all) => [...all]));
  const designs: Loaded[] = [];
  for (const [number, own] of partsOf) {
    if (!own.some((part) => parts.has(part)) || OF_OVERLAPS.has(mutants[number]!.operator)) continue;
    try {
      designs.push({ number, design: await load(mutants[number]!) });
    } catch {
      // It cannot be loaded, which is how it is judged.
    }
  }
  return designs;
}

function load({ file, edits }: Mutant) {
  const path = copied.sources.find((source) => source.file === file)!.path;
  return workshop.load(new Map([[path, edits]]));
}

async function readAll(): Promise<Played[]> {
  const player = await playerOf(await findDesign(asked));
  return recordings.map((path) => ({
    name: basename(path),
    recording: readRecording(readText(path), path, player, "answered"),
  }));
}
