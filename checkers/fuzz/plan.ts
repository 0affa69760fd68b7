/** What is shrunk: calls to make at some bounds, and, where they overlap, who takes which step. */
import type { Bounds, GivenCall } from "../../spec/language/design.ts";
import type { Trace } from "../../spec/language/trace.ts";
import { resolveBounds } from "../explore/bounded.ts";
import { go, threadOf } from "../interleave/schedule.ts";
import type { Hit } from "./hit.ts";

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

/** As a schedule (interleave/schedule.ts), if the calls begin in their order. */
export function pathOf({ calls, turns }: Plan): number[] {
  if (turns === undefined) return calls.map((_, i) => i);
  const begun = new Set<number>();
  return turns.map((call) => {
    if (begun.has(call)) return go(call);
    begun.add(call);
    return call;
  });
}

export function planOf(hit: Hit): Plan {
  const bounds = resolveBounds(hit.design, hit.bounds);
  if (hit.mode === "sequential") return { bounds, calls: hit.calls };
  const turns = hit.schedule.map((move) => (move < 0 ? threadOf(move) : move));
  return { bounds, calls: hit.calls, turns };
}

export function planOfTrace(trace: Trace): Plan {
  const { bounds } = trace;
  if (trace.mode === "sequential") return { bounds, calls: trace.steps };
  return {
    bounds,
    calls: trace.steps.filter(({ begins }) => begins),
    turns: trace.steps.map(({ thread }) => thread),
  };
}
