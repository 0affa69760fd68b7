/** `gmemcheck mutate`: changes a design in one place after the other, and says which promise notices. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fateOf, type Asked, type Fate, type Surveys } from "../checkers/mutate/fate.ts";
import type { JudgeOptions } from "../checkers/mutate/judge.ts";
import { OPERATORS, type Mutant } from "../checkers/mutate/mutant.ts";
import { countsOf, killsOf, silentOf, type Judged, type MutationReport } from "../checkers/mutate/scores.ts";
import type { Survey } from "../checkers/mutate/survey.ts";
import type { Copied } from "../checkers/mutate/workshop.ts";
import { UsageError } from "../checkers/usage-error.ts";
import { mutationJson, mutationText } from "../checkers/report/mutate.ts";
import { isSequential } from "../checkers/explore/mode.ts";
import { vectorKey } from "../checkers/explore/pin.ts";
import { equivalents } from "../models/mutants/equivalents.ts";
import type { Entry } from "../models/catalogue.ts";
import type { Bounds, Vector } from "../spec/language/design.ts";
import { hashOf } from "./content.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { Interrupt } from "./interrupt.ts";
import { Answers } from "./mutate-answers.ts";
import { workFor } from "./mutate-material.ts";
import { MutatePool, Overdue, Stopped, type MutateHands } from "./mutate-pool.ts";
import type { MutateAnswer, MutateTask, MutateWork } from "./mutate-worker.ts";
import { ProgressLine, print, writeWhole } from "./output.ts";
import { checkProperties, checkVectors, noVectors, vectorsFor } from "./vectors.ts";

export interface MutateCommand {
  readonly property?: readonly string[];
  readonly quick?: boolean;
  readonly bounds?: Bounds;
  readonly scenario?: string;
  readonly maxStates: number;
  readonly thenStates: number;
  readonly maxSeconds: number;
  readonly workers?: number;
  /** Where workers are told what to do; it is done here when absent. */
  readonly redis?: string;
  readonly file?: string;
  readonly operator?: string;
  readonly only?: string;
  readonly list?: boolean;
  readonly format: "text" | "json";
  readonly out?: string;
}

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const CACHE = join(ROOT, "node_modules/.cache/gmemcheck/mutate");

/** A thread may take so many times the seconds of a run, for what is not the run. */
const PATIENCE = 2;

