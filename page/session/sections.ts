/** Calls that overlap, made again section by section. */
import { LINEARIZABLE, LOCK_ORDER, CALLS_END, NO_DEADLOCK } from "../../spec/language/kernel-bug.ts";
import type { Breach, OverlapTrace, SectionStep, Waiting } from "../../spec/language/trace.ts";
import type { Scene } from "../../checkers/explore/bounded.ts";
import { makeInstance, type Instance } from "../../checkers/explore/sequential.ts";
import { go } from "../../checkers/interleave/schedule.ts";
import { isBrokenInRace, lassoOf, whyNoOrder, whyStuck } from "../../checkers/trace/race-breach.ts";
import { Race, type Raced } from "../../checkers/trace/race.ts";
import { rerunRace } from "../../checkers/trace/replay.ts";
import { brokenPromises, builtIn, inFront } from "./ask.ts";
import type { Run } from "./run.ts";
import type { Broken, Choice, Reach } from "./session.ts";
import { Turns } from "./turns.ts";

export class Sections implements Run {
  readonly scene: Scene;
  readonly differences: readonly string[];
  private readonly trace: OverlapTrace;
  private readonly race: Race;
  private readonly isWhole: boolean;

  constructor(scene: Scene, trace: OverlapTrace, where: string, made = rerunRace(scene, trace, where)) {
    this.scene = scene;
    this.trace = trace;
    this.race = made.race;
    this.isWhole = this.steps.length === trace.steps.length;
    this.differences = made.differences.map(({ step, what }) => `step ${step + 1}: ${what}`);
    const { breach } = trace;
    if (breach !== null && !this.isStoredBroken())
      this.differences = [...this.differences, `${breach.property} is not broken at the end`];
  }

  get steps(): readonly SectionStep[] {
    return this.race.steps;
  }

  get states(): readonly object[] {
    return this.race.states;
  }

  inFlightAt(index: number): number {
    return this.race.frames[index]!.filter((frame) => frame !== 0).length;
  }

  blockedAt(index: number): readonly Waiting[] {
    return this.race.blocked[index]!;
  }

  acquiredBy(step: number): string | null {
    return this.race.acquired[step]!;
  }

  breachesAt(index: number): readonly Broken[] {
    const { scene, race, trace } = this;
    const raced = race.after(index);
    const isLast = index === this.steps.length;
    const first = isLast ? trace.breach : null;
    if (raced.bug !== null) return [builtIn(raced.bug.breaks.name, raced.bug.message)];
    const state = raced.states.at(-1)!;
    const promises = brokenPromises(
      scene,
      (breach) => isBrokenInRace(scene, breach, raced, undefined),
      (property, instance) =>
        property.kind === "step" ? "" : (property.why?.(scene.design.view(state, scene.m), instance) ?? ""),
      first,
    );
    const broken = [...together(scene, raced), ...promises];
    if (first === null || !this.isStoredBroken()) return broken;
    // The other half of what nests the other way round is in another run.
    const by = first.property === LOCK_ORDER.name ? "trace" : "run";
    return inFront(broken, scene, first, by);
  }

  /** Whether the breach that the trace was stored for is there at its end. */
  private isStoredBroken(): boolean {
    const { scene, race, trace } = this;
    const { breach, loop } = trace;
    return this.isWhole && breach !== null && isBrokenInRace(scene, breach, race, loop);
  }

  choicesAt(index: number, reach: Reach): readonly Choice[] {
    if (this.race.after(index).bug !== null) return [];
    const next = this.steps[index];
    return new Turns(this.scene, this.trace, this.steps.slice(0, index)).choices(reach, next);
  }

  extended(index: number, choice: Choice): Run {
    const { scene, trace } = this;
    const steps = this.steps.slice(0, index);
    const begun = steps.filter(({ begins }) => begins);
    const calls = choice.kind === "begin" ? [...begun, choice] : begun;
    const race = new Race(
      scene,
      calls.map((one) => instanceOf(scene, one)),
      trace.unmerged !== true,
    );
    for (const { begins, thread } of steps) race.take(begins ? thread : go(thread));
    const obstacle = race.take(choice.kind === "begin" ? begun.length : go(choice.thread));
    if (obstacle !== null) throw new TypeError(`${choice.call} ${obstacle}`);
    const branched = { ...plain(trace), breach: null, steps: race.steps };
    return new Sections(scene, branched, "", { race, differences: [] });
  }

  asTrace(breach: Breach | null): OverlapTrace {
    const { scene, trace, race } = this;
    const blocked = race.blocked.at(-1)!;
    const lasso = breach?.property === CALLS_END.name && race.bug === null ? lassoOf(race) : null;
    const loop = breach !== null && breach === trace.breach ? trace.loop : lasso?.loop;
    return {
      ...plain(trace),
      ...(trace.certificate === undefined || breach !== trace.breach
        ? {}
        : { certificate: trace.certificate }),
      design: scene.design.name,
      breach,
      steps: race.steps,
      ...(loop === undefined ? {} : { loop }),
      ...(blocked.length === 0 ? {} : { blocked }),
    };
  }
}

/** What overlapping calls break together. */
function together(scene: Scene, raced: Raced): Broken[] {
  const stuck = whyStuck(raced);
  const lasso = lassoOf(raced);
  // Asked where the later of the two has just ended.
  const noOrder = raced.steps.at(-1)?.ends === true ? whyNoOrder(scene, raced) : null;
  return [
    ...(stuck === null ? [] : [builtIn(NO_DEADLOCK.name, stuck)]),
    ...(lasso === null ? [] : [builtIn(CALLS_END.name, lasso.why)]),
    ...(noOrder === null ? [] : [builtIn(LINEARIZABLE.name, noOrder)]),
  ];
}

function instanceOf(
  { design, sizes }: Scene,
  { call, params }: Pick<SectionStep, "call" | "params">,
): Instance {
  return makeInstance(call, design.calls[call]!, params, sizes);
}

/** Without what is said of the whole trace as it is: that it is a minimum, where it goes round, and who waits at its end. */
function plain({ certificate: _c, loop: _l, blocked: _b, ...trace }: OverlapTrace): OverlapTrace {
  return trace;
}
