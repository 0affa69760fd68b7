/** `gmemcheck check`: searches designs exhaustively, and says what holds, what is broken, and how. */
import { join, resolve } from "node:path";
import {
  summary,
  type DesignReport,
  type Judged,
  type PropertyReport,
  type RunReport,
} from "../checkers/explore/check.ts";
import { UsageError } from "../checkers/usage-error.ts";
import type { CaseReport } from "../checkers/report/cases.ts";
import type { PlainOptions, Progress } from "../checkers/explore/sweep.ts";
import { checkJson } from "../checkers/report/json.ts";
import { count, runText, sectionsText, untriedText, vacuousText } from "../checkers/report/text.ts";
import { designNames, type Entry } from "../models/catalogue.ts";
import { worst } from "../spec/language/verdict.ts";
import type { Vector } from "../spec/language/design.ts";
import { budgetFrom, type BudgetOptions } from "./arguments.ts";
import { findDesign } from "./designs.ts";
import { EXIT, exitOf } from "./exit.ts";
import { Interrupt } from "./interrupt.ts";
import { runJobs, type JobOptions } from "./jobs.ts";
import type { Job } from "./run-job.ts";
import {
  checkProperties,
  checkVectors,
  noVectors,
  propertiesOf,
  vectorsFor,
  type VectorOptions,
} from "./vectors.ts";
import type { CaseFormat } from "./case-formats.ts";
import { deliverCases } from "./deliver-cases.ts";
import { locate } from "./locate.ts";
import { ProgressLine, makeFolder, writeWhole } from "./output.ts";

export interface CheckCommand extends VectorOptions, BudgetOptions {
  /** Where workers are told what to do; it is done here when absent. */
  readonly redis?: string;
  /** The folder that they share, for searches in shards, and how many shards there are. */
  readonly shared?: string;
  readonly shards?: number;
  /** The run that is taken up again. */
  readonly attach?: string;
  readonly all?: boolean;
  readonly property?: readonly string[];
  readonly format: "text" | "json" | "itf" | CaseFormat;
  readonly out?: string;
  /** A folder for pages. */
  readonly html?: string;
  /** The line that asks for the same again. */
  readonly rerun?: string;
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
  readonly sections?: boolean;
}

/** A mutant is there to be caught; what its small bounds leave out says nothing. */
const JUDGED: Readonly<Record<Entry["kind"], Judged>> = {
  shipped: "everything",
  benchmark: "everything",
  proposal: "changes",
  mutant: "nothing",
};
/** What must be reached for an entry not to be vacuous. */
export const judgedOf = ({ kind, isDelta }: Entry): Judged => (isDelta === true ? "changes" : JUDGED[kind]);

/** A design as it was asked for, and the runs to make of it. */
interface Task {
  readonly asked: string;
  readonly entry: Entry;
  readonly vectors: readonly Vector[];
}

export async function check(names: readonly string[], options: CheckCommand): Promise<number> {
  refuseWhatOneMachineHas(options);
  const { redis, attach } = options;
  if (redis !== undefined && attach !== undefined) {
    if (names.length > 0) throw new UsageError("--attach: the run knows which designs it is of; name none");
    const { asked, command } = await (await import("./queue/run.ts")).attached(redis, attach);
    const { names: of, options: own } = asked as Asked;
    return checkAll(of, { ...options, ...own, rerun: command });
  }
  return checkAll(names, options);
}

/** What a run is made from, wherever it is made and whatever becomes of its report. */
interface Asked {
  readonly names: readonly string[];
  readonly options: Partial<CheckCommand>;
}

function askedFrom(names: readonly string[], options: CheckCommand): Asked {
  const { redis: _r, attach: _a, out: _o, html: _h, format: _f, rerun: _l, ...own } = options;
  const sorted = Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1));
  return { names, options: Object.fromEntries(sorted) as Partial<CheckCommand> };
}

function refuseWhatOneMachineHas(options: CheckCommand): void {
  const { redis, shared, shards, attach, workers, spill, checkpoint, resume } = options;
  const named = (of: Readonly<Record<string, unknown>>): string | undefined =>
    Object.entries(of).find(([, value]) => value !== undefined)?.[0];
  const ofMany = named({ shared, shards, attach });
  if (redis === undefined && ofMany !== undefined)
    throw new UsageError(`--${ofMany}: is of runs that others do; --redis says where they are told`);
  const ofOne = named({ workers, spill, checkpoint, resume });
  if (redis !== undefined && ofOne !== undefined)
    throw new UsageError(`--${ofOne}: is of runs on this machine; with --redis, those who listen there work`);
  if (shards !== undefined && shared === undefined)
    throw new UsageError(
      "--shards: where do the shards' states go? --shared names a folder that all machines have",
    );
}

