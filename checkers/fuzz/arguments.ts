/** Arguments made simpler: values that runs try sooner, of one call, or in place of a value wherever it is named. */
import type { AnyDesign, GivenCall } from "../../spec/language/design.ts";
import { identity } from "../explore/instances.ts";
import type { Plan } from "./plan.ts";
import type { Stage } from "./stage.ts";

type Params = Readonly<Record<string, unknown>>;

/** The call with each of its arguments replaced by each one that is tried before it; what follows is fitted to it. */
export function simpler(stage: Stage, given: GivenCall): Iterable<GivenCall> {
  return replaced(stage, given, true);
}

/** The call with each of its arguments replaced by each other one. */
export function changed(stage: Stage, given: GivenCall): Iterable<GivenCall> {
  return replaced(stage, given, false);
}

function* replaced(stage: Stage, given: GivenCall, onlyBefore: boolean): Iterable<GivenCall> {
  for (const key of keysOf(stage, given)) {
    const ladder = stage.ladder(given.call, key, given.params);
    const own = identity(given.params[key]);
    for (const value of ladder) {
      if (identity(value) === own) {
        if (onlyBefore) break;
        continue;
      }
      const params = fitted(stage, { call: given.call, params: { ...given.params, [key]: value } }, stage);
      if (params !== null) yield { call: given.call, params };
    }
  }
}

/** The call at other bounds: its arguments where they can be; else what stands at the same place there, or first. Null where there is none. */
export function moved(from: Stage, given: GivenCall, to: Stage): GivenCall | null {
  if (to.instanceOf(given) !== null) return given;
  const params = fitted(to, given, from);
  return params === null ? null : { call: given.call, params };
}

/** Arguments that fit each other, with as few changes as can be. `from` is where they stood. */
function fitted(stage: Stage, given: GivenCall, from: Stage): Params | null {
  const params: Record<string, unknown> = {};
  for (const key of keysOf(stage, given)) {
    const ladder = stage.ladder(given.call, key, params);
    const own = identity(given.params[key]);
    const place = from.ladder(given.call, key, given.params).findIndex((value) => identity(value) === own);
    const at = ladder.findIndex((value) => identity(value) === own);
    if (ladder.length === 0) return null;
    params[key] = at >= 0 ? given.params[key] : ladder[place < ladder.length ? Math.max(place, 0) : 0];
  }
  return params;
}

/**
 * The plan with names closed up: of the numbers that stand for things of one kind, all from some one on are one less, or one is another, lower
 * one. A kind is a bound, or where the author lists values, a parameter; two of them may be one, which is tried.
 */
export function* closedUp(design: AnyDesign, plan: Plan): Iterable<Plan> {
  const numbers = numbersIn(design, plan.calls);
  const kinds = [...numbers.keys()];
  const together = kinds.flatMap((a, i) => [[a], ...kinds.slice(i + 1).map((b) => [a, b])]);
  for (const some of together) {
    const values = [...new Set(some.flatMap((kind) => [...numbers.get(kind)!]))].filter((n) => n > 0);
    for (const value of values) {
      yield renamed(design, plan, some, (n) => (n >= value ? n - 1 : n));
      for (let lower = value - 2; lower >= 0; lower--)
        yield renamed(design, plan, some, (n) => (n === value ? lower : n));
    }
  }
}

function numbersIn(design: AnyDesign, calls: readonly GivenCall[]): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  for (const { call, params } of calls)
    for (const [key, value] of Object.entries(params)) {
      if (typeof value !== "number") continue;
      const kind = kindOf(design, call, key);
      found.set(kind, (found.get(kind) ?? new Set()).add(value));
    }
  return found;
}

function renamed(design: AnyDesign, plan: Plan, kinds: readonly string[], to: (n: number) => number): Plan {
  const calls = plan.calls.map((given) => {
    const params = Object.entries(given.params).map(([key, value]) => {
      const isNamed = typeof value === "number" && kinds.includes(kindOf(design, given.call, key));
      return [key, isNamed ? to(value) : value] as const;
    });
    const isSame = params.every(([key, value]) => value === given.params[key]);
    return isSame ? given : { call: given.call, params: Object.fromEntries(params) };
  });
  return { ...plan, calls };
}

function kindOf({ calls }: AnyDesign, call: string, key: string): string {
  const param = calls[call]!.takes[key] as {
    readonly shape?: { readonly kind: string; readonly bound?: string };
  };
  return param.shape?.kind === "index" ? `one of ${param.shape.bound!}` : key;
}

function keysOf(stage: Stage, { call }: GivenCall): readonly string[] {
  return Object.keys(stage.scene.design.calls[call]!.takes);
}
