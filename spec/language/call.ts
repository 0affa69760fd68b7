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

/** Go on at another section of the call: a loop over pages, a way out. */
export interface GoTo {
  readonly to: string;
  /** The call started over, and will do so until somebody else has done something. */
  readonly again?: true;
}
export function goTo(label: string): GoTo {
  return { to: label };
}

/**
 * Start again from a section: what the call found may be out of date. Unlike a loop with `goTo`, it counts on others: a call that
 * can retry for ever breaks the promise `calls-end`.
 */
export function retry(label: string): GoTo {
  return { to: label, again: true };
}

/**
 * What a section answers: nothing to go on with the next one, 0 to end the call well, a declared failure
 * or exit to end it so, a value to end it well and give something back, or where to go on.
 */
export type Step<R extends string, V> = void | 0 | R | Given<V> | GoTo | typeof disabled;

export type Run<S, M, C, R extends string, V> = (s: S, c: C, m: M) => Step<R, V>;

type Locks<C> = (c: C) => LockRef | readonly LockRef[];

/**
 * An atomic piece of a call. Locks that it takes stay held until a later section drops them. In runs that interleave calls, a
 * section acquires at most one lock, so that a caller who waits for a second one is seen to hold the first.
 */
export type Section<S, M, C, R extends string, V> =
  | Run<S, M, C, R, V>
  | {
      /** Leave this section out unless. */
      readonly when?: (c: C) => boolean;
      readonly takes?: Locks<C>;
      readonly drops?: Locks<C>;
      /** Taken before the section and dropped after it. */
      readonly under?: Locks<C>;
      /** Waits until every reader of this SRCU that is inside now has left: synchronize_srcu(). */
      readonly synchronizes?: Locks<C>;
      /** Waits until this holds: a wait queue, a counter that others bring back to zero. */
      readonly until?: (s: S, c: C, m: M) => boolean;
      /**
       * Nobody can disturb or see it: it reads what cannot change while the call is here (parameters, what its locks protect), and
       * writes nothing that others read. It runs in one go with the section before it; `--no-merge` shows that this loses nothing.
       */
      readonly local?: true;
      readonly run?: Run<S, M, C, R, V>;
      /** Keeps a function that is no `Run` of this call from passing for an object without any of these fields. */
      readonly apply?: never;
    };

/** A section that nobody can disturb or see (see `local` above). */
export function local<R>(run: R): { readonly local: true; readonly run: R } {
  return { local: true, run };
}

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

export interface Left {
  readonly says: string;
  readonly source: string;
  /** The cells that it may have changed, by their path in the state; any when absent. */
  readonly cells?: RegExp;
}
/** Whether a call that failed may have changed these cells. */
export function mayLeave(left: Left | undefined, changes: readonly { readonly cell: string }[]): boolean {
  return (
    left !== undefined && (left.cells === undefined || changes.every(({ cell }) => left.cells!.test(cell)))
  );
}
export type Leaves<E extends string = string> = { readonly [failure in E]?: Left };

/**
 * Who makes a call. Tasks are threads of user space, as many as the bound `tasks` says, each as good as another; a vCPU makes one call
 * at a time (vcpu->mutex), and its calls name it by their parameters `vm` and `vcpu`; of each call of the kernel's own, one
 * is under way at a time.
 */
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
  /**
   * The value that it gives says what the kernel offers, a bit each: of two designs, the one whose value has more bits offers more. Where
   * another value is given, a caller may do other things; here, one that asked for what was offered finds it still.
   */
  readonly offers?: true;
  /** Why the explorer does not make this call: it sets a scene that the initial state already has. */
  readonly unexplored?: string;
  readonly sections: Readonly<Record<L, Section<S, M, C, R, V>>>;
  /**
   * What runs when the call has its result, whatever that is and with all its locks dropped: fput() and its like, and what the last
   * reference takes with it.
   */
  readonly finally: Readonly<Record<string, Section<S, M, C, never, never>>>;
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
  readonly offers?: true;
  readonly unexplored?: string;
  readonly sections: Readonly<Record<L, Section<S, M, Context<P, K>, NoInfer<E | X>, NoInfer<V>>>>;
  readonly finally?: Readonly<Record<string, Section<S, M, Context<P, K>, never, never>>>;
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
    const { keeps, exits, also, leaves, finally: closing, ...rest } = spec;
    const twice = Object.keys(keeps ?? {}).find((name) => name in spec.takes);
    if (twice !== undefined)
      throw new TypeError(
        `${spec.kernel}: the call takes a parameter "${twice}", and keeps another value under its name`,
      );
    return {
      ...rest,
      finally: closing ?? {},
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
    /** Closing sections that replace those of the same label. */
    readonly finally?: Readonly<Record<string, Section<S, M, C, never, never>>>;
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
    finally: { ...call.finally, ...delta.finally },
    place: here(),
  } as unknown as Call<S, M, C, R | E, V, L | N>;
}
