/** What is shrunk: calls to make at some bounds, and, where they overlap, who takes which step. */
import type { Bounds, GivenCall } from "../../spec/language/design.ts";

export interface Plan {
  readonly bounds: Bounds;
  readonly calls: readonly GivenCall[];
  /** For calls that overlap: whose turn it is, by the place of the call in `calls`. The first turn of a call begins it. */
  readonly turns?: readonly number[];
  /** It counts only if it fails within so many steps. */
  readonly most?: number;
}

/** Calls, or where they overlap, steps. */
export function stepsOf({ calls, turns }: Plan): number {
  return turns?.length ?? calls.length;
}

/** The plan with only some of its calls. */
export function keeping(plan: Plan, kept: readonly number[]): Plan {
  const calls = kept.map((i) => plan.calls[i]!);
  if (plan.turns === undefined) return { ...plan, calls };
  const place = new Map(kept.map((i, at) => [i, at]));
  const turns = plan.turns.flatMap((i) => place.get(i) ?? []);
  return { ...plan, calls, turns };
}

export function without(plan: Plan, ...left: readonly number[]): Plan {
  return keeping(
    plan,
    plan.calls.flatMap((_, i) => (left.includes(i) ? [] : [i])),
  );
}

export function replacing(plan: Plan, at: number, call: GivenCall): Plan {
  return { ...plan, calls: plan.calls.map((known, i) => (i === at ? call : known)) };
}
