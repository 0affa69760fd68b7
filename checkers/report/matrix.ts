/** Kernels beside each other, as text. */
import type { Matrix, Odd, Parting } from "../kernel/live/matrix.ts";
import { count } from "./text.ts";

/** A kernel that was not asked, and why. */
export interface NotAsked {
  readonly name: string;
  readonly why: string;
}

export function matrixText(
  { columns, partings, odd, stopped }: Matrix,
  notAsked: readonly NotAsked[],
): string {
  const names = columns.map(({ name }) => name);
  return [
    `${columns.length} kernels`,
    ...(stopped === null ? [] : [`  stopped: ${stopped}`]),
    ...columns.map(
      ({ name, where, design, programs, notComparable, operations, seconds }) =>
        `  ${name} (${where}) against ${design}: ${count(programs)} programs, ${count(operations)} operations in ${seconds.toFixed(1)} s` +
        (notComparable === 0 ? "" : `; ${count(notComparable)} compared up to a mapping that is not there`),
    ),
    ...notAsked.map(({ name, why }) => `  ${name}: not at hand: ${why}`),
    "",
    partings.length === 0
      ? "Calls that kernels answer differently: none"
      : "Calls that kernels answer differently, and that none of a group answered differently before:",
    ...table(partings, names),
    "",
    odd.length === 0
      ? "Calls that a kernel answers otherwise than its design: none"
      : "Calls that a kernel answers otherwise than its design:",
    ...odd.flatMap(oddLines),
  ].join("\n");
}

/** Of a kernel's console; a report's first lines say what it is. */
const CONSOLE_LINES = 12;

function oddLines({ column, identity, programs, example, silence }: Odd): string[] {
  const console = silence?.console ?? [];
  const more = console.length - CONSOLE_LINES;
  return [
    `  ${column}: ${identity} (${count(programs)} programs; ${example.id}, step ${example.step})`,
    ...(silence === null ? [] : [`    ${silence.message}`]),
    ...console.slice(0, CONSOLE_LINES).map((line) => `    console: ${line}`),
    ...(more > 0 ? [`    and ${count(more)} lines more (--format json has them)`] : []),
  ];
}

function table(partings: readonly Parting[], names: readonly string[]): string[] {
  if (partings.length === 0) return [];
  const rows = [...partings]
    .sort((a, b) => (a.op < b.op ? -1 : a.op > b.op ? 1 : b.programs - a.programs))
    .map(({ op, answers, programs, example }) => [
      op,
      ...names.map((name) => answers[name] ?? "·"),
      count(programs),
      `${example.id}, step ${example.step}`,
    ]);
  const all = [["call", ...names, "programs", "for example"], ...rows];
  const widths = all[0]!.map((_, c) => Math.max(...all.map((row) => row[c]!.length)));
  return all.map(
    (row) =>
      `  ${row
        .map((cell, c) => cell.padEnd(widths[c]!))
        .join("  ")
        .trimEnd()}`,
  );
}
