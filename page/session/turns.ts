/** Whose turn it may be at a moment of calls that overlap: each that can go on, and each call that can begin. */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { outcomeText } from "../../spec/language/outcome.ts";
import type { OverlapTrace, SectionStep } from "../../spec/language/trace.ts";
import type { Scene } from "../../checkers/explore/bounded.ts";
import { callText, identity } from "../../checkers/explore/instances.ts";
import { makeInstance, type Instance } from "../../checkers/explore/sequential.ts";
import { canonical, changes } from "../../checkers/explore/walk.ts";
import { Advancer, isBlocked, type Advanced, type Blocked } from "../../checkers/interleave/advance.ts";
import { Flight, type Thread } from "../../checkers/interleave/flight.ts";
import { Frames, actorOf, isFree, type Frame } from "../../checkers/interleave/frame.ts";
import { callsWithin } from "./reach.ts";
import type { Choice, Reach } from "./session.ts";

export class Turns {
  private readonly scene: Scene;
  private readonly overlap: number;
  private readonly advancer: Advancer;
  private readonly flight: Flight;

  /** `steps`: those before the moment. */
  constructor(scene: Scene, { overlap, unmerged }: OverlapTrace, steps: readonly SectionStep[]) {
    this.scene = scene;
    this.overlap = overlap;
    const instances = steps
      .filter(({ begins }) => begins)
      .map(({ call, params }) => makeInstance(call, scene.design.calls[call]!, params, scene.sizes));
    this.advancer = new Advancer(instances, scene.m, new Frames(), unmerged !== true);
    this.flight = new Flight(scene, instances, this.advancer);
    for (const { begins, thread } of steps) {
      if (begins) this.flight.begin(thread);
      else this.flight.go(thread);
    }
  }

  choices(reach: Reach, next: SectionStep | undefined): Choice[] {
    const going = this.going(next).filter(({ call }) => reach.call === undefined || call === reach.call);
    return [...going, ...this.beginning(reach, next)];
  }

  private going(next: SectionStep | undefined): Choice[] {
    return this.flight.threads.flatMap(({ frame, instance, actor }, thread) => {
      if (frame === null) return [];
      const { name, params } = instance;
      const tried = this.try((state) => this.advancer.advance(state, frame, this.others(thread)));
      if (tried === null) return [];
      const { label, ...rest } = tried;
      const isNext = next !== undefined && !next.begins && next.thread === thread;
      const said = { label: `${name}: ${label}`, ...rest, isNext };
      return [{ key: `go ${thread}`, kind: "go" as const, actor, call: name, params, thread, ...said }];
    });
  }

  private beginning(reach: Reach, next: SectionStep | undefined): Choice[] {
    const following = next?.begins === true ? identity([next.call, next.params]) : null;
    const thread = this.flight.threads.length;
    return callsWithin(this.scene, reach, next?.begins === true ? next : undefined).flatMap((instance) => {
      const { name, params } = instance;
      const actor = this.actorFor(instance);
      if (actor === null) return [];
      const k = this.advancer.add(instance);
      const tried = this.try((state) => this.advancer.start(state, instance, k, this.others(null)));
      if (tried === null) return [];
      const key = identity([name, params]);
      const { label: sections, ...rest } = tried;
      const label = `${callText(name, params)}: ${sections}`;
      const said = { label, ...rest, isNext: key === following };
      return [{ key, kind: "begin" as const, actor, call: name, params, thread, ...said }];
    });
  }

  /** Who would make the call; null where nobody is free to, or there are as many calls in flight as the run has at most. */
  private actorFor({ call, name, params }: Instance): string | null {
    const inFlight = this.flight.threads.filter(({ frame }) => frame !== null);
    const actor = actorOf(call.by, name, params);
    const acting = inFlight.map(({ frame }) => frame!.actor);
    if (inFlight.length >= this.overlap || !isFree(actor, acting, this.scene.bounds)) return null;
    return actor === "task" ? freeTask(inFlight) : actor;
  }

  private others(thread: number | null): Frame[] {
    return this.flight.threads.flatMap(({ frame }, i) => (frame === null || i === thread ? [] : [frame]));
  }

  /** What a step would do; null where it cannot be taken. The flight stays as it is. */
  private try(
    step: (state: object) => Advanced | Blocked | typeof disabled,
  ): Pick<Choice, "label" | "result" | "bug" | "changes"> | null {
    const state = structuredClone(this.flight.state);
    try {
      const done = step(state);
      if (done === disabled || isBlocked(done)) return null;
      const result = done.outcome === undefined ? null : outcomeText(done.outcome);
      return { label: ranText(done.ran, done.waits), result, bug: null, changes: this.changed(state) };
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error;
      const label = ranText(this.advancer.brokenOff().ran, null);
      return { label, result: null, bug: error.message, changes: this.changed(state) };
    }
  }

  private changed(state: object): number {
    const { design, sizes } = this.scene;
    return changes(design.state, this.flight.state, canonical(design.state, sizes, state)).length;
  }
}

/** Tasks are all alike: the lowest number that is free. */
function freeTask(inFlight: readonly Thread[]): string {
  const taken = new Set(inFlight.map(({ actor }) => actor));
  for (let n = 0; ; n++) if (!taken.has(`task ${n}`)) return `task ${n}`;
}

function ranText(ran: readonly string[], waits: string | null): string {
  return ran.join(" · ") + (waits === null ? "" : `, and waits for ${waits}`);
}