async function checkAll(names: readonly string[], options: CheckCommand): Promise<number> {
  const tasks = await tasksFor(names, options);
  oneRun(tasks, options);
  // Found out before the work, not after it.
  for (const folder of [options.out, options.html]) if (folder !== undefined) makeFolder(folder);
  const interrupt = new Interrupt();
  interrupt.listen();
  const reports = await runTasks(tasks, options, interrupt, askedFrom(names, options));
  const summaries = reports.map((runs, i) => {
    const { entry, vectors } = tasks[i]!;
    return summary(entry.design, vectors, runs, options.property === undefined ? judgedOf(entry) : "asked");
  });
  const isJudged = judgesRegistry(options);
  const code = interrupt.exitCode(
    isJudged ? await registryCode(tasks, summaries) : exitOf(summaries.map(({ verdict }) => verdict)),
  );
  await deliver(tasks, summaries, options, { exitCode: code, isJudged });
  if (options.html !== undefined) await writePages(options.html, tasks, summaries);
  return code;
}

/** Writes what was asked for and prints the report; when writing fails, the report is printed all the same. */
async function deliver(
  tasks: readonly Task[],
  summaries: readonly DesignReport[],
  options: CheckCommand,
  ended: { readonly exitCode: number; readonly isJudged: boolean },
): Promise<void> {
  const { out, format } = options;
  const file = out === undefined ? undefined : join(out, "report.json");
  let files = new Map<PropertyReport, string>();
  try {
    if (out !== undefined && file !== undefined) {
      files = await writeTraces(summaries, out);
      const report = await checkJson(summaries, files);
      writeWhole(file, `${JSON.stringify(report, null, 2)}\n`);
    }
  } finally {
    await deliverCases({
      format,
      out,
      file,
      own: () => ownText(tasks, summaries, files, options),
      cases: () => casesOf(tasks, summaries, files, options, ended),
    });
  }
}

async function writePages(
  folder: string,
  tasks: readonly Task[],
  summaries: readonly DesignReport[],
): Promise<void> {
  const { writeHtml } = await import("./page/html.ts");
  const document = await checkJson(summaries, new Map());
  await writeHtml(folder, { where: "check", document }, async (name) => {
    const task = tasks.find(({ entry }) => entry.design.name === name)!;
    return { design: task.entry.design, name: task.asked };
  });
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
    checkVectors(entry.design, vectors);
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
  asked: Asked,
): Promise<RunReport[][]> {
  const jobs: Job[] = tasks.flatMap(({ asked, vectors }) =>
    vectors.map((vector) => ({ design: asked, vector })),
  );
  const line = new ProgressLine();
  const how: JobOptions = {
    budget: budgetFrom(options, jobs.length),
    only: options.property ?? null,
    search: searchOptions(options),
    workers: options.workers,
    stop: () => interrupt.reason(),
    onProgress: (job, progress, done) => line.show(progressText(job, progress, done, jobs.length)),
  };
  const runs = await (options.redis === undefined
    ? runJobs(jobs, how)
    : elsewhere(jobs, how, options, asked));
  line.clear();
  let at = 0;
  return tasks.map(({ vectors }) => vectors.flatMap(() => runs[at++] ?? []));
}

