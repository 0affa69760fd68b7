/** What a run asks: the design's own properties, and those that the language holds every call to. */
import type { AnyDesign, Mode } from "../../spec/language/design.ts";
import { BUILT_IN, OF_EVERY_CALL } from "../../spec/language/kernel-bug.ts";
import { FAILED_CALL, type AnyProperty } from "../../spec/language/property.ts";

/** What is reported of a promise, a statement, or what the language holds every call to. */
export type Claimed = Pick<AnyProperty, "name" | "kind" | "says">;

export const OF_THE_LANGUAGE: readonly Claimed[] = [
  { ...FAILED_CALL, kind: "step" },
  ...BUILT_IN.map((property) => ({ ...property, kind: "always" as const })),
];

/** The properties that a run of a mode asks: of steps only where calls are steps, of overlaps only where there are some. */
export function namesAsked(design: AnyDesign, mode: Mode): string[] {
  const own = [...design.promises, ...(design.statements ?? [])];
  if (mode === "sequential") return [...own, FAILED_CALL, ...OF_EVERY_CALL].map(({ name }) => name);
  return [...own.filter(({ kind }) => kind !== "step"), ...BUILT_IN].map(({ name }) => name);
}
