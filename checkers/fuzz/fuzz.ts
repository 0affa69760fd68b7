/**
 * Random runs of a design, driven by fast-check: its seed and the number of a run give the run's commands, and these everything else. A run is steered by
 * where it is (walk.ts, bout.ts) and by results that no run before has reached, which the line that runs it again names.
 */
import fc, { type AsyncCommand } from "fast-check";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import type { Breach } from "../../spec/language/trace.ts";
import { sceneOf, scenarioOf } from "../explore/bounded.ts";
import { inScenario } from "../explore/instances.ts";
import { namesAsked } from "../explore/asked.ts";
import { UsageError } from "../usage-error.ts";
import { Bout } from "./bout.ts";
import { DrawStep, type Running } from "./command.ts";
import { Coverage, type Goal } from "./coverage.ts";
import { Ground } from "./ground.ts";
import type { Hit } from "./hit.ts";
import { Random } from "./random.ts";
import { shrink, type ShrinkOptions, type Shrunk } from "./shrink.ts";
import type { Course } from "./steering.ts";
import { Priorities, Scheduled, uniform, type Strategy } from "./strategy.ts";
import { Walk } from "./walk.ts";

export interface FuzzOptions {
  readonly seed: number;
  /** How many runs to make. */
  readonly runs: number;
  /** Properties to ask; all when absent. */
  readonly only?: ReadonlySet<string>;
  /** One run again: the number of it, and what else its line says. */
  readonly again?: { readonly path: string; readonly replayPath: string };
  readonly shrink: ShrinkOptions;
  /** Asked before each run; a reason ends the work. */
  readonly stop: () => string | null;
  readonly onProgress: (progress: FuzzProgress) => void;
}

export interface FuzzProgress {
  readonly runs: number;
  readonly calls: number;
  readonly reached: number;
  readonly found: number;
}

/** A breach that a run came upon. */
export interface Finding {
  readonly breach: Breach;
  /** How fast-check makes the run again. */
  readonly path: string;
  readonly replayPath: string;
  /** Calls that were tried before it, in all runs. */
  readonly calls: number;
  /** Null where it does not show itself when its calls are made again. */
  readonly shrunk: Shrunk | null;
}

export interface FuzzReport {
  readonly design: AnyDesign;
  readonly vectors: readonly Vector[];
  readonly seed: number;
  readonly runs: number;
  /** Calls that were tried; most are refused. */
  readonly calls: number;
  /** Why it ended before its runs were made, or null. */
  readonly stopped: string | null;
  readonly findings: readonly Finding[];
  readonly coverage: Coverage;
}

/** Commands of a run: steps that change something, or sections. */
const COMMANDS = { sequential: 60, overlap: 120 } as const;
/** Results that a run is after. */
const GOALS = 2;
/** Milliseconds between two looks at whether to stop. */
const SLICE_MS = 50;

export async function fuzz(
  design: AnyDesign,
  vectors: readonly Vector[],
  options: FuzzOptions,
): Promise<FuzzReport> {
  const fuzzer = new Fuzzer(design, vectors, options);
  await fuzzer.work();
  return fuzzer.report();
}

/** Ends fast-check's work. */
class Stopped extends Error {}

class Fuzzer {
  private readonly design: AnyDesign;
  private readonly vectors: readonly Vector[];
  private readonly options: FuzzOptions;
  private readonly coverage: Coverage;
  private readonly grounds = new Map<Vector, Ground>();
  private readonly found = new Set<string>();
  private readonly findings: Finding[] = [];
  private runs = 0;
  private stopped: string | null = null;
  private slice = performance.now();

  constructor(design: AnyDesign, vectors: readonly Vector[], options: FuzzOptions) {
    this.design = design;
    this.vectors = vectors;
    this.options = options;
    this.coverage = coverageOf(design, vectors);
  }

  async work(): Promise<void> {
    const { seed, runs, again } = this.options;
    const [path, replayPath, goals] = again === undefined ? [] : [again.path, ...parts(again.replayPath)];
    const isOverlap = this.vectors.some(isOfSections);
    const most = isOverlap ? COMMANDS.overlap : COMMANDS.sequential;
    const commands = fc.commands([fc.noBias(fc.nat(0x7fffffff)).map((n) => new DrawStep(n))], {
      maxCommands: most,
      size: "max",
      ...(replayPath === undefined ? {} : { replayPath }),
    });
    const run = fc.asyncProperty(
      fc.noBias(fc.nat(0x7fffffff)),
      commands,
      fc.scheduler(),
      async (own, steps, scheduler) => {
        await this.breathe();
        await this.one(own, steps, scheduler, goals);
      },
    );
    const given = { seed, endOnFailure: true, numRuns: path === undefined ? runs : 1 };
    const { failed, errorInstance } = await fc.check(run, path === undefined ? given : { ...given, path });
    if (failed && !(errorInstance instanceof Stopped)) throw errorInstance;
  }

  report(): FuzzReport {
    const { design, vectors, runs, stopped, findings, coverage } = this;
    const { seed } = this.options;
    return { design, vectors, seed, runs, calls: this.calls, stopped, findings, coverage };
  }

  private get calls(): number {
    return [...this.grounds.values()].reduce((sum, { calls }) => sum + calls, 0);
  }

