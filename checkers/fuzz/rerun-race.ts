/**
 * Calls that overlap, made again turn by turn. A turn that cannot be taken is passed over; when all have had theirs, the calls in flight go on to their
 * end, one after the other, so that what is left out early is made up for.
 */
import { CALLS_END, LINEARIZABLE, LOCK_ORDER, NO_DEADLOCK } from "../../spec/language/kernel-bug.ts";
import type { Breach } from "../../spec/language/trace.ts";
import type { Instance } from "../explore/sequential.ts";
import { actorOf, isFree } from "../interleave/frame.ts";
import { go } from "../interleave/schedule.ts";
import { isBrokenInRace, lassoOf, whyNoOrder, whyStuck } from "../trace/race-breach.ts";
import { Race } from "../trace/race.ts";
import type { Asking } from "./asking.ts";
import { askingOf } from "./failure.ts";
import { keeping, type Plan } from "./plan.ts";
import { orNull, type Failing } from "./rerun.ts";
import type { Stage } from "./stage.ts";

/** More steps than this after the last turn are for ever. */
const MOST_STEPS_MORE = 200;

/** What overlapping calls break together is told by the run, not by a state. */
const OF_RUNS: readonly string[] = [NO_DEADLOCK, LOCK_ORDER, LINEARIZABLE, CALLS_END].map(({ name }) => name);

/** Makes the calls of plans at one stage, with at most `overlap` of them in flight; null where the failure is not met. */
export function rerunRaceAt(stage: Stage, like: Breach, overlap: number): (plan: Plan) => Failing | null {
  const asking = askingOf(stage.scene, like);
  return (plan) => orNull(() => new Rerun(stage, like, asking, overlap, plan).failing());
}

class Rerun {
  private readonly stage: Stage;
  private readonly like: Breach;
  private readonly asking: Asking;
  private readonly overlap: number;
  private readonly plan: Plan;
  private readonly instances: readonly Instance[];
  private readonly race: Race;
  /** The threads of the plan's calls. */
  private readonly threads = new Map<number, number>();
  private readonly taken: number[] = [];

  constructor(stage: Stage, like: Breach, asking: Asking, overlap: number, plan: Plan) {
    this.stage = stage;
    this.like = like;
    this.asking = asking;
    this.overlap = overlap;
    this.plan = keeping(
      plan,
      plan.calls.flatMap((given, i) => (stage.instanceOf(given) === null ? [] : [i])),
    );
    this.instances = this.plan.calls.map((given) => stage.instanceOf(given)!);
    this.race = new Race(stage.scene, this.instances, true);
  }

  failing(): Failing | null {
    for (const call of this.moves()) {
      if (this.race.steps.length >= (this.plan.most ?? Infinity)) return null;
      if (!this.take(call)) continue;
      const breach = this.breach();
      if (breach !== null) return { ...breach, plan: this.made() };
      if (this.race.bug !== null) return null;
    }
    return null;
  }

  /** The turns, and behind them as many as can be taken by those who are in flight. */
  private *moves(): Iterable<number> {
    yield* this.plan.turns!;
    const inTurns = this.like.property === CALLS_END.name;
    for (let more = 0; more < MOST_STEPS_MORE; more++) {
      const ready = [...this.threads].filter(([, thread]) => this.canGoOn(thread));
      if (ready.length === 0) return;
      yield ready[inTurns ? more % ready.length : 0]![0];
    }
  }

  private canGoOn(thread: number): boolean {
    const { threads, blocked } = this.race;
    return threads[thread]!.frame !== null && !blocked.at(-1)!.some((one) => one.thread === thread);
  }

  /** Whether the step could be taken. */
  private take(call: number): boolean {
    const thread = this.threads.get(call);
    if (thread === undefined ? !this.canBegin(call) : !this.canGoOn(thread)) return false;
    const next = this.race.threads.length;
    if (this.race.take(thread === undefined ? call : go(thread)) !== null) return false;
    if (thread === undefined) this.threads.set(call, next);
    this.taken.push(call);
    return true;
  }

  /** There is room for a call more, and somebody to make it. */
  private canBegin(call: number): boolean {
    const { call: of, name, params } = this.instances[call]!;
    const actor = actorOf(of.by, name, params);
    const acting = this.race.threads.flatMap(({ frame }) => (frame === null ? [] : [frame.actor]));
    return acting.length < this.overlap && isFree(actor, acting, this.stage.scene.bounds);
  }

  private breach(): Pick<Failing, "breach" | "loop"> | null {
    const { race, like, asking, stage } = this;
    const { scene } = stage;
    if (race.bug !== null) {
      const breach = asking.ofBug(race.bug);
      return breach && { breach };
    }
    if (like.property === CALLS_END.name) {
      const lasso = lassoOf(race);
      return lasso && { breach: { ...like, why: lasso.why }, loop: race.steps.length - lasso.loop };
    }
    if (OF_RUNS.includes(like.property))
      return isBrokenInRace(scene, like, race, undefined)
        ? { breach: { ...like, instance: {}, why: this.why() } }
        : null;
    const inFlight = race.threads.some(({ frame }) => frame !== null);
    const breach = asking.ofState(scene.design.view(race.states.at(-1) as never, scene.m), inFlight);
    return breach && { breach };
  }

  private why(): string {
    const { race, like, stage } = this;
    if (like.property === NO_DEADLOCK.name) return whyStuck(race)!;
    return like.property === LINEARIZABLE.name ? whyNoOrder(stage.scene, race)! : like.why;
  }

  /** The plan as it went, its calls in the order in which they began. */
  private made(): Plan {
    const begun = [...this.threads].sort(([, a], [, b]) => a - b).map(([call]) => call);
    const { bounds, calls } = this.plan;
    const turns = this.taken.map((call) => begun.indexOf(call));
    return { bounds, calls: begun.map((call) => calls[call]!), turns };
  }
}
