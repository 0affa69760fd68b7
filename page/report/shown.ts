/** What a page of reports shows: the reports, those that they are compared with, and all traces in them, numbered. */
import type { ReportPage } from "../entry/data.ts";
import type { DiffFile, Difference, TraceFile } from "./files.ts";
import { readReport, type Kind, type Report } from "./read.ts";

/** A trace of a report that breaks something, or that something found. */
export interface ShownTrace {
  /** Which design runs it, among those that the page carries. */
  readonly key: string;
  /** The name that the report gives the design. */
  readonly design: string;
  /** "host-never-maps-private": what it is there to show. */
  readonly what: string;
  /** Names it in messages. */
  readonly where: string;
  readonly trace: TraceFile;
}

/** Two runs of the same calls, on two designs. */
export interface ShownDifference {
  readonly of: DiffFile;
  readonly difference: Difference;
  readonly a: ShownTrace | null;
  readonly b: ShownTrace | null;
}

export interface Shown {
  readonly reports: readonly Report[];
  /** Reports of before, of any of the kinds. */
  readonly against: readonly Report[];
  readonly traces: readonly ShownTrace[];
  readonly differences: readonly ShownDifference[];
  /** What the page has not, and why. */
  readonly notes: readonly string[];
}

/** Throws InputError for what is no report. */
export function shownOf({ reports, against, notes }: Omit<ReportPage, "designs">): Shown {
  const read = reports.map(({ where, document }) => readReport(document, where));
  return {
    reports: read,
    against: against.map(({ where, document }) => readReport(document, where)),
    traces: read.flatMap(tracesOf),
    differences: read.flatMap(differencesOf),
    notes,
  };
}

/** The report of before that is of the same kind and, where it is of one design, of the same. */
export function beforeOf({ against }: Shown, now: Report): Report | null {
  return against.find((then) => then.kind === now.kind && subjectOf(then) === subjectOf(now)) ?? null;
}

function subjectOf(report: Report): string {
  if (report.kind === "mutate") return report.file.design;
  return report.kind === "diff" ? `${report.file.a} and ${report.file.b}` : "";
}

const TRACES: { readonly [K in Kind]?: (report: Extract<Report, { kind: K }>) => ShownTrace[] } = {
  check: ({ file, where }) =>
    file.results.flatMap(({ design, properties }) =>
      properties.flatMap(({ name, trace }) => traceOf({ design, what: name, where, trace })),
    ),
  fuzz: ({ file, where }) =>
    file.results.flatMap(({ design, findings }) =>
      findings.flatMap(({ property, trace }) => traceOf({ design, what: property, where, trace })),
    ),
  gate: ({ file, where }) =>
    file.findings.flatMap(({ name, trace }) =>
      traceOf({ design: designOf(trace), what: name, where, trace }),
    ),
};

function tracesOf(report: Report): ShownTrace[] {
  const find = TRACES[report.kind] as ((report: Report) => ShownTrace[]) | undefined;
  return find?.(report) ?? [];
}

interface Found {
  readonly design: string;
  readonly what: string;
  readonly where: string;
  readonly trace?: unknown;
}

function traceOf({ design, what, where, trace }: Found): ShownTrace[] {
  if (typeof trace !== "object" || trace === null) return [];
  const named = { design, what, where: `${where}: ${design}: ${what}` };
  return [{ ...named, key: designOf(trace), trace: trace as TraceFile }];
}

function designOf(trace: unknown): string {
  return String((trace as TraceFile | null)?.["design"] ?? "");
}

function differencesOf(report: Report): ShownDifference[] {
  if (report.kind !== "diff") return [];
  const { file, where } = report;
  return file.differences.map((difference) => {
    const side = (of: "a" | "b"): ShownTrace | null => {
      const what = `${difference.kind} ${difference.subject}`;
      const [found] = traceOf({ design: file[of], what, where, trace: difference.traces[of] });
      return found === undefined ? null : { ...found, key: sideKey(report, of) };
    };
    return { of: file, difference, a: side("a"), b: side("b") };
  });
}

/** Two sides may be of one name, that of a design and of a change of it. */
function sideKey({ where }: Report, side: "a" | "b"): string {
  return `${side} of ${where}`;
}

/** A design that runs traces of a report. */
export interface Wanted {
  /** That of the traces. */
  readonly key: string;
  /** As the report names it. */
  readonly name: string;
  /** Of a comparison, which of the two it is; null: a design by itself. */
  readonly side: "a" | "b" | null;
}

export function designsOf({ traces, differences }: Shown): Wanted[] {
  const wanted = [
    ...traces.map(({ key }) => ({ key, name: key, side: null })),
    ...differences.flatMap(({ a, b }) => [...wantedOf(a, "a"), ...wantedOf(b, "b")]),
  ];
  return [...new Map(wanted.map((one) => [one.key, one])).values()];
}

function wantedOf(trace: ShownTrace | null, side: "a" | "b"): Wanted[] {
  return trace === null ? [] : [{ key: trace.key, name: trace.design, side }];
}
