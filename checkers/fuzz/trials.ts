/** Candidates for what a failure can be shrunk to, each run once. */
import type { Breach } from "../../spec/language/trace.ts";
import type { Reduction } from "./minimum.ts";
import { stepsOf, type Plan } from "./plan.ts";
import { reductionsOf } from "./reductions.ts";
import { rerunRaceAt } from "./rerun-race.ts";
import { rerunAt, type Failing } from "./rerun.ts";
import type { Stage, Stages } from "./stage.ts";

export class Trials {
  private readonly like: Tried;
  private readonly stages: Stages;
  private readonly rerunners = new Map<Stage, (plan: Plan) => Failing | null>();
  private readonly known = new WeakMap<Plan, { readonly failing: Failing | null }>();

  constructor(like: Tried, stages: Stages) {
    this.like = like;
    this.stages = stages;
  }

  /** How a plan fails; null where it does not. */
  failing(plan: Plan): Failing | null {
    const known = this.known.get(plan);
    if (known !== undefined) return known.failing;
    const stage = this.stages.at(plan.bounds);
    const failing = stage === null ? null : this.rerunnerOf(stage)(plan);
    this.known.set(plan, { failing });
    return failing;
  }

  /** Single reductions of a plan that fails. What it did not make, or made behind the breach, is left out first. */
  *ways(plan: Plan): Iterable<Reduction<Plan>> {
    const made = this.failing(plan)!.plan;
    const isWhole = made.calls.length === plan.calls.length && stepsOf(made) >= stepsOf(plan);
    if (!isWhole) yield { kind: "deletion", what: "without what was not made", to: made };
    else yield* reductionsOf(this.stages, made);
  }

  private rerunnerOf(stage: Stage): (plan: Plan) => Failing | null {
    const known = this.rerunners.get(stage);
    if (known !== undefined) return known;
    const { breach, overlap } = this.like;
    const made = overlap === undefined ? rerunAt(stage, breach) : rerunRaceAt(stage, breach, overlap);
    this.rerunners.set(stage, made);
    return made;
  }
}

/** What failed, and with how many calls in flight at most; one after the other when that is absent. */
export interface Tried {
  readonly breach: Breach;
  readonly overlap?: number;
}
