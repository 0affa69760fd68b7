/**
 * Properties: what must hold, quantified like the calls, so that a failure names the page, the VM and the slot.
 *
 * A property speaks of a view (`V`: for the common promises, GuestMemory), never of one design's state, so
 * that one statement holds every design to the same promise.
 */
import type { Actor } from "./call.ts";
import type { Domain } from "./domain.ts";
import type { Outcome } from "./outcome.ts";
import { here } from "./place.ts";

export type Over = Readonly<Record<string, Domain<number>>>;
export type Instance<O extends Over> = {
  readonly [K in keyof O]: O[K] extends Domain<infer T> ? T : never;
};

/** One executed call, as a step property sees it. */
export interface Made {
  readonly call: string;
  readonly by: Actor;
  readonly params: Readonly<Record<string, unknown>>;
  readonly result: Outcome;
}

interface Claim<V, O extends Over> extends Aspect {
  readonly name: string;
  /** The statement in English. */
  readonly says: string;
  /** Where it comes from: a document, a commit, a mail, a kernel comment. */
  readonly source: string;
  /** The property is asked for every combination of these. */
  readonly over: O;
  /** Questions of the view that a design must answer for the property to apply. */
  readonly needs?: readonly (keyof V)[];
}

interface Aspect {
  /**
   * Whether it holds of a page is the same whatever is mapped of other pages. The profile `watch` sees one page at a time: a property
   * that looks at several mappings at once is decided there only when it says this of itself.
   */
  readonly ofOnePage?: true;
}

interface StateClaim<V, O extends Over> extends Claim<V, O> {
  /** Holds between any two sections, and not only when no call is in flight. */
  readonly anytime?: true;
  /** Where the property says something at all; a design in which that is nowhere is vacuous. */
  readonly when?: (view: V, instance: Instance<O>) => boolean;
  readonly holds: (view: V, instance: Instance<O>) => boolean;
  /** Why an instance fails, in the property's own terms. */
  readonly why?: (view: V, instance: Instance<O>) => string;
}
interface StepClaim<V, O extends Over> extends Claim<V, O> {
  /** Calls that change nothing are asked too: their result may be what is wrong. */
  readonly asksResults?: true;
  /** Where the property says something at all; a design in which that is nowhere is vacuous. */
  readonly when?: (before: V, made: Made, instance: Instance<O>) => boolean;
  readonly holds: (before: V, made: Made, after: V, instance: Instance<O>) => boolean;
  readonly why?: (before: V, made: Made, after: V, instance: Instance<O>) => string;
}

export type Always<V> = StateClaim<V, Over> & { readonly kind: "always"; readonly place: string };
export type Sometimes<V> = StateClaim<V, Over> & { readonly kind: "sometimes"; readonly place: string };
export type StepProperty<V> = StepClaim<V, Over> & { readonly kind: "step"; readonly place: string };
export type Property<V> = Always<V> | Sometimes<V> | StepProperty<V>;

/** A property of whatever view, as the checkers handle it. */
export type AnyProperty = Property<any>;

/** The promise that the language itself holds every call to; no design need list it. */
export const FAILED_CALL = {
  name: "failed-call-changes-nothing",
  says: "a call that fails leaves the state as it was",
  source: "the rule of system calls; exceptions are declared by the call (`leaves`) with their source",
} as const;

/** Declares properties of the view `V`. */
export function propertiesOf<V>() {
  return {
    /** Holds in every state. */
    always: <const O extends Over>(claim: StateClaim<V, O>): Always<V> =>
      ({ ...claim, kind: "always", place: here() }) as unknown as Always<V>,
    /** Is reached in some state; a design that never reaches it is vacuous. */
    sometimes: <const O extends Over>(claim: StateClaim<V, O>): Sometimes<V> =>
      ({ ...claim, kind: "sometimes", place: here() }) as unknown as Sometimes<V>,
    /** Holds of every call: the state before, the call with its result, the state after. */
    step: <const O extends Over>(claim: StepClaim<V, O>): StepProperty<V> =>
      ({ ...claim, kind: "step", place: here() }) as unknown as StepProperty<V>,
  };
}
