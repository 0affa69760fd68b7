/** `gmemcheck check`: searches designs exhaustively, and says what holds, what is broken, and how. */
import { join } from "node:path";
import {
  summary,
  type DesignReport,
  type Judged,
  type PropertyReport,
  type RunReport,
} from "../checkers/explore/check.ts";
import { resolveBounds, scenarioOf } from "../checkers/explore/bounded.ts";
import { UsageError } from "../checkers/usage-error.ts";
import type { PlainOptions, Progress } from "../checkers/explore/sweep.ts";
import { checkJson } from "../checkers/report/json.ts";
import { count, runText, untriedText, vacuousText, type Asking } from "../checkers/report/text.ts";
import { designNames, type Entry } from "../models/catalogue.ts";
import type { Trace } from "../spec/language/trace.ts";
import type { Vector } from "../spec/language/design.ts";
import { budgetFrom, type BudgetOptions } from "./arguments.ts";
import { findDesign } from "./designs.ts";
import { EXIT, exitOf } from "./exit.ts";
import { Interrupt } from "./interrupt.ts";
import { runJobs } from "./jobs.ts";
import type { Job } from "./run-job.ts";
import { checkProperties, noVectors, propertiesOf, vectorsFor, type VectorOptions } from "./vectors.ts";
import { ProgressLine, makeFolder, print, writeWhole } from "./output.ts";

export interface CheckCommand extends VectorOptions, BudgetOptions {
  readonly all?: boolean;
  readonly property?: readonly string[];
  readonly format: "text" | "json" | "itf";
  readonly out?: string;
  /** False for --no-merge and --no-orders. */
  readonly merge?: boolean;
  readonly orders?: boolean;
  readonly interpreted?: boolean;
  readonly paranoid?: boolean;
  readonly compaction?: boolean;
  readonly acceptCompaction?: boolean;
  readonly symmetry?: "exact" | "orbits";
  readonly spill?: string;
  readonly checkpoint?: string;
  readonly resume?: string;
  readonly profile?: boolean;
}

/** A mutant is there to be caught; what its small bounds leave out says nothing. */
const JUDGED: Readonly<Record<Entry["kind"], Judged>> = {
  shipped: "everything",
  benchmark: "everything",
  proposal: "changes",
  mutant: "nothing",
};
const judgedOf = ({ kind, isDelta }: Entry): Judged => (isDelta === true ? "changes" : JUDGED[kind]);

/** A design as it was asked for, and the runs to make of it. */
interface Task {
  readonly asked: string;
  readonly entry: Entry;
  readonly vectors: readonly Vector[];
}

export async function check(names: readonly string[], options: CheckCommand): Promise<number> {
  const tasks = await tasksFor(names, options);
  oneRun(tasks, options);
  // Found out before the work, not after it.
  if (options.out !== undefined) makeFolder(options.out);
  const interrupt = new Interrupt();
  interrupt.listen();
  const reports = await runTasks(tasks, options, interrupt);
  const summaries = reports.map((runs, i) => {
    const { entry, vectors } = tasks[i]!;
    return summary(entry.design, vectors, runs, options.property === undefined ? judgedOf(entry) : "asked");
  });
  await deliver(tasks, summaries, options);
  return interrupt.exitCode(await exitCode(tasks, summaries, options));
}

