/** A failure that a random run met, shrunk to a minimum with a certificate, and written as a trace that is replayed like any other. */
import type { Certificate, Trace } from "../../spec/language/trace.ts";
import { resolveBounds, type Bounded } from "../explore/bounded.ts";
import { TRACK_ALL } from "../explore/codec.ts";
import type { Budget } from "../explore/sweep.ts";
import { go } from "../interleave/schedule.ts";
import { traced } from "../trace/traced.ts";
import type { Hit } from "./hit.ts";
import { minimise, withoutChunks, type Reduction } from "./minimum.ts";
import { keeping, stepsOf, type Plan } from "./plan.ts";
import { furtherReductions, leastBounds, reductionsOf } from "./reductions.ts";
import { rerunRaceAt } from "./rerun-race.ts";
import { rerunAt, type Failing } from "./rerun.ts";
import { searchShorter, type Searched } from "./shorter.ts";
import { Stages, type Stage } from "./stage.ts";

export interface ShrinkOptions {
  /** The most runs of candidates. */
  readonly runs?: number;
  /** For the exhaustive search at the shrunk bounds; none is made when absent. */
  readonly search?: Budget;
  /** Once true, the smallest so far is the answer. */
  readonly stop?: () => boolean;
}

export interface Shrunk {
  /** With its certificate, if there is one. */
  readonly trace: Trace;
  /** Null where the budget ended too soon for one. */
  readonly certificate: Certificate | null;
  /** Calls, or where they overlap steps: of the hit, and of what reductions alone made of it. */
  readonly from: number;
  readonly own: number;
  /** Null where no search could be made, or none was asked for. */
  readonly searched: Searched | null;
  /** How many candidates were run. */
  readonly runs: number;
}

/** Null where the hit does not fail when it is run again: a model that reads what is not in the state. */
export async function shrink(hit: Hit, options: ShrinkOptions = {}): Promise<Shrunk | null> {
  const stages = new Stages(hit.design, hit.scenario);
  const shrunk = await new Shrinker(hit, options, stages).shrunk();
  if (shrunk?.searched?.invalid === undefined) return shrunk;
  const again = new Shrinker(hit, options, new Stages(hit.design, hit.scenario, "than the defaults"));
  return again.shrunk();
}

interface Minimum {
  readonly plan: Plan;
  readonly certificate: Certificate | null;
}

class Shrinker {
  private runs = 0;
  private readonly hit: Hit;
  private readonly options: ShrinkOptions;
  private readonly stages: Stages;
  private readonly rerunners = new Map<Stage, (plan: Plan) => Failing | null>();
  private readonly known = new WeakMap<Plan, { readonly failing: Failing | null }>();

  constructor(hit: Hit, options: ShrinkOptions, stages: Stages) {
    this.hit = hit;
    this.options = options;
    this.stages = stages;
  }

  async shrunk(): Promise<Shrunk | null> {
    const plan = planOf(this.hit);
    const failing = this.failing(plan);
    if (failing === null) return null;
    const own = await this.minimum(failing.plan);
    const searched = await this.search(own);
    const shorter = searched?.shorter ?? null;
    const better = shorter === null ? null : this.failing(planOfTrace(shorter));
    const { certificate, ...minimum } = better === null ? own : await this.minimum(better.plan);
    return {
      trace: this.trace({ ...minimum, certificate }),
      certificate,
      from: stepsOf(plan),
      own: stepsOf(own.plan),
      // The same property may break for an instance of another shape, sooner: that is another failure.
      searched: searched !== null && better === null ? { ...searched, shorter: null } : searched,
      runs: this.runs,
    };
  }

  private async search(minimum: Minimum): Promise<Searched | null> {
    const { search, stop } = this.options;
    if (search === undefined || stop?.() === true) return null;
    return searchShorter(this.hit.design, this.trace(minimum), search, stop);
  }

