/** `gmemcheck fuzz`: random runs of designs, at bounds of any size; what they break is shrunk. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isSequential } from "../checkers/explore/mode.ts";
import type { Coverage } from "../checkers/fuzz/coverage.ts";
import {
  coverageOf,
  fuzz as fuzzDesign,
  type Finding,
  type FuzzOptions,
  type FuzzReport,
} from "../checkers/fuzz/fuzz.ts";
import { fuzzJson, fuzzText, type Stored, type Told } from "../checkers/report/fuzz.ts";
import { shellWord } from "../checkers/report/shell.ts";
import { count } from "../checkers/report/text.ts";
import { readTrace } from "../checkers/trace/file.ts";
import { fileName, writeTrace } from "../checkers/trace/text.ts";
import { replay } from "../checkers/trace/replay.ts";
import { UsageError } from "../checkers/usage-error.ts";
import type { Entry } from "../models/catalogue.ts";
import type { AnyDesign, Bounds, Vector } from "../spec/language/design.ts";
import type { CaseFormat } from "./case-formats.ts";
import { deliverCases } from "./deliver-cases.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { readText } from "./files.ts";
import { Interrupt } from "./interrupt.ts";
import { locate } from "./locate.ts";
import { ProgressLine, makeFolder, writeWhole } from "./output.ts";
import { checkProperties, checkVectors } from "./vectors.ts";

export const FUZZ_MODES = ["sequential", "sections"] as const;

export interface FuzzCommand {
  readonly bounds?: Bounds;
  readonly scenario?: string;
  readonly mode?: (typeof FUZZ_MODES)[number];
  readonly overlap?: number;
  readonly seconds?: number;
  readonly runs?: number;
  readonly seed: number;
  readonly path?: string;
  readonly replayPath?: string;
  readonly property?: readonly string[];
  readonly requireCoverage?: string;
  readonly out?: string;
  /** A folder for pages. */
  readonly html?: string;
  readonly format: "text" | "json" | CaseFormat;
  /** The line that asks for the same again. */
  readonly rerun?: string;
}

/** Of each design, where neither --runs nor --seconds says how many. */
const RUNS = 1000;
/** The most calls in flight at once where nothing says how many: the shipped designs count references of calls up to here. */
const OVERLAP = 3;
/** States of the search for a shorter trace. */
const SEARCHED = 200_000;

const CORPUS = fileURLToPath(new URL("../counterexamples/", import.meta.url));

interface Task {
  readonly asked: string;
  readonly entry: Entry;
  readonly vectors: readonly Vector[];
}

export async function fuzz(names: readonly string[], options: FuzzCommand): Promise<number> {
  checkAgain(names, options);
  const tasks = await tasksFor(names, options);
  for (const folder of [options.out, options.html]) if (folder !== undefined) makeFolder(folder);
  const interrupt = new Interrupt();
  interrupt.listen();
  const done: { readonly report: FuzzReport; readonly told: Told }[] = [];
  for (const task of tasks) {
    if (interrupt.reason() !== null) break;
    const stored = options.path === undefined ? storedOf(task.entry.design, options.property) : [];
    const report = await work(task, options, interrupt);
    done.push({ report, told: tell(task, report, stored, options) });
  }
  const broken = done.some(
    ({ report, told }) => report.findings.length > 0 || told.stored.some((one) => one.broken),
  );
  const unmet = done.some(({ told }) => told.unmet.length > 0);
  const exitCode = interrupt.exitCode(broken ? EXIT.violated : unmet ? EXIT.incomplete : EXIT.asExpected);
  await deliverCases({
    format: options.format,
    own: async () =>
      options.format === "json"
        ? JSON.stringify(await fuzzJson(done), null, 2)
        : done.map(({ report, told }) => fuzzText(report, told)).join("\n\n"),
    cases: async () => {
      const { fuzzCases } = await import("../checkers/report/fuzz-cases.ts");
      return fuzzCases(done, { exitCode, rerun: options.rerun ?? null }, locate);
    },
  });
  if (options.html !== undefined) await writePages(options.html, tasks, await fuzzJson(done));
  return exitCode;
}

async function writePages(folder: string, tasks: readonly Task[], document: unknown): Promise<void> {
  const { writeHtml } = await import("./page/html.ts");
  await writeHtml(folder, { where: "fuzz", document }, async (name) => {
    const task = tasks.find(({ entry }) => entry.design.name === name)!;
    return { design: task.entry.design, name: task.asked };
  });
}

function checkAgain(names: readonly string[], { path, replayPath, seconds, runs }: FuzzCommand): void {
  if (names.length === 0) throw new UsageError("fuzz: name a design\n  gmemcheck list names them");
  if (seconds !== undefined && runs !== undefined)
    throw new UsageError("fuzz: --seconds or --runs, not both");
  if ((path === undefined) !== (replayPath === undefined))
    throw new UsageError("fuzz: --path and --replay-path go together, with the --seed of the run");
  if (path === undefined) return;
  if (!/^\d+$/.test(path)) throw new UsageError(`--path: "${path}" is not the number of a run`);
  if (names.length > 1) throw new UsageError("fuzz: --path is of a run of one design");
}

async function tasksFor(names: readonly string[], options: FuzzCommand): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const asked of names) {
    const entry = await findDesign(asked);
    const vectors = vectorsOf(entry.design, options);
    checkVectors(entry.design, vectors);
    if (options.requireCoverage !== undefined)
      checkGoals(options.requireCoverage, coverageOf(entry.design, vectors));
    tasks.push({ asked, entry, vectors });
  }
  if (options.property !== undefined)
    checkProperties(
      options.property,
      tasks.map(({ entry: { design }, vectors }) => ({ design, vectors })),
      false,
    );
  return tasks;
}

