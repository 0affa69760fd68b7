/** What the fates of all mutants add up to, and what the promises did. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { OPERATORS, type Mutant, type Operator } from "./mutant.ts";
import type { Fate } from "./fate.ts";
import type { Survey } from "./survey.ts";

export interface Judged {
  readonly mutant: Mutant;
  readonly fate: Fate;
  /** Why it is as good as the original though it behaves otherwise, or nothing shows that it does not. */
  readonly explained?: string;
}

export interface MutationReport {
  readonly design: string;
  readonly judged: readonly Judged[];
  /** Mutants of the same files that the design is not made of. */
  readonly others: number;
  readonly surveys: readonly Survey[];
  /** Vectors of which the original alone was too big. */
  readonly leftOut: readonly string[];
  /** Why not everything was judged. */
  readonly stopped: string | null;
  /** Promises and statements, and how many mutants each killed. */
  readonly kills: ReadonlyMap<string, number>;
  /** Promises of which nothing was ever asked. */
  readonly silent: readonly string[];
}

export const FATES = [
  "promise",
  "language",
  "recording",
  "survived",
  "equivalent",
  "too big",
  "not reached",
  "not judged",
] as const satisfies readonly Fate["kind"][];

export type Counts = Readonly<Record<Fate["kind"] | "explained", number>>;

export function countsOf(judged: readonly Judged[]): Counts {
  const counts = Object.fromEntries([...FATES, "explained"].map((kind) => [kind, 0])) as Record<
    Fate["kind"] | "explained",
    number
  >;
  for (const { fate, explained } of judged) counts[explained === undefined ? fate.kind : "explained"]++;
  return counts;
}

/** Mutants that something noticed, and those that it should have: all that can be told from the original. */
export function scoreOf(counts: Counts): { readonly killed: number; readonly of: number } {
  const killed = counts.promise + counts.language + counts.recording;
  return { killed, of: killed + counts.survived + counts["too big"] };
}

export function byOperator(judged: readonly Judged[]): ReadonlyMap<Operator, Counts> {
  return new Map(
    OPERATORS.map(
      (operator) => [operator, judged.filter(({ mutant }) => mutant.operator === operator)] as const,
    )
      .filter(([, some]) => some.length > 0)
      .map(([operator, some]) => [operator, countsOf(some)]),
  );
}

/** The design's own promises and statements, but for what only says that something can be reached. */
export function killsOf(design: AnyDesign, judged: readonly Judged[]): Map<string, number> {
  const names = [...design.promises, ...(design.statements ?? [])]
    .filter(({ kind }) => kind !== "sometimes")
    .map(({ name }) => name);
  const kills = new Map(names.map((name) => [name, 0]));
  for (const { fate } of judged) {
    if (fate.kind === "promise") for (const name of fate.by) kills.set(name, (kills.get(name) ?? 0) + 1);
  }
  return kills;
}

/** Promises whose `when` was true nowhere, at the vectors that were looked at. */
export function silentOf(design: AnyDesign, surveys: readonly Survey[]): string[] {
  const decided = new Set(surveys.flatMap((one) => one.decided));
  return [...design.promises, ...(design.statements ?? [])]
    .map(({ name }) => name)
    .filter((name) => !decided.has(name));
}
