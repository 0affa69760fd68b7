/**
 * Domains: the finite sets of values that state is built from.
 *
 * A domain is plain data. The author's TypeScript type follows from it (`ValueOf<typeof d>`), and the
 * checkers enumerate, pack, print and compare values by walking its `shape`.
 */

declare const brand: unique symbol;
declare const carried: unique symbol;

/** One of several interchangeable things (a VM, a file, a slot): it has identity and no order. */
export type Id<Bound extends string = string> = number & { readonly [brand]: Bound };

/** A table indexed by an `Id`. An id of another kind, or a bare number, does not compile as its index. */
export type Table<I extends Id, T> = { [index in I]: T } & {
  readonly length: number;
  [Symbol.iterator](): Iterator<T>;
};

/** A table indexed by a position (a page of a file, a gfn): positions are ordered and can be added. */
export interface Row<T> {
  readonly length: number;
  [position: number]: T;
  [Symbol.iterator](): Iterator<T>;
}

/** What a domain is made of, for the checkers that walk it. */
export type Shape =
  | { readonly kind: "bool" }
  | { readonly kind: "oneOf"; readonly values: readonly string[] }
  | { readonly kind: "upTo"; readonly bound: string }
  | { readonly kind: "index"; readonly bound: string; readonly ordered: boolean }
  | { readonly kind: "maybe"; readonly of: AnyDomain }
  | { readonly kind: "record"; readonly fields: Fields; readonly dead: DeadFields }
  | { readonly kind: "per"; readonly index: AnyDomain; readonly of: AnyDomain }
  | { readonly kind: "tracked"; readonly group: TrackGroup; readonly of: AnyDomain }
  | { readonly kind: "location"; readonly of: AnyDomain }
  | {
      readonly kind: "pointing";
      readonly of: AnyDomain;
      readonly field: string;
      readonly to: (at: never) => string;
    };

export interface Domain<T> {
  readonly shape: Shape;
  readonly [carried]?: T;
}
export type AnyDomain = Domain<unknown>;
export type Fields = Readonly<Record<string, AnyDomain>>;
export type DeadFields = Readonly<Record<string, (owner: never) => boolean>>;

/** The TypeScript type of a domain's values. */
export type ValueOf<D> = D extends Domain<infer T> ? T : never;
export type ValuesOf<F extends Fields> = { -readonly [K in keyof F]: ValueOf<F[K]> };

/**
 * Parts of a state that a run can leave out (see `Profile` in design.ts): `pages` is what the page
 * cache and the host's page tables hold, `contents` the bytes, `mappings` the guest's page tables,
 * `caches` whatever else a processor remembers.
 */
export type TrackGroup = "pages" | "contents" | "mappings" | "caches";

export const bool: Domain<boolean> = { shape: { kind: "bool" } };

export function oneOf<const T extends string>(...values: readonly T[]): Domain<T> {
  return { shape: { kind: "oneOf", values } };
}

/** A count from 0 to the bound, both included. */
export function upTo(bound: string): Domain<number> {
  return { shape: { kind: "upTo", bound } };
}

/** Interchangeable things, as many as the bound says. */
export function id<const B extends string>(bound: B): Domain<Id<B>> {
  return { shape: { kind: "index", bound, ordered: false } };
}

/** Positions 0 to bound - 1 on an axis: ordered, adjacent ones touch. */
export function position(bound: string): Domain<number> {
  return { shape: { kind: "index", bound, ordered: true } };
}

export function maybe<T>(of: Domain<T>): Domain<T | null> {
  return { shape: { kind: "maybe", of } };
}

/**
 * Named fields. A field that is *dead* in some states (its value can influence nothing) says when, from the
 * record that holds it; states that differ only in dead fields are one state.
 */
export function record<F extends Fields>(
  fields: F,
  dead: { readonly [K in keyof F]?: (owner: Readonly<ValuesOf<F>>) => boolean } = {},
): Domain<ValuesOf<F>> {
  return { shape: { kind: "record", fields, dead: dead as DeadFields } };
}

export function per<B extends string, T>(index: Domain<Id<B>>, of: Domain<T>): Domain<Table<Id<B>, T>>;
export function per<T>(index: Domain<number>, of: Domain<T>): Domain<Row<T>>;
export function per(index: AnyDomain, of: AnyDomain): AnyDomain {
  if (index.shape.kind !== "index") {
    throw new TypeError(
      `per(…) needs an index as its first argument, made by id(…) or position(…), not ${index.shape.kind}`,
    );
  }
  return { shape: { kind: "per", index, of } };
}

/** Cells that belong to a group which a tracking profile may leave out. */
export function tracked<T>(group: TrackGroup, of: Domain<T>): Domain<T> {
  return { shape: { kind: "tracked", group, of } };
}

/** One place in memory: the profile `watch` tracks the groups `pages` and `contents` of one location only. */
export function location<T>(of: Domain<T>): Domain<T> {
  return { shape: { kind: "location", of } };
}

/**
 * A cell that may point to a location: `field` of the record says which, and `to` gives its path in the state
 * (`inodes[0].pages[1]`). Where the cell's group is left out, `watch` keeps it while it points to the watched location.
 */
export function pointing<T extends object, K extends keyof T & string>(
  field: K,
  to: (at: T[K]) => string,
  of: Domain<T | null>,
): Domain<T | null> {
  return { shape: { kind: "pointing", of, field, to: to as (at: never) => string } };
}

/** As many as most designs need; more are made when they are asked for. */
const NUMBERS = Array.from({ length: 9 }, (_, length) => Array.from({ length }, (_, n) => n));

/** The ids of a table, in order: `for (const vm of ids(s.vms))`. */
export function ids<I extends Id, T>(table: Table<I, T>): readonly I[] {
  return positions(table.length) as readonly I[];
}

/** 0 … length - 1, without making a new array each time. */
export function positions(length: number): readonly number[] {
  for (let n = NUMBERS.length; n <= length; n++) NUMBERS.push([...NUMBERS[n - 1]!, n - 1]);
  return NUMBERS[length]!;
}
