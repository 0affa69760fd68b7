/** What random racing blocks showed on a real kernel, as text. */
import type { AnyDesign, KnownBreach } from "../../spec/language/design.ts";
import type { RecordedStep } from "../../spec/recording.ts";
import type { RaceFinding, RacesReport } from "../kernel/live/races.ts";
import type { SmallestRace } from "../kernel/live/shrink-race.ts";
import type { Block } from "../kernel/recording.ts";
import type { Kernel } from "../kernel/live/kernel.ts";
import { raceLines } from "./conformance.ts";
import { stepText } from "./live.ts";
import { count } from "./text.ts";

/** Lines of a console that are shown; --format json has all. */
const SHOWN = 80;

/** What was asked, and how it is asked again. */
export interface RacesContext {
  readonly kernel: Kernel;
  readonly design: AnyDesign;
  /** The command line, without what names one block. */
  readonly command: string;
  /** Where the findings were written to. */
  readonly path: string;
}

export function racesText(report: RacesReport, context: RacesContext): string {
  const { blocks, iterations, operations, observed, allowed, notRun, findings, stopped, seconds } = report;
  const { kernel, design, path } = context;
  const rate = count(Math.round(operations / Math.max(seconds, 0.001)));
  return [
    `kernel ${kernel.header.kernel} (${kernel.where}) against ${design.name}: ${count(blocks)} racing blocks in ` +
      `${count(iterations)} runs, ${count(operations)} operations in ${seconds.toFixed(1)} s (${rate} a second); ` +
      `${findings.length} ${findings.length === 1 ? "finding" : "different findings"}`,
    ...(stopped === null ? [] : [`  stopped: ${stopped}`]),
    `  ${count(observed)} of ${count(allowed)} allowed outcomes observed`,
    ...[...notRun].map(([reason, blocks]) => `  ${count(blocks)} blocks not run: ${reason}`),
    ...findings.flatMap((finding, i) => findingLines(i + 1, finding, context)),
    ...(findings.length === 0 ? [] : ["", `  recorded in ${path}`]),
  ].join("\n");
}

function findingLines(
  number: number,
  { what, run, first, smallest, again, more }: RaceFinding,
  { design, command }: RacesContext,
): string[] {
  const { trial } = smallest;
  const others = more === 0 ? "" : `, and ${count(more)} blocks more`;
  return [
    "",
    `${number}. ${what}: block ${run}, ${first.race.title}${others}`,
    `  the smallest block, in which ${again.shown} of ${again.tries} tries of ${count(again.iterations)} runs showed it again; ${certificateText(smallest)}`,
    ...blockLines(trial.block),
    ...(trial.kind === "failed" ? [`  kernel: ${trial.silence.message}`] : raceLines(trial.litmus)),
    ...bugLines(smallest.expected.outcomes.bugs, design),
    ...(trial.kind === "failed" ? consoleLines(trial.silence.console) : []),
    `  again: ${command} --path ${run}`,
  ];
}

function certificateText({ certificate, asked }: SmallestRace): string {
  if (certificate === null)
    return `time was up after ${count(asked)} smaller blocks, it may not be the smallest`;
  const { deletions, arguments: simpler, actors } = certificate;
  return `each of ${deletions} single deletions, ${simpler} simpler arguments and ${actors} threads less was re-run and does not show it`;
}

function blockLines({ setup, threads, final }: Block): string[] {
  const part = (name: string, steps: readonly RecordedStep[]): string[] =>
    steps.map((step) => {
      const { result } = step;
      return `    ${name}: ${stepText(step)}${result === undefined ? "" : ` = ${JSON.stringify(result)}`}`;
    });
  return [
    ...part("setup", setup),
    ...threads.flatMap((steps, t) => part(`thread ${t}`, steps)),
    ...part("at the end", final),
  ];
}

/** What the design itself runs into explains that a kernel does not come back. */
function bugLines(bugs: readonly string[], { knownBreaches = [] }: AnyDesign): string[] {
  return bugs.flatMap((bug) => {
    const known = knownBreaches.filter(({ property }) => bug.startsWith(`${property}:`));
    return [`  explained: the design runs into it too, ${bug}`, ...known.map(knownText)];
  });
}

function knownText({ says, source }: KnownBreach): string {
  return `    known: ${says} (${source})`;
}

function consoleLines(lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const rest = lines.length - SHOWN;
  return [
    "  console:",
    ...lines.slice(0, SHOWN).map((line) => `    | ${line}`),
    ...(rest > 0 ? [`    and ${rest} lines more; --format json has all`] : []),
  ];
}
