/** Where to point: the declaration of the call that broke a promise, where the promise is declared, where an error was thrown. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { BUILT_IN } from "../../spec/language/kernel-bug.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";
import type { Trace } from "../../spec/language/trace.ts";
import type { Rule, SourcePlace } from "./cases.ts";

/** "models/x.ts:12" as the repository at hand knows it; null for what is no place. */
export type Locate = (place: string) => SourcePlace | null;

/** The parts of a place; the file as it is written there. */
export function placeOf(text: string): SourcePlace | null {
  const found = /^(.+):(\d+)$/.exec(text);
  const line = Number(found?.[2] ?? 0);
  return found === null || line < 1 ? null : { file: found[1]!, line };
}

/** The place that the message of a ModelError names. */
export function placeInMessage(message: string): string | null {
  return /^ {2}at (.+:\d+)$/m.exec(message)?.[1] ?? null;
}

/** The rule that a promise is; what the language asks is declared nowhere. */
export function ruleOf(name: string, design: AnyDesign, locate: Locate): Rule {
  const declared = [...design.promises, ...(design.statements ?? [])].find((one) => one.name === name);
  if (declared !== undefined) {
    const place = locate(declared.place);
    const { says, source } = declared;
    return { id: name, says, source, ...(place === null ? {} : { place }) };
  }
  const builtIn = [FAILED_CALL, ...BUILT_IN].find((one) => one.name === name);
  return { id: name, says: builtIn?.says ?? name, source: builtIn?.source ?? "" };
}

/** Where the calls of a trace are declared. */
export function callPlaces(
  trace: Trace,
  design: AnyDesign,
  locate: Locate,
): Readonly<Record<string, SourcePlace>> {
  const names = [...new Set(trace.steps.map(({ call }) => call))];
  const places = names.flatMap((name) => {
    const place = Object.hasOwn(design.calls, name) ? locate(design.calls[name]!.place) : null;
    return place === null ? [] : [[name, place] as const];
  });
  return Object.fromEntries(places);
}

/** The last call of the trace that the design does not take from another design; the last one where all are taken over. */
export function blamed(trace: Trace, design: AnyDesign, locate: Locate): SourcePlace | null {
  const names = trace.steps.map(({ call }) => call).filter((name) => Object.hasOwn(design.calls, name));
  const own = names.filter((name) => design.calls[name] !== design.inherits?.[name]);
  const name = own.at(-1) ?? names.at(-1);
  return locate(name === undefined ? design.place : design.calls[name]!.place);
}
