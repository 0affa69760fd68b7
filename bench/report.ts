/** The results as tables in Markdown: ratios first, then the numbers that they are made of. */
import { count } from "../checkers/report/text.ts";
import { SYMMETRIC, TWO_WORKERS } from "./gmemcheck.ts";
import type { DesignRun, Entry, Heat, Results, Run } from "./results.ts";
import { median, ratio } from "./statistics.ts";
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

/** CPU seconds of the search: of a peer, and where the phases are not told, of the whole process. */
const searchCpu = ({ phases, cpuSeconds }: Run): number => phases?.searchCpuSeconds ?? cpuSeconds;
const searchWall = ({ phases, wallSeconds }: Run): number => phases?.searchSeconds ?? wallSeconds;
/** What comes before the search and after it; null where that is not told. */
const besides = ({ phases, cpuSeconds }: Run): number | null =>
  phases === undefined ? null : cpuSeconds - phases.searchCpuSeconds;

/** The median over the runs; null where one of them does not know. */
function middle<T>(runs: readonly T[], of: (run: T) => number | null): number | null {
  const values = runs.map(of).filter((value) => value !== null);
  return values.length < runs.length || values.length === 0 ? null : median(values);
}

const perSecond = (entry: Entry, of: "states" | "transitions"): number | null =>
  ratio(entry.runs[0]![of], middle(entry.runs, searchCpu));

/** Of the entries of a peer the one that stayed, which has the most runs; then the fastest. */
function bestOf({ entries }: Heat, peer: string): Entry | null {
  const seconds = ({ runs }: Entry): number => middle(runs, ({ cpuSeconds }) => cpuSeconds) ?? Infinity;
  const sorted = entries
    .filter((entry) => entry.peer === peer)
    .sort((a, b) => b.runs.length - a.runs.length || seconds(a) - seconds(b));
  return sorted[0] ?? null;
}

/** Two entries of a heat compared: in the search, and as whole processes. */
export interface Ratio {
  readonly what: string;
  readonly search: number | null;
  readonly process: number | null;
}

type Figure = (run: Run) => number;

function compare(
  what: string,
  over: Entry | null,
  under: Entry | null,
  search: Figure,
  whole: Figure,
): Ratio[] {
  if (over === null || under === null) return [];
  const of = (figure: Figure): number | null => ratio(middle(over.runs, figure), middle(under.runs, figure));
  return [{ what, search: of(search), process: of(whole) }];
}

/** The ratios of one size, as far as its entries go. */
export function ratiosOf(heat: Heat): Ratio[] {
  const ours = bestOf(heat, "gmemcheck");
  const cpu: Figure = ({ cpuSeconds }) => cpuSeconds;
  const wall: Figure = ({ wallSeconds }) => wallSeconds;
  const best = (peer: string): Entry | null => bestOf(heat, peer);
  return [
    ...compare("gmemcheck / C++", ours, best("C++"), searchCpu, cpu),
    ...compare("Spin / gmemcheck", best("Spin"), ours, searchCpu, cpu),
    ...compare("Rumur / gmemcheck", best("Rumur"), ours, searchCpu, cpu),
    ...compare("1 worker / 2 workers, wall time", ours, best(TWO_WORKERS), searchWall, wall),
    ...compare("without / with symmetry", ours, best(SYMMETRIC), searchCpu, cpu),
  ];
}

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
  "states / CPU s of search",
  "transitions / CPU s of search",
  "peak MB",
];

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
