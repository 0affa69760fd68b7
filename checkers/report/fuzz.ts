/** Random runs as text and as JSON. Nothing in them says that a promise holds. */
import type { Vector } from "../../spec/language/design.ts";
import type { Trace } from "../../spec/language/trace.ts";
import { stepsText } from "../explore/mode.ts";
import type { Finding, FuzzReport } from "../fuzz/fuzz.ts";
import type { Searched } from "../fuzz/shorter.ts";
import type { Shrunk } from "../fuzz/shrink.ts";
import { certificateText } from "./certificate.ts";
import { boundsText, callsText } from "./explain.ts";
import { count, indent } from "./text.ts";
import { wrap } from "./wrap.ts";

export const FUZZ_SCHEMA_VERSION = 1;

/** What a report says beside what was found. */
export interface Told {
  /** The design as the user named it: a name, or a file. */
  readonly asked: string;
  /** Properties that the design is known or expected to break. */
  readonly breaks: readonly string[];
  /** Traces that were written. */
  readonly files: ReadonlyMap<Finding, string>;
  /** The options that the line to run again begins with. */
  readonly again: string;
  /** Stored counterexamples that were run first. */
  readonly stored: readonly Stored[];
  /** Of the goals that were required those that no run reached. */
  readonly unmet: readonly string[];
}

/** A counterexample of the corpus, and whether it still is one. */
export interface Stored {
  readonly file: string;
  readonly property: string;
  readonly broken: boolean;
}

export function fuzzText(report: FuzzReport, told: Told): string {
  const { design, findings, runs, calls, stopped, seed } = report;
  const from = told.asked === design.name ? "" : ` (${told.asked})`;
  const found = findings.length === 0 ? "no breach" : breaches(findings.length);
  const lines = [
    `${design.name}${from}  ${found} in ${runsText(runs)}, ${count(calls)} calls (sampled: nothing is said to hold)`,
    ...vectorLines(report),
    `  seed ${seed}${stopped === null ? "" : `; ended early: ${stopped}`}`,
    ...storedLines(told),
    ...findings.flatMap((finding) => findingLines(finding, told)),
    ...coverageLines(report),
  ];
  for (const goal of told.unmet) lines.push(`  REQUIRED and not reached: ${goal}`);
  return lines.join("\n");
}

const breaches = (n: number): string => (n === 1 ? "1 breach" : `${n} breaches`);
const runsText = (n: number): string => (n === 1 ? "1 run" : `${count(n)} runs`);

function vectorLines({ vectors, design }: FuzzReport): string[] {
  const [only] = vectors;
  if (vectors.length > 1 || only === undefined)
    return [`  at ${vectors.length} bounds and scenarios, drawn for each run`];
  const bounds = Object.fromEntries(
    Object.entries(design.bounds).map(([name, rule]) => [name, only.bounds[name] ?? rule.default]),
  );
  return wrap(boundsText({ ...whereOf(only), bounds }), "  ");
}

function whereOf({ bounds, scenario = "everything", mode = "sequential", overlap = 2 }: Vector) {
  return { bounds, scenario, mode, overlap, tracked: "full" } as const;
}

function storedLines({ stored }: Told): string[] {
  if (stored.length === 0) return [];
  const broken = stored.filter((one) => one.broken).map(({ property }) => property);
  const what = broken.length === 0 ? "none still breaks anything" : `still broken: ${broken.join(", ")}`;
  return wrap(`stored counterexamples, run first: ${stored.length}; ${what}`, "  ");
}

/** The line to paste that makes the run again. */
export function fuzzAgain({ path, replayPath }: Finding, { again }: Told): string {
  return `npx gmemcheck fuzz ${again} --path ${path} --replay-path "${replayPath}"`;
}

