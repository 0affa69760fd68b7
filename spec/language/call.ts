/**
 * Calls: what somebody can do, written once as the list of atomic sections between which the kernel lets others
 * in. The sequential ABI is the same list run without interruption.
 */
import type { Errno } from "../abi/errno.ts";
import type { AnyDomain, Domain, Fields, ValuesOf } from "./domain.ts";
import type { LockRef } from "./lock.ts";
import { here } from "./place.ts";

/** How a call can fail: an errno, an errno with a KVM exit behind it, or a signal. */
export type Failure = Errno | `${Errno} ${string}` | `SIG${string}`;

/** What a successful call hands back: a descriptor, a byte, a count. */
export interface Given<V> {
  readonly value: V;
}

/**
 * The call cannot be made here at all (there is no vCPU to run, no guard of an abstract model lets it): no
 * transition. A refusal by the kernel is not this; it is an errno.
 */
export const disabled = "disabled";

/** Go on at another section of the call: a loop over pages, a retry. */
export interface GoTo {
  readonly to: string;
}
export function goTo(label: string): GoTo {
  return { to: label };
}

/**
 * What a section answers: nothing to go on with the next one, 0 to end the call well, a declared failure
 * or exit to end it so, a value to end it well and give something back, or where to go on.
 */
export type Step<R extends string, V> = void | 0 | R | Given<V> | GoTo | typeof disabled;

export type Run<S, M, C, R extends string, V> = (s: S, c: C, m: M) => Step<R, V>;

type Locks<C> = (c: C) => LockRef | readonly LockRef[];

/** An atomic piece of a call. Locks that it takes stay held until a later section drops them. */
export type Section<S, M, C, R extends string, V> =
  | Run<S, M, C, R, V>
  | {
      /** Leave this section out unless. */
      readonly when?: (c: C) => boolean;
      readonly takes?: Locks<C>;
      readonly drops?: Locks<C>;
      /** Taken before the section and dropped after it. */
      readonly under?: Locks<C>;
      readonly run?: Run<S, M, C, R, V>;
      /** Keeps a function that is no `Run` of this call from passing for an object without any of these fields. */
      readonly apply?: never;
    };

/**
 * The values of a parameter that a run tries: `legal` ones in every combination, each `odd` one (a
 * representative of one way to be wrong) with the first legal values of all others. Both see what was chosen
 * for the parameters before it, so that a meaningless combination need not be tried.
 */
export interface Choice<T, M> {
  readonly legal: (m: M, chosen: Chosen) => readonly T[];
  readonly odd: (m: M, chosen: Chosen) => readonly T[];
}
// Parameters are chosen in the order in which `takes` lists them; their types are the call's own affair.
export type Chosen = Readonly<Record<string, any>>;

export type Param<T, M> = Domain<T> | Choice<T, M>;
export type Params<M> = Readonly<Record<string, Param<unknown, M>>>;
type ParamValue<P> = P extends Domain<infer T> ? T : P extends Choice<infer T, never> ? T : never;
export type ParamValues<P> = { readonly [K in keyof P]: ParamValue<P[K]> };

/** What a section sees of its call: the parameters, and what the call keeps from one section to the next. */
export type Context<P, K extends Fields> = ParamValues<P> & ValuesOf<K>;

export type Leaves<E extends string = string> = {
  readonly [failure in E]?: { readonly says: string; readonly source: string };
};

export type Actor = "task" | "vcpu" | "kernel";

export interface Call<S, M, C = never, R extends string = string, V = unknown, L extends string = string> {
  /** The kernel function that this call stands for: name, file, version. */
  readonly kernel: string;
  /** Who makes it. */
  readonly by: Actor;
  readonly takes: Params<never>;
  readonly keeps: Fields;
  /** Every way to fail. */
  readonly returns: readonly string[];
  /** Ends that are neither success nor failure, such as KVM_EXIT_MMIO. */
  readonly exits: readonly string[];
  readonly gives?: AnyDomain;
  /** Parameter sets to try beyond those that `takes` yields, for the order of two checks. */
  readonly also: (m: M) => readonly Chosen[];
  /** Failures with which this call may all the same have changed something, and why; any other is a violation. */
  readonly leaves: Leaves;
  /** Why the explorer does not make this call: it sets a scene that the initial state already has. */
  readonly unexplored?: string;
  readonly sections: Readonly<Record<L, Section<S, M, C, R, V>>>;
  /** Where it was declared: file:line. */
  readonly place: string;
}