  private async breathe(): Promise<void> {
    if (performance.now() - this.slice > SLICE_MS) {
      await new Promise((resume) => setImmediate(resume));
      this.slice = performance.now();
      const { runs, calls, coverage, found } = this;
      const reached = coverage.goals.length - coverage.neverReached().length;
      this.options.onProgress({ runs, calls, reached, found: found.size });
    }
    const { only } = this.options;
    const isDone = only !== undefined && [...only].every((name) => this.found.has(name));
    this.stopped = isDone ? "all that it looked for was found" : this.options.stop();
    if (this.stopped !== null) throw new Stopped();
  }

  private async one(
    own: number,
    steps: Iterable<AsyncCommand<Running, object>>,
    scheduler: fc.Scheduler,
    given: readonly Goal[] | undefined,
  ): Promise<void> {
    const random = new Random(own);
    const vector = random.of(this.vectors);
    const ground = this.groundOf(vector);
    const seed = random.word();
    // Their own numbers: a run that is given its goals draws all others as it did.
    const goals = given ?? this.goalsOf(ground, new Random(seed));
    const course = { seed, goals };
    const made = isOfSections(vector)
      ? await bout(ground, course, steps, vector, random, scheduler)
      : await walk(ground, course, steps);
    const path = this.options.again?.path ?? String(this.runs);
    this.runs++;
    if (made === null) return;
    this.found.add(made.breach.property);
    const replayPath = [/replayPath="([^"]*)"/.exec(String(steps))?.[1] ?? "", ...goals].join("~");
    const { calls } = this;
    const shrunk = await shrink(made, this.options.shrink);
    this.findings.push({ breach: made.breach, path, replayPath, calls, shrunk });
  }

  private groundOf(vector: Vector): Ground {
    const known = this.grounds.get(vector);
    if (known !== undefined) return known;
    const { only } = this.options;
    const asked = new Set(namesAsked(this.design, vector.mode ?? "sequential"));
    const isOpen = (name: string): boolean =>
      asked.has(name) && !this.found.has(name) && (only?.has(name) ?? true);
    const ground = new Ground(sceneOf(this.design, vector), this.coverage, isOpen);
    this.grounds.set(vector, ground);
    return ground;
  }

  private goalsOf({ drawing }: Ground, random: Random): Goal[] {
    const open = this.coverage.openCalls().filter((goal) => drawing.names.includes(callOfGoal(goal)));
    return open.length === 0 ? [] : Array.from({ length: GOALS }, () => random.of(open));
  }
}

function callOfGoal(goal: Goal): string {
  return goal.slice(0, goal.indexOf(":"));
}

function parts(replayPath: string): [string, readonly Goal[]] {
  const [own = "", ...goals] = replayPath.split("~");
  if (!/^[A-Za-z0-9+/:]*$/.test(own))
    throw new UsageError(`--replay-path: "${own}" is none; it is what a run that found something ends with`);
  return [own, goals];
}

function isOfSections({ mode = "sequential" }: Vector): boolean {
  return mode !== "sequential";
}

/** What all the runs together can reach. */
export function coverageOf(design: AnyDesign, vectors: readonly Vector[]): Coverage {
  const scenarios = vectors.map(({ scenario }) => scenarioOf(design, scenario));
  const calls = Object.entries(design.calls).filter(([name, call]) =>
    scenarios.some((scenario) => inScenario(name, call, scenario)),
  );
  const view = vectors[0] === undefined ? [] : sceneOf(design, vectors[0]).properties;
  const sometimes = view.filter(
    ({ property, unanswered }) => property.kind === "sometimes" && unanswered.length === 0,
  );
  return new Coverage(
    calls,
    sometimes.map(({ property }) => property.name),
  );
}

async function walk(
  ground: Ground,
  course: Course,
  steps: Iterable<AsyncCommand<Running, object>>,
): Promise<Hit | null> {
  const walk = new Walk(ground, course);
  await fc.asyncModelRun(() => ({ model: walk, real: {} }), steps);
  const { breach, calls } = walk;
  const { design, bounds, scenario } = ground.scene;
  return breach === null ? null : { mode: "sequential", design, bounds, scenario, breach, calls };
}

async function bout(
  ground: Ground,
  course: Course,
  steps: Iterable<AsyncCommand<Running, object>>,
  { overlap = 2 }: Vector,
  random: Random,
  scheduler: fc.Scheduler,
): Promise<Hit | null> {
  const bout = new Bout(ground, course, strategyOf(random, scheduler), overlap);
  await fc.asyncModelRun(() => ({ model: bout, real: {} }), steps);
  bout.finish(random.word());
  const { breach, calls, schedule, loop } = bout;
  if (breach === null) return null;
  const { design, bounds, scenario } = ground.scene;
  const hit = { mode: "overlap", overlap, design, bounds, scenario, breach, calls, schedule } as const;
  return loop === null ? hit : { ...hit, loop };
}

function strategyOf(random: Random, scheduler: fc.Scheduler): Strategy {
  const drawn = random.below(8);
  if (drawn === 0) return new Scheduled(scheduler);
  return drawn < 4 ? uniform : new Priorities(1 + random.below(3));
}
