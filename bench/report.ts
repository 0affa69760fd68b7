/** The results as tables in Markdown: ratios first, then the numbers that they are made of. */
import { count } from "../checkers/report/text.ts";
import { barsOf } from "./bars.ts";
import { bestOf, middle, ratiosOf, searchCpu } from "./ratios.ts";
import type { DesignRun, Entry, Heat, Results, Run } from "./results.ts";
import { ratio } from "./statistics.ts";
import { sizeText } from "./vectors.ts";

type Cell = string | number;

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const UNKNOWN = "–";

/** Three digits that count. */
export function figure(value: number | null): string {
  if (value === null) return UNKNOWN;
  return Math.abs(value) >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** What comes before the search and after it; null where that is not told. */
const besides = ({ phases, cpuSeconds }: Run): number | null =>
  phases === undefined ? null : cpuSeconds - phases.searchCpuSeconds;

const perSecond = (entry: Entry, of: "states" | "transitions"): number | null =>
  ratio(entry.runs[0]![of], middle(entry.runs, searchCpu));

/** Nothing where no two can be compared yet. */
function ratioTables(heats: readonly Heat[]): string[] {
  const rows = heats.flatMap((heat) =>
    ratiosOf(heat).map(({ what, search, process }) => [
      heat.vector.name,
      what,
      figure(search),
      figure(process),
    ]),
  );
  return rows.length === 0 ? [] : [table(["size", "ratio of CPU seconds", "search", "whole process"], rows)];
}

const megabytes = (bytes: number | null): number | null => ratio(bytes, 1e6);

function entryRow(heat: Heat, entry: Entry): Cell[] {
  const { name, runs } = entry;
  return [
    heat.vector.name,
    name,
    runs.length,
    count(runs[0]!.states),
    figure(middle(runs, ({ cpuSeconds }) => cpuSeconds)),
    figure(middle(runs, besides)),
    figure(middle(runs, searchCpu)),
    figure(middle(runs, ({ wallSeconds }) => wallSeconds)),
    figure(megabytes(middle(runs, ({ peakBytes }) => peakBytes))),
    figure(perSecond(entry, "states")),
    figure(perSecond(entry, "transitions")),
  ];
}

const ENTRY_HEAD = [
  "size",
  "checker",
  "runs",
  "states",
  "CPU s",
  "start-up and translation",
  "search",
  "wall s",
  "peak MB",
  "states / CPU s of search",
  "transitions / CPU s of search",
];

function sizesText(heats: readonly Heat[]): string {
  const texts = heats.map(({ vector: { name, size, counts } }) => {
    const { states, transitions, depth } = counts;
    return `${name} (${sizeText(size)}: ${count(states)} states, ${count(transitions)} transitions, depth ${depth})`;
  });
  return `Sizes, as VMs/files/pages/slots/gfns: ${texts.join("; ")}.`;
}

function designRow(run: DesignRun): Cell[] {
  const { command, complete, states, transitions, cpuSeconds, peakBytes } = run;
  return [
    `\`${command.replace("gmemcheck check ", "")}\``,
    complete ? "all" : "a part",
    count(states),
    count(transitions),
    figure(cpuSeconds),
    figure(run.phases?.translateSeconds ?? null),
    figure(ratio(states, searchCpu(run))),
    figure(ratio(transitions, searchCpu(run))),
    figure(megabytes(peakBytes)),
  ];
}

const DESIGN_HEAD = [
  "design",
  "searched",
  "states",
  "transitions",
  "CPU s",
  "of them translation",
  "states / CPU s of search",
  "transitions / CPU s of search",
  "peak MB",
];

/** What was to be reached, and what was. */
function barsTable(results: Results): string[] {
  const rows = barsOf(results).map(({ what, wanted, measured, isMet }) => [
    what,
    wanted,
    Number.isFinite(measured) ? figure(measured) : "not exhausted",
    isMet ? "reached" : "**missed**",
  ]);
  return rows.length === 0 ? [] : [table(["bar", "wanted", "measured", ""], rows)];
}

const startUpTable = ({ startUps }: Results): string =>
  table(
    ["command, warm", "wall s", "CPU s"],
    startUps.map(({ command, runs }) => [
      `\`${command}\``,
      figure(middle(runs, ({ wallSeconds }) => wallSeconds)),
      figure(middle(runs, ({ cpuSeconds }) => cpuSeconds)),
    ]),
  );

function aboutText({ date, commit, machine: { cpu, cores, node, programs }, rounds }: Results): string {
  const versions = Object.values(programs).filter((version) => version !== null && version !== undefined);
  return (
    `Measured ${date.slice(0, 10)} at commit ${commit ?? "unknown"}, on ${cores} cores of ${cpu}, ` +
    `node ${node}${versions.map((version) => `, ${version}`).join("")}. ` +
    `Medians of ${rounds} ${rounds === 1 ? "round" : "rounds"} in which the checkers take turns; CPU seconds are user and system time; compiling the peers is not in them.`
  );
}

const NO_PHASES =
  "This gmemcheck does not tell its start-up and translation from its search: what stands under search is the whole process.";

const tellsPhases = (heats: readonly Heat[]): boolean =>
  heats.every((heat) => bestOf(heat, "gmemcheck")?.runs.every(({ phases }) => phases !== undefined) ?? true);

/** All that was measured; parts of which there is nothing are left out. */
export function report(results: Results): string {
  const { designs, startUps, skipped } = results;
  const heats = results.heats.filter(({ entries }) => entries.length > 0);
  return [
    aboutText(results),
    ...(tellsPhases(heats) ? [] : [NO_PHASES]),
    ...barsTable(results),
    ...(heats.length === 0
      ? []
      : [
          sizesText(heats),
          ...ratioTables(heats),
          table(
            ENTRY_HEAD,
            heats.flatMap((heat) => heat.entries.map((entry) => entryRow(heat, entry))),
          ),
        ]),
    ...(designs.length === 0 ? [] : [table(DESIGN_HEAD, designs.map(designRow))]),
    ...(startUps.length === 0 ? [] : [startUpTable(results)]),
    ...(skipped.length === 0
      ? []
      : [skipped.map(({ what, reason }) => `- ${what}: *skipped*: ${reason}`).join("\n")]),
  ].join("\n\n");
}