function findingLines(finding: Finding, told: Told): string[] {
  const { breach, shrunk, path, calls } = finding;
  const known = told.breaks.includes(breach.property) ? " (known)" : "";
  const again = `    the run: ${fuzzAgain(finding, told)}`;
  if (shrunk === null)
    return [`  FOUND ${breach.property}, which does not show itself when its calls are made again`, again];
  const { trace } = shrunk;
  const steps = stepsText(trace, trace.steps.length);
  const lines = [
    `  VIOLATED ${breach.property} after ${steps}${known}; met in run ${path} after ${count(calls)} calls, shrunk from ${shrunk.from}`,
  ];
  lines.push(...wrap(trace.breach!.why, "    "), ...wrap(boundsText(trace), "    "));
  lines.push(...indent(callsText(trace), "    "), ...wrap(minimumText(shrunk), "    "));
  const file = told.files.get(finding);
  const design = told.asked === trace.design ? "" : ` --design ${told.asked}`;
  if (file !== undefined) lines.push(`    again: npx gmemcheck replay ${file}${design}`);
  return [...lines, again];
}

/** Why a trace is a minimum, and whether a search knows a shorter one. */
function minimumText({ certificate, searched, trace, own }: Shrunk): string {
  const why =
    certificate === null
      ? "shrinking ended early: it may not be minimal"
      : `minimal: ${certificateText(certificate)}`;
  return searched === null ? why : `${why}; ${searchedText(searched, trace, own)}`;
}

function searchedText(
  { isExhaustive, calls, shorter, steps: met }: Searched,
  { steps }: Trace,
  own: number,
): string {
  const among = calls === "all" ? "" : " of these calls alone";
  const where = `a search at these bounds${among}`;
  if (shorter !== null)
    return `${where} found it: reductions alone had led to ${own}${isExhaustive ? "" : ", and there may be a shorter one still"}`;
  if (met !== null && met < steps.length)
    return `${where} found the same promise broken after ${met}, for names of which others are the same`;
  return isExhaustive
    ? `${where}: no trace is shorter than ${steps.length}`
    : `${where} ended before it could know of a shorter one`;
}

function coverageLines({ coverage }: FuzzReport): string[] {
  const never = coverage.neverReached();
  const reached = coverage.goals.length - never.length;
  return [
    ...wrap(
      `reached: ${reached} of ${coverage.goals.length} results of calls and \`sometimes\`; ${count(coverage.classCount)} classes of call, result and what it changed`,
      "  ",
    ),
    ...(never.length === 0 ? [] : wrap(`never reached: ${never.join(", ")}`, "  ")),
  ];
}

export async function fuzzJson(
  reports: readonly { readonly report: FuzzReport; readonly told: Told }[],
): Promise<unknown> {
  const { traceJson } = await import("../trace/text.ts");
  const finding = (found: Finding, told: Told): unknown => ({
    property: found.breach.property,
    known: told.breaks.includes(found.breach.property),
    path: found.path,
    replayPath: found.replayPath,
    calls: found.calls,
    ...(found.shrunk === null
      ? {}
      : {
          shrunkFrom: found.shrunk.from,
          steps: found.shrunk.trace.steps.length,
          certificate: found.shrunk.certificate,
          searched: searchedJson(found.shrunk.searched),
          trace: traceJson(found.shrunk.trace),
        }),
    ...(told.files.has(found) ? { traceFile: told.files.get(found) } : {}),
  });
  return {
    schemaVersion: FUZZ_SCHEMA_VERSION,
    complete: false,
    results: reports.map(({ report, told }) => ({
      design: report.design.name,
      seed: report.seed,
      vectors: report.vectors.map(whereOf),
      runs: report.runs,
      calls: report.calls,
      ...(report.stopped === null ? {} : { stopped: report.stopped }),
      stored: told.stored,
      findings: report.findings.map((found) => finding(found, told)),
      reached: report.coverage.goals
        .filter((goal) => report.coverage.isReached(goal))
        .map((goal) => ({ goal, times: report.coverage.count(goal) })),
      neverReached: report.coverage.neverReached(),
      unmet: told.unmet,
      classes: report.coverage.classCount,
    })),
  };
}

function searchedJson(searched: Searched | null): unknown {
  if (searched === null) return null;
  // When it is stopped is a matter of time, and with it how many states it has seen by then.
  const { calls, steps, isExhaustive } = searched;
  return { calls, steps, isExhaustive };
}
