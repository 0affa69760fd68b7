/** A trace as text: each call with its parameters and its result, what it changed, and what then was broken. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";
import { outcomeText } from "../../spec/language/outcome.ts";
import type { Change, Trace, TraceStep } from "../../spec/language/trace.ts";
import { callText } from "../explore/instances.ts";
import { hex } from "../explore/walk.ts";

const WIDTH = 100;

/** `vms=1 files=1 …`, the scenario and what was tracked: the bound that a verdict is about. */
export function boundsText(trace: Pick<Trace, "bounds" | "scenario" | "tracked" | "mode">): string {
  const bounds = Object.entries(trace.bounds)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
  const tracked = trace.tracked === "full" ? "everything tracked" : `tracked: ${trace.tracked}`;
  return `${bounds}; ${trace.mode}, scenario ${trace.scenario}, ${tracked}`;
}

export function explain(trace: Trace, design: AnyDesign): string {
  const legend = design.legend?.(design.machine(trace.bounds)) ?? [];
  const lines = [
    ...headline(trace, design),
    ...legend.flatMap((line) => wrap(line, "  ")),
    "",
    ...trace.steps.flatMap(stepLines),
  ];
  if (trace.breach !== null) lines.push("", ...breachLines(trace));
  return lines.join("\n");
}

/** The calls alone, one a line, for lists of several traces. */
export function callsText(trace: Trace): string {
  return trace.steps
    .map(({ call, params, result }, i) => `${number(i)}${callText(call, params)} = ${outcomeText(result)}`)
    .join("\n");
}

function headline(trace: Trace, design: AnyDesign): string[] {
  const { breach } = trace;
  const what = breach === null ? "a run" : `${breach.property} is broken`;
  const lines = [`${trace.design}: ${what}`];
  const property = breach === null ? undefined : statementOf(breach.property, design);
  if (property !== undefined)
    lines.push(...wrap(property.says, "  "), ...wrap(`source: ${property.source}`, "  "));
  return [...lines, ...wrap(boundsText(trace), "  ")];
}

function statementOf(
  name: string,
  design: AnyDesign,
): { readonly says: string; readonly source: string } | undefined {
  if (name === FAILED_CALL.name) return FAILED_CALL;
  return [...design.promises, ...(design.statements ?? [])].find((property) => property.name === name);
}

function stepLines({ call, params, result, changes }: TraceStep, i: number): string[] {
  const [first = "", ...more] = wrap(`${callText(call, params)} = ${outcomeText(result)}`, "       ");
  return [
    number(i) + first.trimStart(),
    ...more,
    ...(changes.length === 0 ? ["       (nothing changed)"] : changes.map(changeLine)),
  ];
}

function number(i: number): string {
  return `${String(i + 1).padStart(3)}  `;
}

function changeLine({ cell, from, to }: Change): string {
  return `       ${cell}: ${valueText(from)} → ${valueText(to)}`;
}

function valueText(value: unknown): string {
  if (value === null) return "none";
  return typeof value === "bigint" ? hex(value) : String(value);
}

function breachLines({ breach, steps }: Trace): string[] {
  const { property, instance, why } = breach!;
  const where = Object.entries(instance)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
  const reason = why === "" ? "" : `: ${why}`;
  return wrap(
    `After call ${steps.length}, ${property} fails${where === "" ? "" : ` for ${where}`}${reason}.`,
    "  ",
  );
}

/** Breaks a line at spaces. */
export function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = `${indent}  `;
    }
    line += line.endsWith(" ") || line.length === indent.length ? word : ` ${word}`;
  }
  return [...lines, line];
}
