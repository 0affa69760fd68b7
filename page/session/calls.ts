/** Calls one after the other, made again. */
import { outcomeText } from "../../spec/language/outcome.ts";
import { FAILED_CALL, type AnyProperty } from "../../spec/language/property.ts";
import type { Breach, SequentialTrace, TraceStep, Waiting } from "../../spec/language/trace.ts";
import type { Scene } from "../../checkers/explore/bounded.ts";
import { callText, identity } from "../../checkers/explore/instances.ts";
import { makeInstance } from "../../checkers/explore/sequential.ts";
import { actorOf } from "../../checkers/interleave/frame.ts";
import { rerunCalls, type Rerun } from "../../checkers/trace/replay.ts";
import { Runner, isBroken, type Run as Ended } from "../../checkers/trace/run.ts";
import { brokenPromises, builtIn, inFront } from "./ask.ts";
import { callsWithin } from "./reach.ts";
import type { Run } from "./run.ts";
import type { Broken, Choice, Reach } from "./session.ts";

export class Calls implements Run {
  readonly scene: Scene;
  readonly steps: readonly TraceStep[];
  readonly states: readonly object[];
  readonly differences: readonly string[];
  private readonly trace: SequentialTrace;
  private readonly made: Rerun;
  private readonly isWhole: boolean;

  constructor(scene: Scene, trace: SequentialTrace, where: string, made = rerunCalls(scene, trace, where)) {
    this.scene = scene;
    this.trace = trace;
    this.made = made;
    this.steps = made.steps;
    this.states = made.states;
    this.isWhole = made.steps.length === trace.steps.length;
    this.differences = made.differences.map(({ step, what }) => `call ${step + 1}: ${what}`);
    const { breach } = trace;
    if (breach !== null && !this.isBrokenAt(this.steps.length, breach))
      this.differences = [...this.differences, `${breach.property} is not broken at the end`];
  }

  inFlightAt(): number {
    return 0;
  }

  blockedAt(): readonly Waiting[] {
    return [];
  }

  acquiredBy(): null {
    return null;
  }

  breachesAt(index: number): readonly Broken[] {
    const { scene, trace, made } = this;
    const isLast = index === this.steps.length;
    if (isLast && made.bug !== null) return [builtIn(made.bug.breaks.name, made.bug.message)];
    const first = isLast ? trace.breach : null;
    const broken = brokenPromises(
      scene,
      (breach) => this.isBrokenAt(index, breach),
      (property, instance) => this.why(index, property, instance),
      first,
    );
    const failed = { property: FAILED_CALL.name, instance: {}, why: "" };
    if (this.isBrokenAt(index, failed)) {
      const result = outcomeText(this.steps[index - 1]!.result);
      broken.push(
        builtIn(FAILED_CALL.name, `the call ended with ${result} and changed the state all the same`),
      );
    }
    if (first === null || !this.isBrokenAt(index, first)) return broken;
    return inFront(broken, scene, first, "run");
  }

  private isBrokenAt(index: number, breach: Breach): boolean {
    return (index < this.steps.length || this.isWhole) && isBroken(this.scene, breach, this.endAt(index));
  }

  /** The run as it ends at a moment, with its last step alone: of the others nothing is asked. */
  private endAt(index: number): Ended {
    const { steps, states, made } = this;
    const bug = index === steps.length ? made.bug : null;
    const before = states[Math.max(0, index - 1)]!;
    return { steps: steps.slice(Math.max(0, index - 1), index), before, after: states[index]!, bug };
  }

  private why(index: number, property: AnyProperty, instance: Readonly<Record<string, number>>): string {
    const { design, m } = this.scene;
    const { before, after, steps } = this.endAt(index);
    const view = (state: object): unknown => design.view(state, m);
    if (property.kind !== "step") return property.why?.(view(after), instance) ?? "";
    const { call, by, params, result } = steps[0]!;
    const step = { call, by, params, result: result! };
    return property.why?.(view(before), step, view(after), instance) ?? "";
  }

  choicesAt(index: number, reach: Reach): readonly Choice[] {
    if (index === this.steps.length && this.made.bug !== null) return [];
    const next = this.steps[index];
    const following = next === undefined ? null : identity([next.call, next.params]);
    return callsWithin(this.scene, reach, next).flatMap(({ name, call, params }) => {
      const key = identity([name, params]);
      const made = this.runner(index);
      const step = made.make(makeInstance(name, call, params, this.scene.sizes));
      if (step === null) return [];
      const actor = actorOf(call.by, name, params);
      const result = step.result === null ? null : outcomeText(step.result);
      const rest = {
        bug: made.bug?.message ?? null,
        changes: step.changes.length,
        isNext: key === following,
      };
      const label = callText(name, params);
      return [
        { key, kind: "begin" as const, actor, call: name, params, thread: index, label, result, ...rest },
      ];
    });
  }

  private runner(index: number): Runner {
    const { design, m, sizes } = this.scene;
    return new Runner(design, m, sizes, this.states[index]!);
  }

  extended(index: number, { call: name, params }: Choice): Run {
    const { scene, trace } = this;
    const runner = this.runner(index);
    const step = runner.make(makeInstance(name, scene.design.calls[name]!, params, scene.sizes));
    if (step === null) throw new TypeError(`${name} cannot be made here`);
    const steps = [...this.steps.slice(0, index), step];
    const states = [...this.states.slice(0, index + 1), runner.state];
    const made = { steps, states, bug: runner.bug, differences: [] };
    return new Calls(scene, { ...plain(trace), breach: null, steps }, "", made);
  }

  asTrace(breach: Breach | null): SequentialTrace {
    const { scene, trace, steps } = this;
    return { ...(breach === trace.breach ? trace : plain(trace)), design: scene.design.name, breach, steps };
  }
}

/** Without what is said of the whole trace as it is: that it is a minimum. */
function plain({ certificate: _, ...trace }: SequentialTrace): SequentialTrace {
  return trace;
}
