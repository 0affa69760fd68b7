/** A trace as text: each call with its parameters and its result, what it changed, and what then was broken. */
import type { AnyDesign, Bounds, Mode, Profile } from "../../spec/language/design.ts";
import { BUILT_IN } from "../../spec/language/kernel-bug.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";
import { outcomeText } from "../../spec/language/outcome.ts";
import type { Trace, TraceStep } from "../../spec/language/trace.ts";
import { callText } from "../explore/instances.ts";
import { modeText } from "../explore/mode.ts";
import { changeText } from "./change.ts";
import { raceLines, raceList } from "./race.ts";
import { wrap } from "./wrap.ts";

interface Searched {
  readonly bounds: Bounds;
  readonly scenario: string;
  readonly tracked: Profile;
  readonly mode: Mode;
  readonly overlap?: number;
}

/** `vms=1 files=1 …`, the mode, the scenario and what was tracked: the bound that a verdict is about. */
export function boundsText({ bounds, scenario, tracked, mode, overlap = 1 }: Searched): string {
  const given = Object.entries(bounds)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
  const what = tracked === "full" ? "everything tracked" : `tracked: ${tracked}`;
  return `${given}; ${modeText(mode, overlap)}, scenario ${scenario}, ${what}`;
}

export function explain(trace: Trace, design: AnyDesign): string {
  const legend = design.legend?.(design.machine(trace.bounds)) ?? [];
  const lines = [
    ...headline(trace, design),
    ...legend.flatMap((line) => wrap(line, "  ")),
    ...givenLines(trace, design),
    "",
    ...(trace.mode === "sequential" ? trace.steps.flatMap(stepLines) : raceLines(trace)),
  ];
  if (trace.breach !== null) lines.push("", ...breachLines(trace));
  return lines.join("\n");
}

/** The calls alone, one a line, for lists of several traces; where calls overlap, a section a line. */
export function callsText(trace: Trace): string {
  if (trace.mode !== "sequential") return raceList(trace).join("\n");
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

export function statementOf(
  name: string,
  design: AnyDesign,
): { readonly says: string; readonly source: string } | undefined {
  const all = [...design.promises, ...(design.statements ?? []), FAILED_CALL, ...BUILT_IN];
  return all.find((property) => property.name === name);
}

/** The calls that the scenario makes before the first step. */
function givenLines({ scenario }: Trace, { scenarios }: AnyDesign): string[] {
  const given = Object.hasOwn(scenarios, scenario) ? (scenarios[scenario]!.given ?? []) : [];
  return given.flatMap(({ call, params }) => wrap(`given: ${callText(call, params)}`, "  "));
}

function stepLines({ call, params, result, changes }: TraceStep, i: number): string[] {
  const [first = "", ...more] = wrap(`${callText(call, params)} = ${outcomeText(result)}`, "       ");
  return [
    number(i) + first.trimStart(),
    ...more,
    ...(changes.length === 0
      ? ["       (nothing changed)"]
      : changes.map((change) => `       ${changeText(change)}`)),
  ];
}

function number(i: number): string {
  return `${String(i + 1).padStart(3)}  `;
}

function breachLines({ breach, steps, mode }: Trace): string[] {
  const { property, instance, why } = breach!;
  const where = Object.entries(instance)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
  const reason = why === "" ? "" : `: ${why}`;
  const after = `After ${mode === "sequential" ? "call" : "step"} ${steps.length}`;
  return wrap(`${after}, ${property} fails${where === "" ? "" : ` for ${where}`}${reason}.`, "  ");
}
