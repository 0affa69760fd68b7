/**
 * Which indices of a state may change places, and what a change of places does to a state.
 *
 * Only `id(…)` indices can be interchangeable: positions are ordered. A permutation moves the entries of the tables that an
 * index has, and rewrites the values that name it. An index whose tables all lie inside the entries of one other index, its owner
 * (the slots of a VM), and which no value of the state names, may be permuted for each owner apart. That something may
 * be permuted is a claim; `licence.ts` tests it.
 */
import type { AnyDomain } from "../../spec/language/domain.ts";
import { sizeOf, type Sizes } from "../explore/walk.ts";

/** A bound whose indices are interchangeable within each class. */
export interface Interchange {
  readonly bound: string;
  /** The bound whose every index has a permutation of its own; null where one permutation holds everywhere. */
  readonly owner: string | null;
  /** Indices that are alike, two at least in each class. */
  readonly classes: readonly (readonly number[])[];
}

export type Group = readonly Interchange[];

/** Two indices of a bound that change places; where the bound has an owner, those of one owner. */
export interface Transposition {
  readonly bound: string;
  readonly owner: { readonly bound: string; readonly at: number } | null;
  readonly a: number;
  readonly b: number;
}

/** Where a bound occurs in a state. */
export interface Occurrence {
  readonly bound: string;
  readonly size: number;
  /** Tables that it is the index of, as `vms[].slots`, with the unordered indices around each, from the outside in. */
  readonly tables: readonly { readonly path: string; readonly inside: readonly string[] }[];
  /** Cells that name one of its indices, as `files[].owner`. */
  readonly values: readonly string[];
}