/** The bounds and scenarios of the design's own runs, unless some are named. */
export function vectorsOf(
  design: AnyDesign,
  { bounds, scenario, mode, overlap }: FuzzCommand,
): readonly Vector[] {
  const overlaps = mode === "sections" || overlap !== undefined;
  if (overlaps && mode === "sequential")
    throw new UsageError("--overlap is for --mode sections; in mode sequential no calls overlap");
  const sections = { mode: "overlap", overlap: overlap ?? OVERLAP } as const;
  if (bounds !== undefined || scenario !== undefined)
    return [
      {
        bounds: bounds ?? {},
        ...(scenario === undefined ? {} : { scenario }),
        ...(overlaps ? sections : {}),
      },
    ];
  const own = design.vectors.filter((vector) => mode === undefined || isSequential(vector) !== overlaps);
  if (own.length > 0) return own.map((vector) => untracked(vector, overlap));
  return [{ bounds: {}, ...(overlaps ? sections : {}) }];
}

/** Everything is tracked, and as many calls overlap as was asked for. */
function untracked({ bounds, scenario, mode = "sequential", overlap = 2 }: Vector, asked?: number): Vector {
  const where = { bounds, ...(scenario === undefined ? {} : { scenario }) };
  if (mode === "sequential") return where;
  return { ...where, mode: "overlap", overlap: asked ?? (mode === "full" ? OVERLAP : overlap) };
}

async function work(task: Task, options: FuzzCommand, interrupt: Interrupt): Promise<FuzzReport> {
  const { seconds, runs, seed, path, replayPath, property } = options;
  const line = new ProgressLine();
  const began = performance.now();
  const isLate = (): boolean => seconds !== undefined && performance.now() - began > seconds * 1000;
  const fuzzOptions: FuzzOptions = {
    seed,
    runs: runs ?? (seconds === undefined ? RUNS : Number.MAX_SAFE_INTEGER),
    ...(property === undefined ? {} : { only: new Set(property) }),
    ...(path === undefined || replayPath === undefined ? {} : { again: { path, replayPath } }),
    shrink: {
      search: { states: SEARCHED, seconds: Infinity, bytes: Infinity },
      stop: () => interrupt.reason() !== null,
    },
    stop: () => interrupt.reason() ?? (isLate() ? `after ${seconds} s` : null),
    onProgress: (now) =>
      line.show(
        `${task.asked}: ${count(now.runs)} runs, ${count(now.calls)} calls, ${now.reached} goals reached, ${now.found} found`,
      ),
  };
  const report = await fuzzDesign(task.entry.design, task.vectors, fuzzOptions);
  line.clear();
  return report;
}

function tell(task: Task, report: FuzzReport, stored: readonly Stored[], options: FuzzCommand): Told {
  const { asked, entry } = task;
  return {
    asked,
    breaks: entry.breaks,
    files: options.out === undefined ? new Map() : writeTraces(report, options.out),
    again: againText(asked, options),
    stored,
    unmet: unmetGoals(report, options.requireCoverage),
  };
}

function writeTraces({ design, findings }: FuzzReport, folder: string): Map<Finding, string> {
  const files = new Map<Finding, string>();
  for (const finding of findings) {
    if (finding.shrunk === null) continue;
    const path = join(folder, fileName(design.name), `${fileName(finding.breach.property)}.json`);
    writeWhole(path, writeTrace(finding.shrunk.trace));
    files.set(finding, path);
  }
  return files;
}

function againText(asked: string, { bounds, scenario, mode, overlap, property, seed }: FuzzCommand): string {
  const given = Object.entries(bounds ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    shellWord(asked),
    ...(bounds === undefined ? [] : [`--bounds ${shellWord(given.join(","))}`]),
    ...(scenario === undefined ? [] : [`--scenario ${shellWord(scenario)}`]),
    ...(mode === undefined ? [] : [`--mode ${mode}`]),
    ...(overlap === undefined ? [] : [`--overlap ${overlap}`]),
    ...(property ?? []).map((name) => `--property ${shellWord(name)}`),
    `--seed ${seed}`,
  ].join(" ");
}

/** Refused before the runs are made: a goal that is none. */
function checkGoals(required: string, { goals }: Coverage): void {
  if (required === "all") return;
  const wrong = goalsIn(required).find((goal) => !goals.includes(goal));
  if (wrong !== undefined)
    throw new UsageError(
      `--require-coverage: "${wrong}" is nothing that these runs could reach\n  there are: all, ${goals.join(", ")}`,
    );
}

function goalsIn(required: string): readonly string[] {
  return required.split(",").map((goal) => goal.trim());
}

function unmetGoals({ coverage }: FuzzReport, required: string | undefined): readonly string[] {
  if (required === undefined) return [];
  if (required === "all") return coverage.neverReached();
  return goalsIn(required).filter((goal) => !coverage.isReached(goal));
}

/** The counterexamples of a design that the project keeps; with properties named, theirs. */
function storedOf(design: AnyDesign, only?: readonly string[]): Stored[] {
  const folder = join(CORPUS, fileName(design.name));
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .flatMap((name) => {
      const file = join(folder, name);
      const trace = readTrace(readText(file), file);
      const { property } = trace.breach!;
      if (only?.includes(property) === false) return [];
      const { broken } = replay(design, trace, file);
      return { file: `counterexamples/${fileName(design.name)}/${name}`, property, broken: broken === true };
    });
}
