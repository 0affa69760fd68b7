/** What a plan can be reduced by: a call, an actor, a bound, an argument. */
import type { Bounds } from "../../spec/language/design.ts";
import { callText } from "../explore/instances.ts";
import { changed, closedUp, moved, simpler } from "./arguments.ts";
import type { Reduction } from "./minimum.ts";
import { replacing, stepsOf, without, type Plan } from "./plan.ts";
import type { Stages } from "./stage.ts";

/** Bounds that say how many act. */
const ACTORS: readonly string[] = ["vms", "vcpus", "tasks"];

/**
 * Every single reduction, none of which may take more steps. Fewer calls and steps come first, then smaller bounds, then simpler arguments: each is smaller
 * in this order.
 */
export function* reductionsOf(stages: Stages, given: Plan): Iterable<Reduction<Plan>> {
  const plan = { ...given, most: stepsOf(given) };
  yield* deletions(plan);
  yield* fewerTurns(plan);
  yield* smallerBounds(stages, plan);
  yield* simplerArguments(stages, plan);
}

function* deletions(plan: Plan): Iterable<Reduction<Plan>> {
  for (let i = plan.calls.length - 1; i >= 0; i--)
    yield { kind: "deletion", what: `without call ${i + 1}, ${plan.calls[i]!.call}`, to: without(plan, i) };
}

/** A step less: who was to take it may do so at the end, but in all there are to be fewer. */
function* fewerTurns(plan: Plan): Iterable<Reduction<Plan>> {
  const { turns } = plan;
  if (turns === undefined) return;
  for (let at = turns.length - 1; at >= 0; at--) {
    const what = `without step ${at + 1}`;
    const left = turns.filter((_, i) => i !== at);
    yield { kind: "deletion", what, to: { ...plan, turns: left, most: left.length } };
  }
}

/** All numbers that bound a plan at their least, and then each of them alone. */
export function* leastBounds(stages: Stages, plan: Plan): Iterable<Plan> {
  const least = Object.entries(plan.bounds).flatMap(([name, value]) =>
    lessThan(stages, name, value)
      .slice(0, 1)
      .map((to): Bounds => ({ [name]: to })),
  );
  for (const some of least.length > 1 ? [Object.assign({}, ...least) as Bounds, ...least] : least) {
    const to = atBounds(stages, plan, { ...plan.bounds, ...some });
    if (to !== null) yield to;
  }
}

function* smallerBounds(stages: Stages, plan: Plan): Iterable<Reduction<Plan>> {
  for (const [name, value] of Object.entries(plan.bounds))
    for (const less of lessThan(stages, name, value)) {
      const to = atBounds(stages, plan, { ...plan.bounds, [name]: less });
      const kind = ACTORS.includes(name) ? "actor" : "bound";
      if (to !== null) yield { kind, what: `with ${name}=${less}`, to };
    }
}

/** The least one first, then the one below. */
function lessThan(stages: Stages, name: string, value: number | string): readonly number[] {
  const least = stages.least(name);
  const below = Number(value) - 1;
  if (least === null || below < least) return [];
  return below === least ? [least] : [least, below];
}

/** Null where the design cannot be at these bounds, or a call has no arguments there. */
function atBounds(stages: Stages, plan: Plan, bounds: Bounds): Plan | null {
  const [from, to] = [stages.at(plan.bounds), stages.at(bounds)];
  if (from === null || to === null) return null;
  const calls = plan.calls.map((given) => moved(from, given, to));
  return calls.includes(null) ? null : { ...plan, bounds, calls: calls.map((given) => given!) };
}

function* simplerArguments(stages: Stages, plan: Plan): Iterable<Reduction<Plan>> {
  const stage = stages.at(plan.bounds)!;
  for (const [i, given] of plan.calls.entries())
    for (const call of simpler(stage, given)) {
      const what = `with call ${i + 1} as ${callText(call.call, call.params)}`;
      yield { kind: "argument", what, to: replacing(plan, i, call) };
    }
}

/**
 * Ways out of a minimum of single reductions, each to fewer calls or steps: two calls less at once; one less with the names behind it closed up, or
 * with another argument or bound elsewhere that makes it unnecessary.
 */
export function* furtherReductions(stages: Stages, given: Plan): Iterable<Plan> {
  const plan = { ...given, most: stepsOf(given) };
  const calls = plan.calls.map((_, i) => i);
  for (const one of calls) {
    yield* closedUp(stages.design, without(plan, one));
    for (const other of calls.slice(one + 1)) yield without(plan, one, other);
  }
  yield* closedUpBounds(stages, plan);
  yield* movedSteps(plan);
  for (const other of otherwise(stages, plan)) {
    for (const one of calls) if (other.calls[one] === plan.calls[one]) yield without(other, one);
    for (const { to } of fewerTurns(other)) yield to;
  }
}

function* closedUpBounds(stages: Stages, plan: Plan): Iterable<Plan> {
  const smaller = [...smallerBounds(stages, plan)].map(({ to }) => to.bounds);
  for (const named of closedUp(stages.design, plan))
    for (const bounds of smaller) {
      const to = atBounds(stages, named, bounds);
      if (to !== null) yield to;
    }
}

/** The plan with one argument of one call, or one bound that is a name, another one. */
function* otherwise(stages: Stages, plan: Plan): Iterable<Plan> {
  const stage = stages.at(plan.bounds)!;
  for (const [i, given] of plan.calls.entries())
    for (const call of changed(stage, given)) yield replacing(plan, i, call);
  for (const [name, rule] of Object.entries(stages.design.bounds))
    for (const value of "values" in rule ? rule.values : []) {
      const to =
        value === plan.bounds[name] ? null : atBounds(stages, plan, { ...plan.bounds, [name]: value });
      if (to !== null) yield to;
    }
}

/** Each step taken sooner or later than it was, in fewer steps altogether. */
function* movedSteps(plan: Plan): Iterable<Plan> {
  const { turns } = plan;
  if (turns === undefined) return;
  for (const [from, call] of turns.entries()) {
    const others = turns.filter((_, i) => i !== from);
    for (let to = 0; to < turns.length; to++)
      if (to !== from) yield { ...plan, turns: others.toSpliced(to, 0, call), most: turns.length - 1 };
  }
}
