/** What random racing blocks showed on a real kernel, as text. */
import type { AnyDesign, KnownBreach } from "../../spec/language/design.ts";
import type { RecordedStep } from "../../spec/recording.ts";
import type { RaceFinding, RacesReport } from "../kernel/live/races.ts";
import type { SmallestRace } from "../kernel/live/shrink-race.ts";
import type { Block } from "../kernel/recording.ts";
import { callText, raceLines } from "./conformance.ts";
import { count } from "./text.ts";

/** Lines of a console that are shown; --format json has all. */
const SHOWN = 80;

export function racesText(where: string, design: AnyDesign, report: RacesReport): string {
  const { blocks, iterations, operations, observed, allowed, notRun, findings, seconds } = report;
  const rate = Math.round(operations / Math.max(seconds, 0.001));
  return [
    `${where} against ${design.name}: ${count(blocks)} racing blocks in ${count(iterations)} runs, ${count(operations)} operations (${count(rate)}/s), ${findings.length} findings`,
    `  ${count(observed)} of ${count(allowed)} allowed outcomes observed`,
    ...[...notRun].map(([reason, blocks]) => `  ${count(blocks)} blocks not run: ${reason}`),
    ...findings.flatMap((finding, i) => findingLines(i + 1, finding, design)),
  ].join("\n");
}

function findingLines(
  number: number,
  { what, run, first, smallest, again, more }: RaceFinding,
  design: AnyDesign,
): string[] {
  const { trial } = smallest;
  const others = more === 0 ? "" : `, and ${count(more)} blocks more`;
  return [
    "",
    `${number}. ${what}: race ${run + 1}, ${first.race.title}${others}`,
    `  the smallest block, in which ${again.shown} of ${again.tries} tries of ${count(again.iterations)} runs showed it again; ${certificateText(smallest)}`,
    ...blockLines(trial.block),
    ...(trial.kind === "failed" ? [`  kernel: ${trial.silence.message}`] : raceLines(trial.litmus)),
    ...bugLines(smallest.expected.outcomes.bugs, design),
    ...(trial.kind === "failed" ? consoleLines(trial.silence.console) : []),
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
      return `    ${name}: ${callText(step)}${result === undefined ? "" : ` = ${JSON.stringify(result)}`}`;
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
