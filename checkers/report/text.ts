/** A check as text. */
import type { DesignReport, PropertyReport, RunReport } from "../explore/check.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { stepsText } from "../explore/mode.ts";
import { sectionCoverage } from "./check-coverage.ts";
import { boundsText, callsText } from "./explain.ts";
import { profileLines } from "./profile.ts";
import { shellWord } from "./shell.ts";
import { wrap } from "./wrap.ts";

export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** What was searched, and how far. */
export function searchedLine(run: RunReport): string {
  const sizes = `${count(run.states)} states${(run.symmetry?.group.length ?? 0) > 0 ? " up to names" : ""}, ${count(run.transitions)} transitions, depth ${run.depth}, ${run.seconds.toFixed(1)} s`;
  if (run.complete) return `exhausted: ${sizes}`;
  return `${run.verdict === "invalid" ? "stopped" : "NOT exhausted"} (${run.reason ?? "unknown"}): ${sizes}`;
}

/** What else is to be said of how a run was made. */
function howLines({ symmetry, notices, missProbability }: RunReport): string[] {
  const lines: string[] = [];
  if (symmetry !== undefined) {
    const names = symmetry.group.length === 0 ? "none" : symmetry.group.join(", ");
    lines.push(
      ...wrap(
        `names taken for interchangeable (tested on samples and at small bounds, not proven): ${names}`,
        "  ",
      ),
    );
    for (const { bound, why } of symmetry.refused) lines.push(...wrap(`not ${bound}: ${why}`, "    "));
  }
  if (missProbability > 0)
    lines.push(
      `  64 bits stood for each state: one missed with a probability below ${missProbability.toExponential(1)}`,
    );
  for (const notice of notices) lines.push(...wrap(`not translated: ${notice}`, "  "));
  return lines;
}

/** How a run was asked for, for the lines that say how to see it again. */
export interface Asking {
  /** The design as the user named it: a name, or a file. */
  readonly asked: string;
  readonly design: AnyDesign;
  readonly traceFiles: ReadonlyMap<PropertyReport, string>;
}

/** One run in full: verdict, bound, each property that is not simply held, and the traces. */
export function runText(run: RunReport, asking: Asking): string {
  const from = asking.asked === run.design ? "" : ` (${asking.asked})`;
  const lines = [`${run.design}${from}  ${run.verdict.toUpperCase()}`, ...wrap(boundsText(run), "  ")];
  if (run.verdict === "invalid") return [...lines, ...indent(run.reason ?? "", "  ")].join("\n");
  lines.push(`  ${searchedLine(run)}`);
  lines.push(...howLines(run));
  lines.push(`  ${heldText(run)}`);
  for (const property of run.properties) lines.push(...violationLines(property, run, asking));
  lines.push(
    ...namesLines(
      run,
      "undecided",
      "nothing in this run asks for them, or they need cells that are not tracked",
    ),
    ...(run.complete
      ? namesLines(
          run,
          "incomplete",
          "what looks like a breach is none when the calls run with everything tracked; --track full decides",
        )
      : []),
    ...namesLines(run, "not applicable", "the design has no answer to what they ask"),
    ...profileLines(run),
  );
  return lines.join("\n");
}

function heldText({ complete, properties }: RunReport): string {
  const verdict = complete ? "holds" : "incomplete";
  const n = properties.filter((p) => p.verdict === verdict && p.kind !== "sometimes").length;
  if (!complete)
    return `no breach of ${n === 1 ? "1 property" : `${n} properties`} so far; none is said to hold`;
  return n === 1 ? "1 property holds" : `${n} properties hold`;
}

function violationLines(property: PropertyReport, run: RunReport, asking: Asking): string[] {
  const { name, verdict, trace, known, steps } = property;
  if (verdict !== "violated") return [];
  const lines = [
    `  VIOLATED ${name} after ${stepsText(run, steps!)}${known === undefined ? "" : " (known)"}`,
  ];
  lines.push(...wrap(trace?.breach?.why ?? "", "    "));
  if (known !== undefined) lines.push(...wrap(`known: ${known.says} [${known.source}]`, "    "));
  if (trace !== undefined && trace.steps.length > 0) lines.push(...indent(callsText(trace), "    "));
  lines.push(`    again: ${againCommand(property, run, asking)}`);
  return lines;
}

/** The line to paste that shows a breach again: its trace where that was written, or its run. */
export function againCommand(property: PropertyReport, run: RunReport, asking: Asking): string {
  const { asked, design, traceFiles } = asking;
  const file = traceFiles.get(property);
  if (file !== undefined)
    return `npx gmemcheck replay ${shellWord(file)}${asked === run.design ? "" : ` --design ${shellWord(asked)}`}`;
  const bounds = Object.entries(run.bounds)
    .filter(([name, value]) => value !== design.bounds[name]?.default)
    .map(([name, value]) => `${name}=${value}`);
  return [
    `npx gmemcheck check ${shellWord(asked)} --scenario ${shellWord(run.scenario)}`,
    ...(bounds.length === 0 ? [] : [`--bounds ${shellWord(bounds.join(","))}`]),
    ...(run.mode === "overlap" ? [`--overlap ${run.overlap}`] : []),
    ...(run.mode === "full" ? ["--mode full"] : []),
    ...(property.trace?.mode !== "sequential" && property.trace?.unmerged ? ["--no-merge"] : []),
    ...(run.tracked === "full" ? [] : [`--track ${run.tracked}`]),
    `--property ${shellWord(property.name)}`,
  ].join(" ");
}

function namesLines(run: RunReport, verdict: PropertyReport["verdict"], why: string): string[] {
  const names = run.properties.filter((property) => property.verdict === verdict).map(({ name }) => name);
  return names.length === 0 ? [] : wrap(`${names.length} ${verdict} (${why}): ${names.join(", ")}`, "  ");
}

export function vacuousText(report: DesignReport): string {
  if (report.vacuous === null || report.vacuous.length === 0) return "";
  return [
    `${report.design.name}  VACUOUS: over all its default bounds and scenarios`,
    ...report.vacuous.map((what) => `  ${what}`),
  ].join("\n");
}

/** What a proposal changes and its runs do not try: a verdict says nothing of it. */
export function untriedText({ design, untried }: DesignReport): string {
  if (untried.length === 0) return "";
  return wrap(
    `${design.name}: its scenarios leave out, of the calls that it changes: ${untried.join(", ")}`,
    "",
  ).join("\n");
}

/** Which sections never ran, by call; nothing where that was not counted. */
export function sectionsText(report: DesignReport): string {
  const counted = sectionCoverage(report);
  if (counted === null) return "";
  const all = Object.values(counted).flatMap((times) => Object.values(times));
  const soFar = report.runs.every(({ complete }) => complete) ? "" : " so far: not all runs were exhausted";
  const ran = all.filter((n) => n > 0).length;
  return [
    `${report.design.name}: ${ran} of ${all.length} sections ran${soFar}`,
    ...Object.entries(counted).flatMap(([call, times]) => neverRanLines(call, times)),
  ].join("\n");
}

function neverRanLines(call: string, times: Readonly<Record<string, number>>): string[] {
  const never = Object.keys(times).filter((section) => times[section] === 0);
  if (never.length === 0) return [];
  return wrap(`never ran in ${call}: ${never.map((section) => `"${section}"`).join(", ")}`, "  ");
}

export function indent(text: string, by: string): string[] {
  return text.split("\n").map((line) => by + line);
}
