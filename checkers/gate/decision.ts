/** Decisions of a pull request: what it breaks or weakens on purpose, and why. */

/** `weakened`: a promise, by its name or that of what weakens it. `breaks`, `violated` and `fixed`: a design, or a design and what of it. */
export const DECISIONS = ["weakened", "breaks", "violated", "fixed"] as const;
export type Decision = (typeof DECISIONS)[number];

export interface Allowed {
  readonly kind: Decision;
  readonly name: string;
  readonly reason: string;
  /** Its line in the file, from 1. */
  readonly line: number;
}

/** Whether a decision is about what has this name. */
export function isAbout({ name }: Allowed, what: string): boolean {
  const pieces = name.split("*").map((piece) => piece.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${pieces.join(".*")}$`).test(what);
}

/** Those of the head that the base has not, with the same reason. */
export function newlyAllowed(head: readonly Allowed[], base: readonly Allowed[]): readonly Allowed[] {
  const text = ({ kind, name, reason }: Allowed): string => `${kind} ${name}: ${reason}`;
  const before = new Set(base.map(text));
  return head.filter((entry) => !before.has(text(entry)));
}
