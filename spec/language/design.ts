/**
 * Designs: a state, the calls on it, and how the state answers the questions of the promises. A shipped kernel
 * version, a proposal of a mailing list and a mutant are all designs; most are deltas of another one.
 */
import type { AnyCall, Chosen } from "./call.ts";
import type { Domain, Fields, TrackGroup, ValuesOf } from "./domain.ts";
import type { Outcome } from "./outcome.ts";
import type { Property } from "./property.ts";
import { here } from "./place.ts";

/** How many of each index a run explores, and which kinds: `{ vms: 2, files: 1, types: "any" }`. */
export type Bounds = Readonly<Record<string, number | string>>;

/** One bound of a design: a number up to `most`, or one of `values`; `default` holds where a vector is silent. */
export type BoundRule =
  | { readonly says: string; readonly default: number; readonly most: number }
  | { readonly says: string; readonly default: string; readonly values: readonly string[] };

/**
 * What a run keeps of the state. `full`: all. `no-contents`: all but the bytes. `skeleton`: neither pages nor
 * contents nor guest mappings nor caches. `watch`: all but pages, contents and guest mappings, and these too for one
 * location, chosen in every way, one after the other.
 */
export const PROFILES = ["full", "watch", "no-contents", "skeleton"] as const;
export type Profile = (typeof PROFILES)[number];

/** The groups that a profile leaves out everywhere; `watch` keeps one location of its groups. */
export const LEFT_OUT: Readonly<Record<Profile, readonly TrackGroup[]>> = {
  full: [],
  watch: ["pages", "contents", "mappings"],
  "no-contents": ["contents"],
  skeleton: ["pages", "contents", "mappings", "caches"],
};

/**
 * How calls meet. `sequential`: one after the other. `overlap`: section by section, with at most as many in flight as `overlap` says, from
 * every state in which none is. `full`: as `overlap`, with as many in flight as there are actors.
 */
export const MODES = ["sequential", "overlap", "full"] as const;
export type Mode = (typeof MODES)[number];

