/** Mutants and what became of them, as text and as JSON. */
import type { Judged, MutationReport, Counts } from "../mutate/scores.ts";
import { byOperator, countsOf, scoreOf } from "../mutate/scores.ts";
import type { Fate } from "../mutate/fate.ts";
import type { Trace } from "../../spec/language/trace.ts";
import { callsText } from "./explain.ts";
import { shellWord } from "./shell.ts";
import { count } from "./text.ts";
import { wrap } from "./wrap.ts";

export const MUTATE_SCHEMA_VERSION = 1;

/** `asked`: the design as the user named it. */
export function mutationText(report: MutationReport, asked: string): string {
  const counts = countsOf(report.judged);
  const { killed, of } = scoreOf(counts);
  return [
    `${report.design}  ${shareText(report.surveys.length, killed, of)}`,
    ...indented(countLines(counts, report)),
    ...indented(vectorLines(report)),
    "",
    ...indented(operatorLines(report.judged)),
    "",
    ...indented(promiseLines(report)),
    ...report.judged.filter(isOpen).flatMap((one) => ["", ...survivorLines(one, asked)]),
    ...(report.stopped === null ? [] : ["", `  NOT all judged: ${report.stopped}`]),
  ].join("\n");
}

function shareText(vectors: number, killed: number, of: number): string {
  if (vectors === 0) return "NOTHING judged: at every vector the design itself has more states than allowed";
  return of === 0 ? "no mutant can be told from the design" : `${percent(killed, of)} of ${count(of)} killed`;
}

const indented = (lines: readonly string[]): string[] =>
  lines.map((line) => (line === "" ? "" : `  ${line}`));

export function percent(part: number, of: number): string {
  // Not all is not 100 %.
  return `${part === of ? "100" : (Math.floor((part / of) * 1000) / 10).toFixed(1)} %`;
}

function countLines(counts: Counts, { others }: MutationReport): string[] {
  const lines: (readonly [number, string])[] = [
    [counts.promise, "break a promise or a statement, or lose a breach that the design is known for"],
    [counts.language, "are no valid model: the language finds an error in them"],
    [counts.recording, "are noticed by recordings of real kernels, before longer runs were asked"],
    [
      counts.survived,
      "SURVIVED: they behave otherwise, or nothing shows that they do not, and nothing notices",
    ],
    [counts["too big"], "TOO BIG: not decided within the budget, or without an end"],
    [counts.explained, "are not noticed, and are explained"],
    [counts.equivalent, "are equivalent at these bounds"],
    [counts["not reached"], "are not reached at these bounds"],
    [counts["not judged"], "are not judged"],
  ];
  const shown = lines.filter(([n]) => n > 0).map(([n, what]) => `${count(n).padStart(6)} ${what}`);
  return others === 0
    ? shown
    : [...shown, `${count(others).padStart(6)} more of the same files are of no call of this design`];
}

function vectorLines({ surveys, leftOut }: MutationReport): string[] {
  const states = surveys.reduce((sum, one) => sum + one.states, 0);
  const lines = [`judged at ${surveys.length} vectors, together ${count(states)} states of the original`];
  if (leftOut.length > 0)
    lines.push(...wrap(`not at ${leftOut.length} larger ones: ${leftOut.join("; ")}`, ""));
  return lines;
}

function operatorLines(judged: readonly Judged[]): string[] {
  const head =
    "operator           promise language recording survived too big equivalent explained not reached";
  const rows = [...byOperator(judged)].map(([operator, of]) => {
    const cells = [
      of.promise,
      of.language,
      of.recording,
      of.survived,
      of["too big"],
      of.equivalent,
      of.explained,
      of["not reached"],
    ];
    const widths = [8, 9, 10, 9, 8, 11, 10, 12];
    return operator.padEnd(18) + cells.map((cell, i) => String(cell).padStart(widths[i]!)).join("");
  });
  return [head, ...rows];
}

function promiseLines({ kills, silent }: MutationReport): string[] {
  const idle = [...kills].filter(([, n]) => n === 0).map(([name]) => name);
  const lines: string[] = [];
  if (idle.length > 0)
    lines.push(
      ...wrap(
        `${idle.length} of ${kills.size} promises kill nothing that was not noticed before: ${idle.join(", ")}`,
        "",
      ),
    );
  if (silent.length > 0)
    lines.push(...wrap(`never true where they say something (or never reached): ${silent.join(", ")}`, ""));
  return lines;
}

const isOpen = ({ fate, explained }: Judged): boolean =>
  explained === undefined && (fate.kind === "survived" || fate.kind === "too big");

function survivorLines({ mutant, fate }: Judged, asked: string): string[] {
  return [
    `${fate.kind === "survived" ? "SURVIVED" : "TOO BIG"} ${mutant.operator} ${mutant.file}:${mutant.line}`,
    ...wrap(`- ${mutant.before}`, "    "),
    ...wrap(`+ ${mutant.after}`, "    "),
    ...indented(fateLines(fate)),
    `  again: npx gmemcheck mutate ${shellWord(asked)} --only ${shellWord(mutant.id)}`,
  ];
}

function fateLines(fate: Fate): string[] {
  if (fate.kind === "too big") return [`at ${fate.at}: ${fate.why}`];
  if (fate.kind !== "survived") return [];
  const { difference } = fate;
  if (difference === null) return [`at ${fate.at}: steps differ, and no comparison of results was complete`];
  const lines = [
    `at ${fate.at}: ${difference.subject} answers ${difference.from}, and the mutant ${difference.to}`,
  ];
  const { b } = difference.traces;
  return b === null ? lines : [...lines, ...callsText(b).split("\n")];
}

/** 64-bit numbers of traces as "0x…". */
export async function mutationJson(report: MutationReport) {
  const { traceJson } = await import("../trace/text.ts");
  const sideOf = (trace: Trace | null): unknown => trace && traceJson(trace);
  const written = (fate: Fate): { readonly kind: Fate["kind"]; readonly difference?: object | null } => {
    if (fate.kind !== "survived" || fate.difference === null) return fate;
    const { a, b } = fate.difference.traces;
    return { ...fate, difference: { ...fate.difference, traces: { a: sideOf(a), b: sideOf(b) } } };
  };
  const counts = countsOf(report.judged);
  return {
    schemaVersion: MUTATE_SCHEMA_VERSION,
    design: report.design,
    complete: report.stopped === null,
    reason: report.stopped,
    score: scoreOf(counts),
    counts,
    operators: Object.fromEntries(byOperator(report.judged)),
    vectors: report.surveys.map(({ key, states, transitions }) => ({ key, states, transitions })),
    leftOut: report.leftOut,
    kills: Object.fromEntries(report.kills),
    silent: report.silent,
    mutants: report.judged.map(
      ({ mutant: { id, operator, file, line, before, after }, fate, explained }) => ({
        id,
        operator,
        file,
        line,
        before,
        after,
        ...(explained === undefined ? {} : { explained }),
        fate: written(fate),
      }),
    ),
  };
}
