/** Calls one after the other, made again: what is left out takes with it the calls that can then no longer be made. */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import type { Breach } from "../../spec/language/trace.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Ended } from "../explore/sequential.ts";
import { askingOf } from "./failure.ts";
import { plainOf } from "./plain.ts";
import { keeping, type Plan } from "./plan.ts";
import type { Stage } from "./stage.ts";

/** A plan that fails, without what was not made, and with nothing behind the breach. */
export interface Failing {
  readonly plan: Plan;
  readonly breach: Breach;
  /** How many steps at the end go round for ever. */
  readonly loop?: number;
}

/** Makes the calls of plans at one stage; null where the failure is not met. */
export function rerunAt(stage: Stage, like: Breach): (plan: Plan) => Failing | null {
  const { scene } = stage;
  const { design, m, sizes, start } = scene;
  const plain = plainOf(design.state, sizes, design.place);
  const marks = new Uint8Array(plain.kinds.length);
  const asking = askingOf(scene, like);
  const look = (state: object) => ({ state, view: design.view(state, m) as unknown });
  const run = (plan: Plan): Failing | null => {
    const made: number[] = [];
    let before = look(plain.copy(start));
    for (const [i, given] of plan.calls.entries()) {
      const instance = stage.instanceOf(given);
      if (instance === null) continue;
      const draft = plain.copy(before.state);
      const ended = orBug(() => instance.run(draft, m));
      if (ended === disabled) continue;
      made.push(i);
      const failing = (breach: Breach | null): Failing | null =>
        breach && { plan: keeping(plan, made), breach };
      if (ended instanceof KernelBug) return failing(asking.ofBug(ended));
      const after = look(plain.copy(draft));
      const changed = plain.differ(before.state, after.state, marks);
      const breach =
        asking.ofStep(instance, ended, before, after, changed) ?? asking.ofState(after.view, false);
      if (breach !== null) return failing(breach);
      before = after;
    }
    return null;
  };
  return (plan) => orNull(() => run(plan));
}

function orBug(make: () => Ended): Ended | KernelBug {
  try {
    return make();
  } catch (error) {
    if (error instanceof KernelBug) return error;
    throw error;
  }
}

/** What the model itself trips over is another failure than the one that is shrunk. */
export function orNull<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof ModelError) return null;
    throw error;
  }
}