/** A call of whatever parameters, as the checkers handle it. */
export type AnyCall<S = any, M = any> = Call<S, M, any, any, any, any>;

export interface CallSpec<
  S,
  M,
  P extends Params<M>,
  K extends Fields,
  E extends Failure,
  X extends string,
  V,
  L extends string,
> {
  readonly kernel: string;
  readonly by: Actor;
  readonly takes: P;
  readonly keeps?: K;
  readonly returns: readonly E[];
  readonly exits?: readonly X[];
  readonly gives?: Domain<V>;
  readonly also?: (m: M) => readonly ParamValues<P>[];
  readonly leaves?: Leaves<E>;
  readonly unexplored?: string;
  readonly sections: Readonly<Record<L, Section<S, M, Context<P, K>, NoInfer<E | X>, NoInfer<V>>>>;
}

/**
 * Declares calls, and choices of parameter values, of designs whose state is `S` and whose machine is `M`; both
 * follow from a design where one is given: `callsOf(base)`.
 */
export function callsOf<S, M>(_design?: { readonly view: (s: S, m: M) => unknown }) {
  function call<
    const P extends Params<M>,
    const E extends Failure,
    L extends string,
    K extends Fields = {},
    const X extends string = never,
    V = never,
  >(spec: CallSpec<S, M, P, K, E, X, V, L>): Call<S, M, Context<P, K>, E | X, V, L> {
    const { keeps, exits, also, leaves, ...rest } = spec;
    return {
      ...rest,
      keeps: keeps ?? {},
      exits: exits ?? [],
      also: also ?? (() => []),
      leaves: leaves ?? {},
      place: here(),
    } as Call<S, M, Context<P, K>, E | X, V, L>;
  }
  function choice<T>(legal: Choice<T, M>["legal"], odd: Choice<T, M>["legal"] = () => []): Choice<T, M> {
    return { legal, odd };
  }
  return { call, choice };
}

/**
 * The same call with some sections replaced, removed or added: what a version or a mutant changes. A section that
 * is not there does not compile. `returns` names failures that the new sections add, `never` those that are gone.
 */
export function change<
  S,
  M,
  C,
  R extends string,
  V,
  L extends string,
  const E extends Failure = never,
  N extends string = never,
>(
  call: Call<S, M, C, R, V, L>,
  delta: {
    readonly kernel?: string;
    readonly returns?: readonly E[];
    readonly never?: readonly NoInfer<R>[];
    readonly sections?: { readonly [K in NoInfer<L>]?: Section<S, M, C, NoInfer<R | E>, NoInfer<V>> };
    readonly without?: readonly NoInfer<L>[];
    /** Sections to put behind one of the base. */
    readonly after?: {
      readonly [K in NoInfer<L>]?: { readonly [K2 in N]: Section<S, M, C, NoInfer<R | E>, NoInfer<V>> };
    };
  },
): Call<S, M, C, R | E, V, L | N> {
  const never = new Set<string>(delta.never ?? []);
  const sections: Record<string, unknown> = {};
  for (const [label, section] of Object.entries(call.sections)) {
    if (!delta.without?.includes(label as L)) sections[label] = delta.sections?.[label as L] ?? section;
    Object.assign(sections, delta.after?.[label as L]);
  }
  return {
    ...call,
    kernel: delta.kernel ?? call.kernel,
    returns: [...call.returns, ...(delta.returns ?? [])].filter((e) => !never.has(e)),
    sections,
    place: here(),
  } as unknown as Call<S, M, C, R | E, V, L | N>;
}