/** A call with its parameters. */
export interface GivenCall {
  readonly call: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A named subset of calls and of parameter values: a bound like a number, named in the verdict. */
export interface Scenario {
  readonly says: string;
  /** Made first, one after the other; the exploration begins where they end. */
  readonly given?: readonly GivenCall[];
  /** No odd values, and none of the parameter sets in `also`. */
  readonly legal?: true;
  /** Only these calls; all when absent. */
  readonly calls?: readonly string[];
  /** Not these calls. */
  readonly without?: readonly string[];
  /** Only parameter values that pass, judged beside the others: `{ fallocate: { mode: (v) => v === 3 } }`. */
  readonly only?: Readonly<
    Record<string, Readonly<Record<string, (value: never, params: Chosen) => boolean>>>
  >;
}

/** One run of a design: bounds, and what narrows them. */
export interface Vector {
  readonly bounds: Bounds;
  readonly scenario?: string;
  readonly track?: Profile;
  /** `sequential` when absent. */
  readonly mode?: Mode;
  /** The most calls in flight at once in mode `overlap`; 2 when absent. */
  readonly overlap?: number;
  /** Part of `--quick`, and of `npm start`. */
  readonly quick?: true;
}

/** A promise that the design is known to break, and is honest about. */
export interface KnownBreach {
  readonly property: string;
  readonly says: string;
  readonly source: string;
}

/**
 * Two calls whose overlap may end as no order of them does, and why that is right: the kernel lets it be so, and user space is told.
 */
export interface NotAtomic {
  readonly calls: readonly [string, string];
  /** Results, of the first and the second of `calls`, that are right though no order has them. */
  readonly results?: (first: Outcome, second: Outcome) => boolean;
  /** The state may be another one where the results are those of an order. With neither of the two, the calls may end in any way. */
  readonly state?: true;
  readonly says: string;
  readonly source: string;
}

export interface Design<S, M, V, Calls extends Readonly<Record<string, AnyCall>>> {
  readonly name: string;
  /** The question that the design answers, or what its delta changes. */
  readonly says: string;
  readonly source: string;
  readonly bounds: Readonly<Record<string, BoundRule>>;
  /** What is fixed for a run and seen by every section: sizes, capabilities, which real page a position stands for. */
  readonly machine: (bounds: Bounds) => M;
  /** How many of each index there are. */
  readonly sizes: (m: M) => Readonly<Record<string, number>>;
  readonly state: Domain<S>;
  /** Turns the state in which every domain has its first value into the initial one. */
  readonly init?: (s: S, m: M) => void;
  readonly calls: Calls;
  /** Made once for a run and asked in every state: its answers must read the state when they are asked, not when it is made. */
  readonly view: (s: S, m: M) => V;
  /** What the view cannot say whatever the kernel does, beyond what the common vocabulary rules out: in words, and null where it says nothing like it. */
  readonly contradiction?: (view: V, sizes: Readonly<Record<string, number>>) => string | null;
  /** What indices of the state stand for, where that is not plain: one line each, for people who read a trace. */
  readonly legend?: (m: M) => readonly string[];
  readonly promises: readonly Property<V>[];
  /** Claims about this design alone: the rules that its users meet, and what it must be able to reach. */
  readonly statements?: readonly Property<V>[];
  readonly knownBreaches?: readonly KnownBreach[];
  /** What linearizability does not ask of this design. */
  readonly notAtomic?: readonly NotAtomic[];
  readonly scenarios: Readonly<Record<string, Scenario>>;
  readonly vectors: readonly Vector[];
  readonly place: string;
  /** The calls of the design that this one is a variant of. */
  readonly inherits?: Readonly<Record<string, AnyCall>>;
}

/** A design of whatever state, as the checkers handle it. */
export type AnyDesign = Design<any, any, any, Readonly<Record<string, AnyCall>>>;

type Spec<D> = Omit<D, "place" | "inherits">;

export function design<S, M, V, Calls extends Readonly<Record<string, AnyCall<S, M>>>>(
  spec: Spec<Design<S, M, V, Calls>>,
): Design<S, M, V, Calls> {
  return { ...spec, place: here() };
}

/** What a version, a proposal or a mutant changes of another design. */
export interface Delta<S, M, V, Calls, D, A> {
  readonly name: string;
  readonly says: string;
  readonly source: string;
  /** Calls that replace those of the base, name by name. */
  readonly calls?: D;
  /** Calls that the base has not. */
  readonly adds?: A;
  /** Calls of the base that are gone. */
  readonly drops?: readonly (keyof Calls & string)[];
  readonly machine?: (bounds: Bounds) => M;
  readonly init?: (s: S, m: M) => void;
  readonly view?: (s: S, m: M) => V;
  readonly statements?: readonly Property<V>[];
  readonly knownBreaches?: readonly KnownBreach[];
  readonly notAtomic?: readonly NotAtomic[];
  readonly scenarios?: Readonly<Record<string, Scenario>>;
  readonly vectors?: readonly Vector[];
}

export function variant<
  S,
  M,
  V,
  Calls extends Readonly<Record<string, AnyCall<S, M>>>,
  D extends { readonly [K in keyof Calls]?: AnyCall<S, M> } = {},
  A extends Readonly<Record<string, AnyCall<S, M>>> = {},
>(
  base: Design<S, M, V, Calls>,
  delta: Delta<S, M, V, Calls, D, A>,
): Design<S, M, V, Omit<Calls, keyof D> & D & A> {
  const { calls, adds, drops, ...rest } = delta;
  for (const name of Object.keys(calls ?? {})) {
    if (base.calls[name] === undefined)
      throw new TypeError(
        `${delta.name}: ${base.name} has no call ${name} to change; it may be for \`adds\``,
      );
  }
  for (const name of Object.keys(adds ?? {})) {
    if (base.calls[name] !== undefined)
      throw new TypeError(
        `${delta.name}: ${base.name} has a call ${name}; it is for \`calls\`, not for \`adds\``,
      );
  }
  const all: Record<string, AnyCall> = { ...base.calls, ...calls, ...adds };
  for (const name of drops ?? []) delete all[name];
  return {
    ...base,
    statements: [],
    knownBreaches: [],
    ...rest,
    scenarios: { ...base.scenarios, ...delta.scenarios },
    calls: all as unknown as Omit<Calls, keyof D> & D & A,
    inherits: base.calls,
    place: here(),
  };
}

/** The same design with more state, for a variant whose calls need it. */
export function withState<S, M, V, Calls extends Readonly<Record<string, AnyCall<S, M>>>, F extends Fields>(
  base: Design<S, M, V, Calls>,
  fields: F,
): Design<S & ValuesOf<F>, M, V, Calls> {
  const { shape } = base.state;
  if (shape.kind !== "record")
    throw new TypeError(`the state of ${base.name} is no record, and cannot be extended`);
  const known = Object.keys(fields).find((name) => name in shape.fields);
  if (known !== undefined) throw new TypeError(`the state of ${base.name} has a field "${known}" already`);
  const state = { shape: { ...shape, fields: { ...shape.fields, ...fields } } };
  return { ...base, state } as unknown as Design<S & ValuesOf<F>, M, V, Calls>;
}