export async function mutate(asked: string, options: MutateCommand): Promise<number> {
  const entry = await findDesign(asked);
  const { design } = entry;
  const vectors = vectorsFor(design, options);
  if (vectors.length === 0) throw noVectors(design, options);
  checkVectors(design, vectors);
  if (options.property !== undefined) checkProperties(options.property, [{ design, vectors }], false);
  // Where only some promises may kill, recordings are none of them.
  const work = await workFor(asked, entry, options.property === undefined);
  const { copied, mutants, recordings } = work;
  const wanted = chosen(mutants, options);
  if (options.list === true) {
    print(
      wanted.map(({ id, line, before, after }) => `${id}  line ${line}: ${before} → ${after}`).join("\n"),
    );
    return EXIT.asExpected;
  }
  const folder = mkdtempSync(join(tmpdir(), "gmemcheck-mutate-"));
  let pool: MutateHands | null = null;
  const interrupt = new Interrupt();
  interrupt.listen();
  try {
    pool = await poolFor({ ...work, folder }, options);
    const answers = new Answers(join(CACHE, `${answersName(design.name, copied.sources, options)}.jsonl`));
    const played = recordings.length === 0 ? null : recordingsHash(recordings);
    const run = new Run(answers, pool, mutants, options, interrupt, played);
    const report = await run.report(entry, vectors, new Set(wanted));
    if (options.out !== undefined)
      writeWhole(options.out, `${JSON.stringify(await mutationJson(report), null, 2)}\n`);
    if (options.format === "json") print(JSON.stringify(await mutationJson(report), null, 2));
    else print(mutationText(report, asked));
    return interrupt.exitCode(exitOf(report));
  } finally {
    await pool?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function exitOf({ judged, surveys, stopped }: MutationReport): number {
  const counts = countsOf(judged);
  if (counts.survived > 0) return EXIT.violated;
  const isOpen = counts["too big"] > 0 || surveys.length === 0 || stopped !== null;
  return isOpen ? EXIT.incomplete : EXIT.asExpected;
}

async function poolFor(work: MutateWork, { redis, property, workers }: MutateCommand): Promise<MutateHands> {
  if (redis === undefined) return new MutatePool(work, workers ?? availableParallelism());
  if (workers !== undefined)
    throw new UsageError("--workers: is of runs on this machine; with --redis, those who listen there work");
  const { QueuedHands } = await import("./queue/mutate.ts");
  return QueuedHands.at(redis, { asked: work.asked, plays: property === undefined });
}

function chosen(mutants: readonly Mutant[], { file, operator, only }: MutateCommand): Mutant[] {
  if (operator !== undefined && !OPERATORS.some((known) => known === operator))
    throw new UsageError(`--operator: there is no "${operator}"; there are ${OPERATORS.join(", ")}`);
  const found = mutants.filter(
    (mutant) =>
      (file === undefined || mutant.file.includes(file)) &&
      (operator === undefined || mutant.operator === operator) &&
      (only === undefined || mutant.id === only),
  );
  if (found.length > 0) return found;
  throw new UsageError(
    only === undefined
      ? "mutate: no mutant of the design is of that file and operator; --list names them all"
      : `--only: there is no mutant "${only}"; --list names them`,
  );
}

/** Changes with everything that an answer depends on, but for recordings. */
function answersName(name: string, sources: Copied["sources"], options: MutateCommand): string {
  const { property = [], maxSeconds } = options;
  const files = sources.map(({ path }) => path);
  return createHash("sha256")
    .update(hashOf(["spec", "checkers"], files))
    .update(JSON.stringify([name, property, maxSeconds]))
    .digest("hex")
    .slice(0, 32);
}

function recordingsHash(recordings: readonly string[]): string {
  return hashOf([], recordings).slice(0, 16);
}

class Run {
  private readonly answers: Answers;
  private readonly pool: MutateHands;
  private readonly mutants: readonly Mutant[];
  private readonly options: MutateCommand;
  private readonly interrupt: Interrupt;
  /** Which recordings are played; null where there are none. */
  private readonly played: string | null;
  private readonly line = new ProgressLine();

  constructor(
    answers: Answers,
    pool: MutateHands,
    mutants: readonly Mutant[],
    options: MutateCommand,
    interrupt: Interrupt,
    played: string | null,
  ) {
    this.answers = answers;
    this.pool = pool;
    this.mutants = mutants;
    this.options = options;
    this.interrupt = interrupt;
    this.played = played;
  }

  async report(
    { design }: Entry,
    vectors: readonly Vector[],
    wanted: ReadonlySet<Mutant>,
  ): Promise<MutationReport> {
    const own = new Set((await this.ask("reach", { kind: "reach" }, null).catch(whenStopped))?.ids);
    const all = await this.surveyed(vectors);
    const surveys = all.filter((one) => one.complete).sort(cheapestFirst);
    const isSmall = ({ states }: Survey): boolean => states <= this.options.maxStates;
    const numbers = [...this.mutants.keys()].filter((n) => wanted.has(this.mutants[n]!));
    const inDesign = numbers.filter((n) => own.has(this.mutants[n]!.id));
    const judged = await this.judged(inDesign, {
      small: surveys.filter(isSmall),
      larger: surveys.filter((one) => !isSmall(one)),
    });
    this.line.clear();
    return {
      design: design.name,
      judged,
      others: numbers.length - inDesign.length,
      surveys,
      leftOut: all.filter((one) => !one.complete).map(({ key }) => key),
      stopped: this.interrupt.reason(),
      kills: killsOf(design, judged),
      silent: silentOf(design, surveys),
    };
  }

  private async surveyed(vectors: readonly Vector[]): Promise<Survey[]> {
    const { maxStates, thenStates } = this.options;
    const budget = { states: Math.max(maxStates, thenStates), seconds: Infinity, bytes: 4e9 };
    const options = { budget };
    let done = 0;
    const all = vectors.map(async (vector) => {
      const question = `survey ${budget.states} ${vectorKey(vector)}`;
      const answer = await this.ask(question, { kind: "survey", vector, options }, null).catch(whenStopped);
      if (answer === null) return [];
      const { survey } = answer;
      this.line.show(`${++done} of ${vectors.length} vectors surveyed`);
      return [survey];
    });
    return (await Promise.all(all)).flat();
  }

  private async judged(numbers: readonly number[], surveys: Surveys): Promise<Judged[]> {
    const { property, maxSeconds: seconds } = this.options;
    const options = { seconds, ...(property === undefined ? {} : { only: new Set(property) }) };
    const judged = new Array<Judged>(numbers.length);
    let next = 0;
    let done = 0;
    // One after the other, so that what was judged when a run is interrupted was so to its end.
    const lane = async (): Promise<void> => {
      for (let i = next++; i < numbers.length; i = next++) {
        judged[i] = await this.judgedOne(numbers[i]!, surveys, options);
        this.line.show(`${++done} of ${numbers.length} mutants judged`);
      }
    };
    await Promise.all(Array.from({ length: this.pool.size }, lane));
    return judged;
  }

  private async judgedOne(number: number, surveys: Surveys, options: JudgeOptions): Promise<Judged> {
    const mutant = this.mutants[number]!;
    const found = await fateOf(mutant, number, surveys, this.asked(mutant), options).catch(whenStopped);
    const fate = found ?? ({ kind: "not judged" } satisfies Fate);
    const why = equivalents.find(({ id }) => id === mutant.id)?.why;
    const isExplained = why !== undefined && (fate.kind === "survived" || fate.kind === "too big");
    return { mutant, fate, ...(isExplained ? { explained: why } : {}) };
  }

  private asked({ id }: Mutant): Asked {
    const { played } = this;
    const seconds = this.options.maxSeconds * PATIENCE;
    return {
      judge: async (mutant, at, options) => {
        const question = `judge ${id} ${at.key} ${at.states}`;
        return (await this.ask(question, { kind: "judge", mutant, at, options }, seconds))?.judgement ?? null;
      },
      ...(played === null
        ? {}
        : {
            play: async (mutant: number) => {
              const answer = await this.ask(`play ${played} ${id}`, { kind: "play", mutant }, seconds);
              return answer === null ? null : (answer.judgement ?? "alive");
            },
          }),
      compare: async (mutant, vector, budget) => {
        const question = `compare ${id} ${vectorKey(vector)}`;
        return (
          (await this.ask(question, { kind: "compare", mutant, vector, budget }, seconds))?.sameness ?? null
        );
      },
    };
  }

  /** Null where there is no answer in time. */
  private ask<K extends MutateTask["kind"]>(
    question: string,
    task: Extract<MutateTask, { kind: K }>,
    seconds: number | null,
  ): Promise<AnswerTo<K> | null> {
    return this.answers.ask(question, async () => {
      try {
        const stop = (): boolean => this.interrupt.reason() !== null;
        return (await this.pool.run(task, seconds, stop)) as AnswerTo<K>;
      } catch (error) {
        if (error instanceof Overdue) return null;
        throw error;
      }
    });
  }
}

function whenStopped(error: unknown): null {
  if (error instanceof Stopped) return null;
  throw error;
}

type AnswerTo<K extends MutateTask["kind"]> = Extract<
  MutateAnswer,
  { kind: K extends "judge" | "play" ? "judgement" : K extends "compare" ? "sameness" : K }
>;

/** What overlaps costs more for each step. */
const OVERLAP_COST = 30;

function cheapestFirst(a: Survey, b: Survey): number {
  const cost = ({ transitions, vector }: Survey): number =>
    transitions * (isSequential(vector) ? 1 : OVERLAP_COST);
  return cost(a) - cost(b) || (a.key < b.key ? -1 : 1);
}
