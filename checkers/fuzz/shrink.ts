/** A failure that a random run met, shrunk to a minimum with a certificate, and written as a trace that is replayed like any other. */
import type { Bounds } from "../../spec/language/design.ts";
import { LOCK_ORDER } from "../../spec/language/kernel-bug.ts";
import type { Certificate, Trace } from "../../spec/language/trace.ts";
import type { Bounded } from "../explore/bounded.ts";
import { TRACK_ALL } from "../explore/codec.ts";
import type { Budget } from "../explore/sweep.ts";
import { traced } from "../trace/traced.ts";
import type { Hit } from "./hit.ts";
import { minimise, withoutChunks } from "./minimum.ts";
import { keeping, pathOf, planOf, planOfTrace, stepsOf, type Plan } from "./plan.ts";
import { furtherReductions, leastBounds } from "./reductions.ts";
import type { Failing } from "./rerun.ts";
import { searchShorter, type Searched } from "./shorter.ts";
import { Stages } from "./stage.ts";
import { Trials } from "./trials.ts";

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
  if (hit.breach.property !== LOCK_ORDER.name) return shrinkOne(hit, options);
  const halves = await Promise.all(halvesOf(hit).map((half) => shrinkOne(half, options)));
  const shrunk = halves.filter((half) => half !== null);
  return shrunk.sort((a, b) => b.trace.steps.length - a.trace.steps.length)[0] ?? null;
}

/**
 * An order of locks is broken by two runs or more, of which a trace shows the one that was met last. Whichever that was, a search that knows the shortest
 * of each has met them all when it meets the longest.
 */
function halvesOf(hit: Hit): Hit[] {
  const { breach } = hit;
  const nestings = breach.why.split("; ");
  return nestings.map((nesting) => {
    const why = [nesting, ...nestings.filter((other) => other !== nesting)].join("; ");
    return { ...hit, breach: { ...breach, why } };
  });
}

async function shrinkOne(hit: Hit, options: ShrinkOptions): Promise<Shrunk | null> {
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
  private readonly trials: Trials;

  constructor(hit: Hit, options: ShrinkOptions, stages: Stages) {
    this.hit = hit;
    this.options = options;
    this.stages = stages;
    this.trials = new Trials(hit, stages);
  }

  async shrunk(): Promise<Shrunk | null> {
    const plan = planOf(this.hit);
    const failing = this.trials.failing(plan);
    if (failing === null) return null;
    const own = await this.minimum(failing.plan);
    let start = own;
    let searched = await this.search(start, start.plan.bounds);
    let better = this.betterOf(searched);
    // What is shorter may need more of a bound than what was shrunk: so the bounds of the run are searched too.
    const wide = better === null ? await this.search(start, plan.bounds) : null;
    const wider = this.betterOf(wide);
    if (wider !== null) {
      start = await this.minimum(wider.plan);
      searched = await this.search(start, start.plan.bounds);
      better = this.betterOf(searched);
    }
    const { certificate, ...minimum } = better === null ? start : await this.minimum(better.plan);
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

  private async search(minimum: Minimum, bounds: Bounds): Promise<Searched | null> {
    const { search, stop } = this.options;
    if (search === undefined || stop?.() === true) return null;
    return searchShorter(this.hit.design, { ...this.trace(minimum), bounds }, search, stop);
  }

  private betterOf(searched: Searched | null): Failing | null {
    const shorter = searched?.shorter ?? null;
    return shorter === null ? null : this.trials.failing(planOfTrace(shorter));
  }

  private async minimum(plan: Plan): Promise<Minimum> {
    const { runs = Infinity, stop } = this.options;
    const { stages } = this;
    const found = await minimise(
      plan,
      (at) => this.trials.ways(at),
      (at) => this.trials.failing(at) !== null,
      {
        coarse: (at) => this.coarse(at),
        further: (at) => furtherReductions(stages, at),
        runs: runs - this.runs,
        ...(stop === undefined ? {} : { stop }),
      },
    );
    this.runs += found.runs;
    return { plan: this.trials.failing(found.minimum)!.plan, certificate: found.certificate };
  }

  private *coarse(plan: Plan): Iterable<Plan> {
    const made = this.trials.failing(plan)!.plan;
    const places = made.calls.map((_, i) => i);
    for (const kept of withoutChunks(places)) yield keeping(made, kept);
    yield* leastBounds(this.stages, made);
  }

  /** The trace of a plan that fails. */
  private trace({ plan, certificate }: Minimum): Trace {
    const { hit, stages } = this;
    const stage = stages.at(plan.bounds)!;
    const { breach, loop } = this.trials.failing(plan)!;
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
