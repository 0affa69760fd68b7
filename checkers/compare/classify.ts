/** What it means to user space that a call ends otherwise than it did. */
import type { Compatibility, DifferenceKind } from "./comparison.ts";
import type { Outcomes } from "./outcomes.ts";

export interface Class {
  readonly kind: DifferenceKind;
  readonly compatibility: Compatibility;
}

/**
 * Of two outcomes that differ. Another errno is a break like another value: user space tells errors apart by it. Where the first design
 * answered nothing at all, because the call could not be made or ran into a bug, there was nothing to rely on.
 */
export function classOf(outcomes: Outcomes, from: number, to: number): Class {
  const [before, after] = [outcomes.sort(from), outcomes.sort(to)];
  if (before === "well" && after === "well") {
    // Any value was right.
    const compatibility = outcomes.isUndefined(from) ? "extends" : "breaks";
    return { kind: "different value", compatibility };
  }
  if (before === "well") return { kind: "newly refused", compatibility: "breaks" };
  if (after === "well") return { kind: "newly allowed", compatibility: "extends" };
  return { kind: "errno changed", compatibility: before === "nothing" ? "extends" : "breaks" };
}

const WORST_FIRST: readonly Compatibility[] = ["breaks", "extends", "compatible"];

export function worstCompatibility(all: readonly Compatibility[]): Compatibility {
  return WORST_FIRST.find((one) => all.includes(one)) ?? "compatible";
}