/** Writes what was asked for and prints the report; when writing fails, the report is printed all the same. */
async function deliver(
  tasks: readonly Task[],
  summaries: readonly DesignReport[],
  options: CheckCommand,
): Promise<void> {
  let files = new Map<PropertyReport, string>();
  try {
    if (options.out !== undefined) {
      files = await writeTraces(summaries, options.out);
      const report = await checkJson(summaries, files);
      writeWhole(join(options.out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
    }
  } finally {
    await printReports(tasks, summaries, files, options);
  }
}

async function tasksFor(names: readonly string[], options: CheckCommand): Promise<Task[]> {
  if (options.all === true && names.length > 0)
    throw new UsageError("check: name designs, or say --all, not both");
  if (options.all !== true && names.length === 0) {
    throw new UsageError("check: name a design, or say --all\n  gmemcheck list names them");
  }
  const asked = options.all === true ? designNames : names;
  const tasks: Task[] = [];
  const narrowsMode = options.mode !== undefined || options.overlap !== undefined;
  for (const name of asked) {
    const entry = await findDesign(name);
    const vectors = vectorsFor(entry.design, options);
    // Of the whole registry, those that have runs of the mode.
    if (vectors.length === 0 && options.all === true && narrowsMode) continue;
    if (vectors.length === 0) throw noVectors(entry.design, options);
    // Refused before anything runs.
    for (const vector of vectors) {
      resolveBounds(entry.design, vector.bounds);
      scenarioOf(entry.design, vector.scenario);
    }
    tasks.push({ asked: name, entry, vectors });
  }
  if (tasks.length === 0) throw new UsageError("check: no design of the registry has runs of this mode");
  if (options.property === undefined) return tasks;
  checkProperties(
    options.property,
    tasks.map(({ entry: { design }, vectors }) => ({ design, vectors })),
    options.all === true,
  );
  // Of the whole registry those designs that make the promise, and of a design those runs that ask it.
  const asks = (task: Task, vector: Vector): boolean =>
    options.property!.some((name) => propertiesOf(task.entry.design, vector).includes(name));
  return tasks
    .map((task) => ({ ...task, vectors: task.vectors.filter((vector) => asks(task, vector)) }))
    .filter(({ vectors }) => vectors.length > 0);
}

async function runTasks(
  tasks: readonly Task[],
  options: CheckCommand,
  interrupt: Interrupt,
): Promise<RunReport[][]> {
  const jobs: Job[] = tasks.flatMap(({ asked, vectors }) =>
    vectors.map((vector) => ({ design: asked, vector })),
  );
  const line = new ProgressLine();
  const runs = await runJobs(jobs, {
    budget: budgetFrom(options, jobs.length),
    only: options.property ?? null,
    search: searchOptions(options),
    workers: options.workers,
    stop: () => interrupt.reason(),
    onProgress: (job, progress, done) => line.show(progressText(job, progress, done, jobs.length)),
  });
  line.clear();
  let at = 0;
  return tasks.map(({ vectors }) => vectors.flatMap(() => runs[at++] ?? []));
}

function searchOptions(options: CheckCommand): PlainOptions {
  const {
    merge,
    orders,
    interpreted,
    paranoid,
    compaction,
    acceptCompaction,
    symmetry,
    spill,
    checkpoint,
    resume,
  } = options;
  return {
    merges: merge !== false,
    orders: orders !== false,
    interpreted: interpreted === true,
    paranoid: paranoid === true,
    ...(options.profile === true ? { profile: true } : {}),
    compaction: compaction === true,
    acceptCompaction: acceptCompaction === true,
    ...(symmetry === undefined ? {} : { symmetry }),
    ...(spill === undefined ? {} : { spill }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(resume === undefined ? {} : { resume }),
  };
}

/** One run at a time is written down, and taken up again. */
function oneRun(tasks: readonly Task[], { checkpoint, resume }: CheckCommand): void {
  const runs = tasks.reduce((sum, { vectors }) => sum + vectors.length, 0);
  const option = checkpoint !== undefined ? "--checkpoint" : resume !== undefined ? "--resume" : null;
  if (option !== null && runs > 1)
    throw new UsageError(
      `${option}: ${runs} runs are asked for, and a folder is for one; name --bounds and a --scenario`,
    );
}

function progressText({ design }: Job, progress: Progress, done: number, all: number): string {
  const { states, transitions, depth, frontier, seconds, bytes } = progress;
  const rate = Math.round(transitions / Math.max(seconds, 0.001) / 1000);
  return (
    `[${done}/${all}] ${design}: ${count(states)} states, ${rate}k transitions/s, frontier ${count(frontier)}, ` +
    `depth ${depth}, ${(bytes / 1e6).toFixed(0)} MB, ${seconds.toFixed(0)} s`
  );
}

async function writeTraces(
  summaries: readonly DesignReport[],
  folder: string,
): Promise<Map<PropertyReport, string>> {
  const { fileName, writeTrace } = await import("../checkers/trace/file.ts");
  const files = new Map<PropertyReport, string>();
  for (const report of summaries) {
    for (const property of shortestBreaches(report)) {
      const path = join(folder, fileName(report.design.name), `${fileName(property.name)}.json`);
      writeWhole(path, writeTrace(property.trace!));
      files.set(property, path);
    }
  }
  return files;
}

/** Of each broken property the report with the shortest trace, over all runs. */
function shortestBreaches({ runs }: DesignReport): PropertyReport[] {
  const shortest = new Map<string, PropertyReport>();
  for (const property of runs.flatMap((run) => run.properties)) {
    const known = shortest.get(property.name);
    if (property.trace !== undefined && (known === undefined || property.steps! < known.steps!)) {
      shortest.set(property.name, property);
    }
  }
  return [...shortest.values()];
}

async function printReports(
  tasks: readonly Task[],
  summaries: readonly DesignReport[],
  files: ReadonlyMap<PropertyReport, string>,
  options: CheckCommand,
): Promise<void> {
  if (options.format === "json") print(JSON.stringify(await checkJson(summaries, files), null, 2));
  else if (options.format === "itf") await printItf(summaries);
  else if (options.all === true) {
    const { registryText } = await import("../checkers/report/registry-text.ts");
    const { pins } = await import("../models/pins.ts");
    const entries = tasks.map(({ entry }) => entry);
    print(registryText(entries, summaries, pins));
  } else {
    for (const [i, report] of summaries.entries()) {
      const asking: Asking = { asked: tasks[i]!.asked, design: report.design, traceFiles: files };
      print(report.runs.map((run) => runText(run, asking)).join("\n\n"));
      const vacuous = vacuousText(report);
      if (vacuous !== "") print(`\n${vacuous}`);
      const untried = untriedText(report);
      if (untried !== "") print(`\n${untried}`);
      if (report.runs.length > 1)
        print(`\n${report.design.name}: ${report.verdict.toUpperCase()} over ${report.runs.length} runs`);
    }
  }
}

/** The shortest trace as ITF; nothing where nothing is broken. */
async function printItf(summaries: readonly DesignReport[]): Promise<void> {
  const { traceItf } = await import("./itf.ts");
  let shortest: { readonly trace: Trace; readonly report: DesignReport } | null = null;
  for (const report of summaries) {
    for (const { trace } of shortestBreaches(report)) {
      if (trace !== undefined && (shortest === null || trace.steps.length < shortest.trace.steps.length))
        shortest = { trace, report };
    }
  }
  if (shortest === null) process.stderr.write("nothing is broken: there is no trace to print\n");
  else print(traceItf(shortest.trace, shortest.report.design));
}

/** Of a registry: as pinned or not. Of named designs: the worst verdict. */
async function exitCode(
  tasks: readonly Task[],
  summaries: readonly DesignReport[],
  options: CheckCommand,
): Promise<number> {
  const { all, property, bounds, scenario, track, overlap, symmetry, merge, orders } = options;
  const narrowed = [property, bounds, scenario, track, overlap, symmetry].some(
    (option) => option !== undefined,
  );
  if (all !== true || narrowed || merge === false || orders === false) {
    return exitOf(summaries.map(({ verdict }) => verdict));
  }
  const { unexpected } = await import("../checkers/report/registry-text.ts");
  const { pins } = await import("../models/pins.ts");
  const judged = summaries.flatMap((report, i) => unexpected(tasks[i]!.entry, report, pins));
  const broken = judged.filter(({ verdict }) => verdict !== "incomplete");
  if (broken.length > 0)
    return broken.some(({ verdict }) => verdict === "invalid") ? EXIT.model : EXIT.violated;
  return judged.length > 0 ? EXIT.incomplete : EXIT.asExpected;
}
