/** Concrete runs: calls on plain states with everything tracked, one after the other, with what each changed. */
import { disabled } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { isFailure } from "../../spec/language/outcome.ts";
import { FAILED_CALL, type AnyProperty } from "../../spec/language/property.ts";
import type { Breach, TraceStep } from "../../spec/language/trace.ts";
import { initialState, type Bounded } from "../explore/bounded.ts";
import { runWithLocks, type Instance } from "../explore/sequential.ts";
import { canonical, changes, type Sizes } from "../explore/walk.ts";

export class Runner {
  private readonly design: AnyDesign;
  private readonly m: unknown;
  private readonly sizes: Sizes;
  state: object;

  constructor(design: AnyDesign, m: unknown, sizes: Sizes, state: object = initialState(design, m, sizes)) {
    this.design = design;
    this.m = m;
    this.sizes = sizes;
    this.state = state;
  }

  /** Makes a call: the step, or null where it cannot be made. The state is the one after it. */
  make(instance: Instance): TraceStep | null {
    const before = this.state;
    const after = structuredClone(before);
    const ended = runWithLocks(instance, after, this.m, this.sizes);
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

  view(state: object = this.state): unknown {
    return this.design.view(state, this.m);
  }
}

/** Runs calls of a bounded design from its initial state; null when one of them cannot be made. */
export function runPath(
  subject: Bounded,
  path: readonly Instance[],
): { steps: TraceStep[]; before: object; after: object } | null {
  const runner = new Runner(subject.design, subject.m, subject.sizes);
  const steps: TraceStep[] = [];
  let before = runner.state;
  for (const instance of path) {
    before = runner.state;
    const step = runner.make(instance);
    if (step === null) return null;
    steps.push(step);
  }
  return { steps, before, after: runner.state };
}

/**
 * Whether a property is broken (a `sometimes`: reached) for an instance at the end of a run: after its last step, or, for a
 * step property, by that step.
 */
export function breaks(
  subject: Bounded,
  property: AnyProperty,
  instance: Readonly<Record<string, number>>,
  run: { readonly steps: readonly TraceStep[]; readonly before: object; readonly after: object },
): boolean {
  const { design, m } = subject;
  const after: unknown = design.view(run.after, m);
  if (property.kind !== "step") {
    if (property.when !== undefined && !property.when(after, instance)) return false;
    return property.holds(after, instance) === (property.kind === "sometimes");
  }
  const last = run.steps.at(-1);
  if (last === undefined) return false;
  const before: unknown = design.view(run.before, m);
  const made = { call: last.call, by: last.by, params: last.params, result: last.result };
  if (property.when !== undefined && !property.when(before, made, instance)) return false;
  return !property.holds(before, made, after, instance);
}

/** Whether the last call failed and changed something without having declared it. */
export function failedAndChanged(design: AnyDesign, steps: readonly TraceStep[]): boolean {
  const last = steps.at(-1);
  if (last === undefined || !isFailure(last.result) || last.changes.length === 0) return false;
  return design.calls[last.call]!.leaves[last.result] === undefined;
}

/** Whether a breach that a trace names is there at the end of the run. */
export function isBroken(
  subject: Bounded,
  breach: Breach,
  run: { readonly steps: readonly TraceStep[]; readonly before: object; readonly after: object },
): boolean {
  if (breach.property === FAILED_CALL.name) return failedAndChanged(subject.design, run.steps);
  const asked = subject.properties.find(({ property }) => property.name === breach.property);
  return (
    asked !== undefined &&
    asked.unanswered.length === 0 &&
    breaks(subject, asked.property, breach.instance, run)
  );
}