async function elsewhere(
  jobs: readonly Job[],
  how: JobOptions,
  { redis, shared, shards, rerun = "" }: CheckCommand,
  asked: Asked,
): Promise<(RunReport | undefined)[]> {
  const { runJobsElsewhere } = await import("./queue/check.ts");
  const to = {
    redis: redis!,
    ...(shared === undefined ? {} : { shared: resolve(shared) }),
    ...(shards === undefined ? {} : { shards }),
  };
  return runJobsElsewhere(jobs, { ...how, command: rerun, asked }, to);
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
    ...(options.sections === true ? { sections: true } : {}),
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
  const { fileName, writeTrace } = await import("../checkers/trace/text.ts");
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

/** As text, JSON or ITF. */
async function ownText(
  tasks: readonly Task[],
  summaries: readonly DesignReport[],
  files: ReadonlyMap<PropertyReport, string>,
  options: CheckCommand,
): Promise<string | null> {
  if (options.format === "json") return JSON.stringify(await checkJson(summaries, files), null, 2);
  if (options.format === "itf") return itfText(summaries);
  if (options.all === true) {
    const { registryText } = await import("../checkers/report/registry-text.ts");
    const { pins } = await import("../models/pins.ts");
    const entries = tasks.map(({ entry }) => entry);
    const registry = registryText(entries, summaries, pins);
    const sections = summaries.map(sectionsText).filter((text) => text !== "");
    return sections.length === 0 ? registry : [registry, ...sections].join("\n\n");
  }
  return summaries.map((report, i) => designText(report, tasks[i]!.asked, files)).join("\n");
}

function designText(
  report: DesignReport,
  asked: string,
  traceFiles: ReadonlyMap<PropertyReport, string>,
): string {
  const { design, runs, verdict } = report;
  const over = runs.length > 1 ? `${design.name}: ${verdict.toUpperCase()} over ${runs.length} runs` : "";
  const after = [vacuousText(report), untriedText(report), sectionsText(report), over].filter(
    (text) => text !== "",
  );
  const all = runs.map((run) => runText(run, { asked, design, traceFiles })).join("\n\n");
  return [all, ...after].join("\n\n");
}

async function casesOf(
  tasks: readonly Task[],
  summaries: readonly DesignReport[],
  traceFiles: ReadonlyMap<PropertyReport, string>,
  { rerun }: CheckCommand,
  { exitCode, isJudged }: { readonly exitCode: number; readonly isJudged: boolean },
): Promise<CaseReport> {
  const { checkCases } = await import("../checkers/report/check-cases.ts");
  const { unexpected } = await import("../checkers/report/registry-text.ts");
  const { pins } = await import("../models/pins.ts");
  const checked = summaries.map((report, i) => {
    const { asked, entry } = tasks[i]!;
    return {
      report,
      asking: { asked, design: report.design, traceFiles },
      breaks: !isJudged ? null : entry.kind === "mutant" ? ("any" as const) : entry.breaks,
      surprises: isJudged ? unexpected(entry, report, pins) : [],
    };
  });
  const verdict =
    isJudged && exitCode === EXIT.asExpected ? "as pinned" : worst(summaries.map((one) => one.verdict));
  return checkCases(checked, { verdict, exitCode, rerun: rerun ?? null }, locate);
}

/** The shortest trace as ITF; nothing where nothing is broken. */
async function itfText(summaries: readonly DesignReport[]): Promise<string | null> {
  const traces = summaries.flatMap((report) =>
    shortestBreaches(report).map(({ trace }) => ({ trace: trace!, design: report.design })),
  );
  const lengths = traces.map(({ trace }) => trace.steps.length);
  const shortest = traces[lengths.indexOf(Math.min(...lengths))];
  if (shortest === undefined) {
    process.stderr.write("nothing is broken: there is no trace to print\n");
    return null;
  }
  const { traceItf } = await import("./itf.ts");
  return traceItf(shortest.trace, shortest.design);
}

/** Whether it is asked if the registry is as pinned; of named designs, and of runs made otherwise, the worst verdict is told. */
function judgesRegistry(options: CheckCommand): boolean {
  const { all, property, bounds, scenario, track, overlap, symmetry, merge, orders } = options;
  const narrowed = [property, bounds, scenario, track, overlap, symmetry].some(
    (option) => option !== undefined,
  );
  return all === true && !narrowed && merge !== false && orders !== false;
}

async function registryCode(tasks: readonly Task[], summaries: readonly DesignReport[]): Promise<number> {
  const { unexpected } = await import("../checkers/report/registry-text.ts");
  const { pins } = await import("../models/pins.ts");
  const judged = summaries.flatMap((report, i) => unexpected(tasks[i]!.entry, report, pins));
  const broken = judged.filter(({ verdict }) => verdict !== "incomplete");
  if (broken.length > 0)
    return broken.some(({ verdict }) => verdict === "invalid") ? EXIT.model : EXIT.violated;
  return judged.length > 0 ? EXIT.incomplete : EXIT.asExpected;
}
