/** Mutants: a design with one place of its source changed. */

export const OPERATORS = [
  "drop-check",
  "negate-guard",
  "weaken-guard",
  "off-by-one",
  "drop-term",
  "drop-store",
  "drop-call",
  "drop-zap",
  "other-errno",
  "swap-index",
  "swap-range",
  "drop-section",
  "reorder-sections",
  "drop-lock",
  "weaken-lock",
  "drop-wait",
  "drop-when",
  "skip-unwind",
] as const;
export type Operator = (typeof OPERATORS)[number];

/** Locks make no difference between calls that do not overlap. */
export const OF_OVERLAPS: ReadonlySet<Operator> = new Set(["drop-lock", "weaken-lock"]);

/** A piece of a file and what takes its place; offsets are in UTF-16 units. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Mutant {
  /** File, declaration, operator and a number: the same when the file is formatted anew or another declaration changes. */
  readonly id: string;
  readonly operator: Operator;
  /** By its path from the root of the sources. */
  readonly file: string;
  readonly line: number;
  /** The text that changes and what it becomes, on one line each. */
  readonly before: string;
  readonly after: string;
  readonly edits: readonly Edit[];
  /** How it can be switched on while the design runs; null where it changes what the design is made of. */
  readonly unit: "expression" | "statement" | null;
  /** Where it changes sections: the offsets of these. */
  readonly sections: readonly { readonly start: number; readonly end: number }[];
}

/** What an operator finds; a name and a number follow from where it stands. */
export type Sketch = Omit<Mutant, "id" | "file" | "line" | "before" | "after"> & {
  /** What is shown as changed: the first edit's text when absent. */
  readonly shows?: { readonly start: number; readonly end: number; readonly text: string };
};

export function applied(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const { start, end, text: by } of [...edits].sort((a, b) => b.start - a.start))
    result = result.slice(0, start) + by + result.slice(end);
  return result;
}
