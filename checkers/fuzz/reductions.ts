/** What a plan can be reduced by: a call, an actor, a bound, an argument. */
import type { AnyDesign, Bounds } from "../../spec/language/design.ts";
import { callText } from "../explore/instances.ts";
import { closedUp, moved, simpler } from "./arguments.ts";
import type { Reduction } from "./minimum.ts";
import { replacing, without, type Plan } from "./plan.ts";
import type { Stages } from "./stage.ts";

/** Bounds that say how many act. */
const ACTORS: readonly string[] = ["vms", "vcpus", "tasks"];

/** Every single reduction. Fewer calls come first, then smaller bounds, then simpler arguments: each is smaller in this order. */
export function* reductionsOf(design: AnyDesign, stages: Stages, plan: Plan): Iterable<Reduction<Plan>> {
  yield* deletions(plan);
  yield* fewerTurns(plan);
  yield* smallerBounds(design, stages, plan);
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
export function* leastBounds(design: AnyDesign, stages: Stages, plan: Plan): Iterable<Plan> {
  const least = Object.entries(design.bounds).flatMap(([name, rule]) =>
    "most" in rule && Number(plan.bounds[name]) > Math.min(1, rule.default)
      ? [{ [name]: Math.min(1, rule.default) }]
      : [],
  );
  for (const some of least.length > 1 ? [Object.assign({}, ...least) as Bounds, ...least] : least) {
    const to = atBounds(stages, plan, { ...plan.bounds, ...some });
    if (to !== null) yield to;
  }
}

function* smallerBounds(design: AnyDesign, stages: Stages, plan: Plan): Iterable<Reduction<Plan>> {
  for (const [name, value] of Object.entries(plan.bounds))
    for (const less of lessThan(design, name, value)) {
      const to = atBounds(stages, plan, { ...plan.bounds, [name]: less });
      const kind = ACTORS.includes(name) ? "actor" : "bound";
      if (to !== null) yield { kind, what: `with ${name}=${less}`, to };
    }
}

/** The least one first, then the one below; of names, those that come before. */
function lessThan(design: AnyDesign, name: string, value: number | string): readonly (number | string)[] {
  const rule = design.bounds[name]!;
  if ("values" in rule) return rule.values.slice(0, rule.values.indexOf(String(value)));
  const least = Math.min(1, rule.default);
  const below = Number(value) - 1;
  return below < least ? [] : below === least ? [least] : [least, below];
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

/** Two or three calls less at once; one less with the names behind it closed up; a bound less with names closed up. */
export function* furtherReductions(design: AnyDesign, stages: Stages, plan: Plan): Iterable<Plan> {
  const calls = plan.calls.map((_, i) => i);
  for (const one of calls) {
    yield* closedUp(design, without(plan, one));
    for (const other of calls.slice(one + 1)) yield without(plan, one, other);
  }
  const smaller = [...smallerBounds(design, stages, plan)].map(({ to }) => to.bounds);
  for (const named of closedUp(design, plan))
    for (const bounds of smaller) {
      const to = atBounds(stages, named, bounds);
      if (to !== null) yield to;
    }
}