  /** How a plan fails; null where it does not. */
  private failing(plan: Plan): Failing | null {
    const known = this.known.get(plan);
    if (known !== undefined) return known.failing;
    const stage = this.stages.at(plan.bounds);
    const failing = stage === null ? null : this.rerunnerOf(stage)(plan);
    this.known.set(plan, { failing });
    return failing;
  }

  private async minimum(plan: Plan): Promise<Minimum> {
    const { runs = Infinity, stop } = this.options;
    const { stages } = this;
    const found = await minimise(
      plan,
      (at) => this.ways(at),
      (at) => this.failing(at) !== null,
      {
        coarse: (at) => this.coarse(at),
        further: (at) => furtherReductions(stages, at),
        runs: runs - this.runs,
        ...(stop === undefined ? {} : { stop }),
      },
    );
    this.runs += found.runs;
    return { plan: this.failing(found.minimum)!.plan, certificate: found.certificate };
  }

  /** What a plan did not make, or made behind the breach, is left out first. */
  private *ways(plan: Plan): Iterable<Reduction<Plan>> {
    const made = this.failing(plan)!.plan;
    const isWhole = made.calls.length === plan.calls.length && stepsOf(made) >= stepsOf(plan);
    if (!isWhole) yield { kind: "deletion", what: "without what was not made", to: made };
    else yield* reductionsOf(this.stages, { ...made, bounds: plan.bounds });
  }

  private *coarse(plan: Plan): Iterable<Plan> {
    const made = this.failing(plan)!.plan;
    const places = made.calls.map((_, i) => i);
    for (const kept of withoutChunks(places)) yield keeping(made, kept);
    yield* leastBounds(this.stages, made);
  }

  private rerunnerOf(stage: Stage): (plan: Plan) => Failing | null {
    const known = this.rerunners.get(stage);
    if (known !== undefined) return known;
    const { hit } = this;
    const made =
      hit.mode === "sequential" ? rerunAt(stage, hit.breach) : rerunRaceAt(stage, hit.breach, hit.overlap);
    this.rerunners.set(stage, made);
    return made;
  }

  /** The trace of a plan that fails. */
  private trace({ plan, certificate }: Minimum): Trace {
    const { hit, stages } = this;
    const stage = stages.at(plan.bounds)!;
    const { breach, loop } = this.failing(plan)!;
    const overlap = hit.mode === "sequential" ? 1 : hit.overlap;
    const subject: Bounded = {
      ...stage.scene,
      tracked: "full",
      mode: hit.mode,
      overlap,
      inFlight: overlap,
      instances: plan.calls.map((given) => stage.instanceOf(given)!),
      trackings: [TRACK_ALL],
      isParanoid: false,
    };
    const found = { ...breach, path: pathOf(plan), tracking: TRACK_ALL };
    const trace = traced(subject, loop === undefined ? found : { ...found, loop }, true);
    if (trace === null) throw new Error(`${breach.property} was shrunk to a run that does not show it`);
    return certificate === null ? trace : { ...trace, certificate };
  }
}

/** Calls in the order in which they begin: the first turn of each begins it. */
function pathOf({ calls, turns }: Plan): number[] {
  if (turns === undefined) return calls.map((_, i) => i);
  const begun = new Set<number>();
  return turns.map((call) => {
    if (begun.has(call)) return go(call);
    begun.add(call);
    return call;
  });
}

function planOf(hit: Hit): Plan {
  const bounds = resolveBounds(hit.design, hit.bounds);
  if (hit.mode === "sequential") return { bounds, calls: hit.calls };
  const turns = hit.schedule.map((move) => (move < 0 ? -1 - move : move));
  return { bounds, calls: hit.calls, turns };
}

function planOfTrace(trace: Trace): Plan {
  const { bounds } = trace;
  if (trace.mode === "sequential") return { bounds, calls: trace.steps };
  return {
    bounds,
    calls: trace.steps.filter(({ begins }) => begins),
    turns: trace.steps.map(({ thread }) => thread),
  };
}
