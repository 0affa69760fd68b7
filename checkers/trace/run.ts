/** Concrete runs: calls on plain states with everything tracked, one after the other, with what each changed. */
import { disabled, mayLeave } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { isFailure, type Outcome } from "../../spec/language/outcome.ts";
import { FAILED_CALL, type AnyProperty } from "../../spec/language/property.ts";
import type { Breach, TraceStep } from "../../spec/language/trace.ts";
import { initialState, type Scene } from "../explore/bounded.ts";
import { runWithLocks, type Ended, type Instance } from "../explore/sequential.ts";
import { canonical, changes, type Sizes } from "../explore/walk.ts";

export class Runner {
  private readonly design: AnyDesign;
  private readonly m: unknown;
  private readonly sizes: Sizes;
  state: object;
  /** The bug of the kernel that the last call ran into. */
  bug: KernelBug | null = null;

  constructor(design: AnyDesign, m: unknown, sizes: Sizes, state: object = initialState(design, m, sizes)) {
    this.design = design;
    this.m = m;
    this.sizes = sizes;
    this.state = state;
  }

  /**
   * Makes a call: the step, or null where it cannot be made. The state is the one after it; for a call that runs into a bug of the
   * kernel, which has no result, the one in which it does.
   */
  make(instance: Instance): TraceStep | null {
    const before = this.state;
    const after = structuredClone(before);
    const ended = this.run(instance, after);
    if (ended === disabled) return null;
    this.state = canonical(this.design.state, this.sizes, after) as object;
    const { name, call, params } = instance;
    return {
      call: name,
      by: call.by,
      params,
      result: ended,
      changes: changes(this.design.state, before, this.state),
    };
  }

  private run(instance: Instance, state: object): Ended | null {
    this.bug = null;
    try {
      return runWithLocks(instance, state, this.m);
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error;
      this.bug = error;
      return null;
    }
  }

  view(state: object = this.state): unknown {
    return this.design.view(state, this.m);
  }
}

/** The end of a run: its steps, the states before and after the last of them, and the bug of the kernel that it ran into. */
export interface Run {
  readonly steps: readonly TraceStep[];
  readonly before: object;
  readonly after: object;
  readonly bug: KernelBug | null;
}

/** Runs calls of a bounded design from its start; null when one of them cannot be made. */
export function runPath(subject: Scene, path: readonly Instance[]): Run | null {
  const runner = new Runner(subject.design, subject.m, subject.sizes, subject.start);
  const steps: TraceStep[] = [];
  let before = runner.state;
  for (const instance of path) {
    if (runner.bug !== null) return null;
    before = runner.state;
    const step = runner.make(instance);
    if (step === null) return null;
    steps.push(step);
  }
  return { steps, before, after: runner.state, bug: runner.bug };
}

/**
 * Whether a property is broken (a `sometimes`: reached) for an instance at the end of a run: after its last step, or, for a
 * step property, by that step.
 */
function breaks(
  subject: Scene,
  property: AnyProperty,
  instance: Readonly<Record<string, number>>,
  run: Run,
): boolean {
  const { design, m } = subject;
  if (property.kind !== "step") return breaksState(subject, property, instance, run.after);
  const last = run.steps.at(-1);
  if (last === undefined || last.result === null) return false;
  const [before, after] = [design.view(run.before, m) as unknown, design.view(run.after, m) as unknown];
  const made = { call: last.call, by: last.by, params: last.params, result: last.result };
  if (property.when !== undefined && !property.when(before, made, instance)) return false;
  return !property.holds(before, made, after, instance);
}

/** Whether a property of states is broken, or a `sometimes` reached, in one. */
export function breaksState(
  { design, m }: Scene,
  property: Exclude<AnyProperty, { kind: "step" }>,
  instance: Readonly<Record<string, number>>,
  state: object,
): boolean {
  const view: unknown = design.view(state, m);
  if (property.when !== undefined && !property.when(view, instance)) return false;
  return property.holds(view, instance) === (property.kind === "sometimes");
}

/** Whether the last call failed and changed something without having declared it. */
function failedAndChanged(design: AnyDesign, steps: readonly TraceStep[]): boolean {
  const last = steps.at(-1);
  if (last === undefined || last.changes.length === 0) return false;
  const result: Outcome | null = last.result;
  if (result === null || !isFailure(result)) return false;
  return !mayLeave(design.calls[last.call]!.leaves[result], last.changes);
}

/** Whether a breach that a trace names is there at the end of the run. */
export function isBroken(subject: Scene, breach: Breach, run: Run): boolean {
  if (run.bug !== null) return run.bug.breaks.name === breach.property;
  if (breach.property === FAILED_CALL.name) return failedAndChanged(subject.design, run.steps);
  const asked = subject.properties.find(({ property }) => property.name === breach.property);
  return (
    asked !== undefined &&
    asked.unanswered.length === 0 &&
    breaks(subject, asked.property, breach.instance, run)
  );
}
