/** Asks properties on plain states: after every step all that are still open, each for every instance of the bounds. */
import { isFailure, type Outcome } from "../../spec/language/outcome.ts";
import { mayLeave } from "../../spec/language/call.ts";
import type { KernelBug } from "../../spec/language/kernel-bug.ts";
import { FAILED_CALL, type AnyProperty, type Made } from "../../spec/language/property.ts";
import type { Breach } from "../../spec/language/trace.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Asked, Scene } from "../explore/bounded.ts";
import { errorText } from "../explore/program.ts";
import type { Instance } from "../explore/sequential.ts";
import { changes } from "../explore/walk.ts";

type Over = Readonly<Record<string, number>>;

export class Asking {
  private readonly scene: Scene;
  private readonly always: readonly Asked[];
  private readonly sometimes: readonly Asked[];
  private readonly steps: readonly Asked[];
  private readonly isOpen: (property: string) => boolean;
  /** `sometimes` that were reached. */
  readonly reached: Set<string>;

  /** `isOpen`: whether a breach of a property is still looked for. */
  constructor(scene: Scene, isOpen: (property: string) => boolean, reached: Set<string>) {
    const asked = scene.properties.filter(({ unanswered }) => unanswered.length === 0);
    const ofKind = (kind: AnyProperty["kind"]): Asked[] =>
      asked.filter(({ property }) => property.kind === kind);
    this.scene = scene;
    this.always = ofKind("always");
    this.sometimes = ofKind("sometimes");
    this.steps = ofKind("step");
    this.isOpen = isOpen;
    this.reached = reached;
  }

  /** The first breach of a state, or null. With calls in flight only those properties are asked that hold at any time. */
  ofState(view: unknown, inFlight: boolean): Breach | null {
    for (const { property, instances } of this.sometimes) {
      if (property.kind === "step" || this.reached.has(property.name)) continue;
      if (inFlight && property.anytime !== true) continue;
      if (instances.some((over) => this.holds(property, view, over) === true))
        this.reached.add(property.name);
    }
    for (const { property, instances } of this.always) {
      if (property.kind === "step" || !this.isOpen(property.name)) continue;
      if (inFlight && property.anytime !== true) continue;
      for (const instance of instances)
        if (this.holds(property, view, instance) === false)
          return { property: property.name, instance, why: property.why?.(view, instance) ?? "" };
    }
    return null;
  }

  /** The first breach of a step between two canonical states, or null. */
  ofStep(made: Instance, result: Outcome, before: Looked, after: Looked, changed: boolean): Breach | null {
    if (changed && isFailure(result) && this.isOpen(FAILED_CALL.name)) {
      const left = made.call.leaves[result];
      const { state } = this.scene.design;
      if (left === undefined || !mayLeave(left, changes(state, before.state, after.state))) {
        const why = `the call ended with ${result} and changed the state all the same`;
        return { property: FAILED_CALL.name, instance: {}, why };
      }
    }
    const step: Made = { call: made.name, by: made.call.by, params: made.params, result };
    for (const { property, instances } of this.steps) {
      if (property.kind !== "step" || !this.isOpen(property.name)) continue;
      if (!changed && property.asksResults !== true) continue;
      for (const over of instances) {
        const holds = this.answer(
          property,
          () =>
            property.when?.(before.view, step, over) === false ||
            property.holds(before.view, step, after.view, over),
        );
        if (holds) continue;
        const why = property.why?.(before.view, step, after.view, over) ?? "";
        return { property: property.name, instance: over, why };
      }
    }
    return null;
  }

  /** A call ran into a bug of the kernel; null where that is known. */
  ofBug({ breaks, message }: KernelBug): Breach | null {
    return this.isOpen(breaks.name) ? { property: breaks.name, instance: {}, why: message } : null;
  }

  /** Null where the property says nothing. */
  private holds(property: Exclude<AnyProperty, { kind: "step" }>, view: unknown, over: Over): boolean | null {
    if (property.when === undefined) return this.answer(property, () => property.holds(view, over));
    if (!this.answer(property, () => property.when!(view, over))) return null;
    return this.answer(property, () => property.holds(view, over));
  }

  private answer(property: AnyProperty, question: () => boolean): boolean {
    try {
      const holds = question();
      if (typeof holds !== "boolean") throw new TypeError(`it answered ${String(holds)}`);
      return holds;
    } catch (error) {
      throw new ModelError(
        `property ${property.name} threw ${errorText(error)}`,
        property.place,
        "a question about something that does not exist in this state; let the property test for it first",
      );
    }
  }
}

/** A state, and how the design's view sees it. */
export interface Looked {
  readonly state: object;
  readonly view: unknown;
}