/** The unordered bounds of a state that have two indices at least, in the order of the declaration. */
export function occurrences(domain: AnyDomain, sizes: Sizes): Occurrence[] {
  const found = new Map<string, { tables: Occurrence["tables"][number][]; values: string[] }>();
  const of = (bound: string) => {
    if (!found.has(bound)) found.set(bound, { tables: [], values: [] });
    return found.get(bound)!;
  };
  const visit = ({ shape }: AnyDomain, path: string, inside: readonly string[]): void => {
    if (shape.kind === "index" && !shape.ordered) of(shape.bound).values.push(path);
    else if (shape.kind === "record")
      for (const [name, field] of Object.entries(shape.fields)) visit(field, join(path, name), inside);
    else if (shape.kind === "per") {
      const index = shape.index.shape;
      const unordered = index.kind === "index" && !index.ordered ? index.bound : null;
      if (unordered !== null) of(unordered).tables.push({ path, inside });
      visit(shape.of, `${path}[]`, unordered === null ? inside : [...inside, unordered]);
    } else if ("of" in shape) visit(shape.of, path, inside);
  };
  visit(domain, "", []);
  return [...found]
    .map(([bound, where]) => ({ bound, size: sizeOf(sizes, bound), ...where }))
    .filter(({ size }) => size > 1);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** The bound inside whose entries all tables of another lie, when no value names that one; else null. */
export function ownerOf({ bound, tables, values }: Occurrence, sizes: Sizes): string | null {
  if (values.length > 0) return null;
  const owner = tables[0]?.inside[0];
  // To one owner only, everywhere is the same.
  if (owner === undefined || owner === bound || sizeOf(sizes, owner) === 1) return null;
  const alone = ({ inside }: Occurrence["tables"][number]): boolean =>
    inside[0] === owner && inside.indexOf(owner, 1) < 0 && !inside.includes(bound);
  return tables.every(alone) ? owner : null;
}

/** Neighbours in each class: they generate the group. */
export function generators(group: Group, sizes: Sizes): Transposition[] {
  return group.flatMap(({ bound, owner, classes }) => {
    const owners =
      owner === null ? [null] : indices(sizeOf(sizes, owner)).map((at) => ({ bound: owner, at }));
    const pairs = classes.flatMap((alike) => alike.slice(1).map((b, i) => ({ a: alike[i]!, b })));
    return owners.flatMap((of) => pairs.map((pair) => ({ bound, owner: of, ...pair })));
  });
}

export function indices(size: number): number[] {
  return Array.from({ length: size }, (_, i) => i);
}

export function transpositionText({ bound, owner, a, b }: Transposition): string {
  return `${bound} ${a} and ${b}${owner === null ? "" : ` of ${owner.bound} ${owner.at}`}`;
}

/**
 * A permutation of the indices of every bound: where each goes. That of a bound with an owner is a list for each index of the
 * owner, numbered as before the permutation. A bound that is not there stays as it is.
 */
export interface Permutation {
  readonly everywhere: Readonly<Record<string, readonly number[]>>;
  readonly owned: Readonly<
    Record<string, { readonly owner: string; readonly by: readonly (readonly number[])[] }>
  >;
}

export const IDENTITY: Permutation = { everywhere: {}, owned: {} };

export function permutationOf({ bound, owner, a, b }: Transposition, sizes: Sizes): Permutation {
  const swapped = indices(sizeOf(sizes, bound)).map((i) => (i === a ? b : i === b ? a : i));
  if (owner === null) return { everywhere: { [bound]: swapped }, owned: {} };
  const by = indices(sizeOf(sizes, owner.bound)).map((at) =>
    at === owner.at ? swapped : indices(swapped.length),
  );
  return { everywhere: {}, owned: { [bound]: { owner: owner.bound, by } } };
}

/** Where an index goes; `owners` are the indices around it, by bound. */
export function image(
  { everywhere, owned }: Permutation,
  bound: string,
  index: number,
  owners: Readonly<Record<string, number>>,
): number {
  const local = owned[bound];
  const moved = local === undefined ? everywhere[bound] : local.by[owners[local.owner] ?? -1];
  return moved?.[index] ?? index;
}

/** First `first`, then `second`. */
export function compose(first: Permutation, second: Permutation): Permutation {
  const everywhere: Record<string, readonly number[]> = { ...second.everywhere };
  for (const [bound, moved] of Object.entries(first.everywhere))
    everywhere[bound] = moved.map((i) => image(second, bound, i, {}));
  const owned: Record<string, Permutation["owned"][string]> = {};
  for (const [bound, { owner, by }] of [...Object.entries(second.owned), ...Object.entries(first.owned)]) {
    const at = (v: number): Record<string, number> => ({ [owner]: image(first, owner, v, {}) });
    const size = by[0]!.length;
    owned[bound] = {
      owner,
      by: by.map((_, v) =>
        indices(size).map((i) => image(second, bound, image(first, bound, i, { [owner]: v }), at(v))),
      ),
    };
  }
  return { everywhere, owned };
}

export function inverse(of: Permutation): Permutation {
  const everywhere = Object.fromEntries(
    Object.entries(of.everywhere).map(([bound, moved]) => [bound, inverted(moved)]),
  );
  const owned = Object.fromEntries(
    Object.entries(of.owned).map(([bound, { owner, by }]) => {
      const back: number[][] = [];
      by.forEach((moved, v) => (back[image(of, owner, v, {})] = inverted(moved)));
      return [bound, { owner, by: back }];
    }),
  );
  return { everywhere, owned };
}

function inverted(moved: readonly number[]): number[] {
  const back: number[] = [];
  moved.forEach((to, from) => (back[to] = from));
  return back;
}

/** A value of a domain with its indices permuted: the plain form, slow and obvious, of what canonical.ts does to packed words. */
export function permuteValue(
  domain: AnyDomain,
  value: unknown,
  by: Permutation,
  owners: Readonly<Record<string, number>> = {},
): unknown {
  return permuted(domain, value, by, owners);
}

function permuted(
  { shape }: AnyDomain,
  value: unknown,
  by: Permutation,
  owners: Readonly<Record<string, number>>,
): unknown {
  if (value === null || value === undefined) return value;
  if (shape.kind === "index") return shape.ordered ? value : image(by, shape.bound, value as number, owners);
  if (shape.kind === "record") {
    const plain = value as Record<string, unknown>;
    const fields = Object.entries(shape.fields);
    return Object.fromEntries(fields.map(([name, of]) => [name, permuted(of, plain[name], by, owners)]));
  }
  if (shape.kind === "per") {
    const index = shape.index.shape;
    const table: unknown[] = [];
    (value as unknown[]).forEach((element, i) => {
      if (index.kind !== "index" || index.ordered) table[i] = permuted(shape.of, element, by, owners);
      else
        table[image(by, index.bound, i, owners)] = permuted(shape.of, element, by, {
          [index.bound]: i,
          ...owners,
        });
    });
    return table;
  }
  return "of" in shape ? permuted(shape.of, value, by, owners) : value;
}

/** How many permutations a group has. */
export function order(group: Group, sizes: Sizes): number {
  return group.reduce((product, { owner, classes }) => {
    const each = classes.reduce((n, { length }) => n * factorial(length), 1);
    return product * (owner === null ? each : each ** sizeOf(sizes, owner));
  }, 1);
}

export function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

/** Every permutation of a group; for small ones. */
export function* elements(group: Group, sizes: Sizes): Generator<Permutation> {
  const seen = new Set([JSON.stringify(normal(IDENTITY, group, sizes))]);
  const queue = [IDENTITY];
  const steps = generators(group, sizes).map((of) => permutationOf(of, sizes));
  for (const at of queue) {
    yield at;
    for (const step of steps) {
      const next = compose(at, step);
      const key = JSON.stringify(normal(next, group, sizes));
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(next);
    }
  }
}

/** The same permutation with nothing left out, so that equal ones are written alike. */
function normal(of: Permutation, group: Group, sizes: Sizes): unknown {
  return group.map(({ bound, owner }) => {
    const all = indices(sizeOf(sizes, bound));
    const around = owner === null ? [{}] : indices(sizeOf(sizes, owner)).map((at) => ({ [owner]: at }));
    return around.map((owners) => all.map((i) => image(of, bound, i, owners)));
  });
}
