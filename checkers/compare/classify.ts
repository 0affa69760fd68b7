/** What it means to user space that a call ends otherwise than it did. */
import type { Compatibility, Difference, DifferenceKind } from "./comparison.ts";
import type { Outcomes } from "./outcomes.ts";

export interface Class {
  readonly kind: DifferenceKind;
  readonly compatibility: Compatibility;
}

export const NEWLY_REFUSED: Class = { kind: "newly refused", compatibility: "breaks" };
export const NEWLY_ALLOWED: Class = { kind: "newly allowed", compatibility: "extends" };

/**
 * Of two outcomes of a call that differ. Another errno is a break like another value: user space tells errors apart by it. Where the first design
 * answered nothing at all, because the call could not be made or ran into a bug, there was nothing to rely on.
 */
export function classOf(outcomes: Outcomes, from: number, to: number, offers: boolean): Class {
  const [before, after] = [outcomes.sort(from), outcomes.sort(to)];
  if (before === "well" && after === "well")
    return ofValues(outcomes.valueOf(from), outcomes.valueOf(to), offers);
  if (before === "well") return NEWLY_REFUSED;
  if (after === "well") return NEWLY_ALLOWED;
  return { kind: "errno changed", compatibility: before === "nothing" ? "extends" : "breaks" };
}

/** `undefined` stands for an end without a value, `null` for contents that may be anything. */
function ofValues(from: number | null | undefined, to: number | null | undefined, offers: boolean): Class {
  if (offers && typeof from === "number" && typeof to === "number") {
    if ((from & to) === from) return NEWLY_ALLOWED;
    if ((from & to) === to) return NEWLY_REFUSED;
  }
  // Where any value was right, this one was, too.
  const wasAny = from === null && typeof to === "number";
  return { kind: "different value", compatibility: wasAny ? "extends" : "breaks" };
}

const WORST_FIRST: readonly Compatibility[] = ["breaks", "extends", "compatible"];

export function worstCompatibility(all: readonly Compatibility[]): Compatibility {
  return WORST_FIRST.find((one) => all.includes(one)) ?? "compatible";
}

/**
 * What a difference is known by. Where only one design gives a value, which one it is does not matter; of calls that overlap, only the outcome
 * counts that one design alone has.
 */
export function keyOf({
  kind,
  subject,
  from,
  to,
}: Pick<Difference, "kind" | "subject" | "from" | "to">): string {
  if (kind === "outcome gained") return [kind, subject, to].join("\n");
  if (kind === "outcome lost") return [kind, subject, from].join("\n");
  const isValue = (text: string): boolean => text.startsWith("value ");
  const both = isValue(from) === isValue(to);
  const said = [from, to].map((text) => (both || !isValue(text) ? text : "value"));
  return [kind, subject, ...said].join("\n");
}
