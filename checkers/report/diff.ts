/** The comparison of two designs as text: the verdict, how far it goes, and each difference with its shortest trace. */
import type { ComparedRun, Comparison, Compatibility, Difference } from "../compare/comparison.ts";
import type { VectorsOfBoth } from "../compare/vectors.ts";
import { stepsText } from "../explore/mode.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { outcomeText } from "../../spec/language/outcome.ts";
import type { Trace } from "../../spec/language/trace.ts";
import { callText } from "../explore/instances.ts";
import { boundsText, callsText } from "./explain.ts";
import { shellWord } from "./shell.ts";
import { count, indent } from "./text.ts";
import { wrap } from "./wrap.ts";

/** How a comparison was asked for. */
export interface AskedDiff {
  /** The designs as the user named them: names, or files. */
  readonly a: string;
  readonly b: string;
  readonly designs: { readonly a: AnyDesign; readonly b: AnyDesign };
  readonly leftOut: VectorsOfBoth["leftOut"];
  /** Traces that were written. */
  readonly files: ReadonlyMap<Difference, readonly string[]>;
}

const MEANS: Readonly<Record<Compatibility, string>> = {
  compatible: "nothing that worked changed",
  extends: "what worked goes on to work, and more does",
  breaks: "user space that relies on the first design can tell, and not for the better",
};

export function diffText(found: Comparison, asked: AskedDiff): string {
  // Two designs of one name are told apart by their files.
  const comparison = found.a === found.b ? { ...found, a: asked.a, b: asked.b } : found;
  const { a, b, compatibility, complete, reason, differences, runs } = comparison;
  const so = complete ? "" : ", as far as it was explored";
  const lines = [`${a} → ${b}  ${compatibility.toUpperCase()}${so}: ${MEANS[compatibility]}`];
  const sum = (of: (run: ComparedRun) => number): number => runs.reduce((all, run) => all + of(run), 0);
  const sizes = `${runs.length === 1 ? "1 run" : `${runs.length} runs`}, ${count(sum(({ pairs }) => pairs))} pairs of states, ${count(sum(({ transitions }) => transitions))} calls made in both, ${sum(({ seconds }) => seconds).toFixed(1)} s`;
  lines.push(
    ...wrap(`${complete ? "exhausted at these bounds" : `NOT exhausted (${reason})`}: ${sizes}`, "  "),
  );
  for (const run of runs) lines.push(...runLines(run));
  for (const { vector, why } of asked.leftOut)
    lines.push(...wrap(`not compared: scenario ${vector.scenario ?? "everything"}: ${why}`, "  "));
  if (differences.length === 0) lines.push("", "no difference of behaviour");
  for (const difference of differences) lines.push("", ...differenceLines(difference, comparison, asked));
  return lines.join("\n");
}

function runLines(run: ComparedRun): string[] {
  const what = run.complete ? "" : `NOT exhausted (${run.reason}): `;
  return wrap(
    `${what}${count(run.pairs)} ${run.pairs === 1 ? "pair" : "pairs"}, depth ${run.depth}: ${boundsText(run)}`,
    "    ",
  );
}

function differenceLines(difference: Difference, comparison: Comparison, asked: AskedDiff): string[] {
  const { kind, subject, from, to, compatibility, traces, run } = difference;
  const at = comparison.runs[run]!;
  const lines = [
    `${kind.toUpperCase()} ${subject}: ${from} → ${to}  (${compatibility})`,
    ...wrap(`${lengthOf(difference)} at ${boundsText(at)}`, "  "),
    ...traceLines(difference, comparison),
  ];
  const files = asked.files.get(difference) ?? [];
  for (const file of files)
    lines.push(`  replay: npx gmemcheck replay ${shellWord(file)}${designOf(file, asked)}`);
  if (files.length === 0 && (traces.a ?? traces.b) !== null)
    lines.push(`  again: ${againCommand(at, asked)}`);
  return lines;
}

function lengthOf({ traces }: Difference): string {
  const longest = [traces.a, traces.b]
    .filter((trace): trace is Trace => trace !== null)
    .sort((x, y) => y.steps.length - x.steps.length)[0];
  return longest === undefined ? "no trace" : stepsText(longest, longest.steps.length);
}

/** One list where calls come one after the other and both designs make them; what each answers where they differ. */
export function traceLines(
  { kind, traces: { a, b }, from, to }: Difference,
  comparison: Comparison,
): string[] {
  const list = (trace: Trace): string[] => [`  in ${trace.design}:`, ...indent(callsText(trace), "  ")];
  if (a === null || b === null) return [a, b].flatMap((trace) => (trace === null ? [] : list(trace)));
  if (a.mode !== "sequential" || b.mode !== "sequential") return [...list(a), ...list(b)];
  const longer = a.steps.length >= b.steps.length ? a : b;
  return longer.steps.flatMap(({ call, params }, i) => {
    const number = `  ${String(i + 1).padStart(3)}. ${callText(call, params)}`;
    const isLast = i + 1 === longer.steps.length && kind !== "performance class changed";
    const [inA, inB] = isLast ? [from, to] : [a, b].map(({ steps }) => outcomeText(steps[i]!.result));
    if (inA === inB) return [`${number} = ${inA}`];
    return [number, `         ${comparison.a}: ${inA}`, `         ${comparison.b}: ${inB}`];
  });
}

function designOf(file: string, { a, b, designs }: AskedDiff): string {
  const [asked, design] = file.endsWith(".a.json") ? [a, designs.a] : [b, designs.b];
  return asked === design.name ? "" : ` --design ${shellWord(asked)}`;
}

/** The line to paste that compares the two at one run's bounds again. */
export function againCommand(run: ComparedRun, { a, b, designs }: AskedDiff): string {
  const defaults = { ...designs.b.bounds, ...designs.a.bounds };
  const bounds = Object.entries(run.bounds)
    .filter(([name, value]) => value !== defaults[name]?.default)
    .map(([name, value]) => `${name}=${value}`);
  return [
    `npx gmemcheck diff ${shellWord(a)} ${shellWord(b)} --scenario ${shellWord(run.scenario)}`,
    ...(bounds.length === 0 ? [] : [`--bounds ${bounds.join(",")}`]),
    ...(run.mode === "overlap" ? [`--overlap ${run.overlap}`] : []),
    ...(run.mode === "full" ? ["--mode full"] : []),
  ].join(" ");
}
