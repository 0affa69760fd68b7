/**
 * What a transposition does to packed words, as straight-line code.
 *
 * Each bit of the image is a function of few bits of the state: a copy of one where a table's entry moves, and where a
 * value names one of the two indices a polynomial over GF(2) of the bits of that value and of those that say whether it is dead.
 * All bits that move by the same distance between the same words are moved in one go.
 */
import type { Transposition } from "./group.ts";
import { NoLeaves, bitsOf, type Bit, type Leaf } from "./leaves.ts";

/** A product of bits of the state, and the bit of the image to which it is added; without factors it is 1. */
interface Term {
  readonly factors: readonly Bit[];
  readonly to: Bit;
}

/** Expressions of the words of an image, by word; of a word that stays as it is there is none. */
export type Image = ReadonlyMap<number, (word: (w: number) => string) => string>;

/** More bits than this decide about one value: the table of their combinations is too large. */
const MOST_BITS = 12;

export function imageOf(leaves: readonly Leaf[], of: Transposition, words: number): Image {
  const targets = new Map(leaves.map((leaf) => [keyOf(leaf, (i) => i), leaf]));
  const terms = leaves.flatMap((leaf) => {
    const to = targets.get(keyOf(leaf, (index, bound, owner) => moved(of, index, bound, owner)));
    if (to === undefined) throw new Error(`${leaf.path} has no counterpart`);
    return termsOf(leaf, to, of);
  });
  const image = new Map<number, (word: (w: number) => string) => string>();
  for (let word = 0; word < words; word++) {
    const own = terms.filter(({ to }) => to.word === word);
    if (!own.every(({ factors, to }) => factors.length === 1 && sameBit(factors[0]!, to)))
      image.set(word, expression(own));
  }
  return image;
}

type Move = (index: number, bound: string, owners: Readonly<Record<string, number>>) => number;

/** What two leaves share of which one goes to the other. */
function keyOf({ pattern, at }: Leaf, move: Move): string {
  const owners: Record<string, number> = {};
  const to = at.map(({ bound, ordered, index }) => {
    const moved = ordered ? index : move(index, bound, owners);
    if (!ordered) owners[bound] ??= index;
    return moved;
  });
  return `${pattern} ${to.join(" ")}`;
}

function moved(
  { bound, owner, a, b }: Transposition,
  index: number,
  of: string,
  owners: Readonly<Record<string, number>>,
): number {
  if (of !== bound || (owner !== null && owners[owner.bound] !== owner.at)) return index;
  return index === a ? b : index === b ? a : index;
}

function sameBit(a: Bit, b: Bit): boolean {
  return a.word === b.word && a.bit === b.bit;
}

/** What the value of `leaf` adds to the image, in which it is at `to`. */
function termsOf(leaf: Leaf, to: Leaf, of: Transposition): Term[] {
  const [from, target] = [bitsOf(leaf), bitsOf(to)];
  if (leaf.names?.bound !== of.bound || of.owner !== null)
    return from.map((bit, i) => ({ factors: [bit], to: target[i]! }));
  const { inputs, table } = rewriting(leaf, of);
  return target.flatMap((bit, i) =>
    polynomial(
      inputs.length,
      (at) => (table[at] === undefined ? null : (table[at]! >> i) & 1),
      (at) => (at >> i) & 1,
    ).map((product) => ({ factors: inputs.filter((_, k) => ((product >> k) & 1) === 1), to: bit })),
  );
}

/** The value after a transposition, for every combination of bits that can be: those of the leaf first, then those that say whether it is dead. */
function rewriting(leaf: Leaf, { a, b }: Transposition): { inputs: Bit[]; table: (number | undefined)[] } {
  const others = [...new Set([leaf.guard ?? [], ...leaf.alive.flatMap(({ leaves }) => leaves)].flat())];
  // A value that may be absent says so itself.
  const deciding = leaf.names!.from > 0 ? [] : others.filter((other) => other !== leaf);
  const inputs = [leaf, ...deciding].flatMap(bitsOf);
  if (inputs.length > MOST_BITS)
    throw new NoLeaves(`${inputs.length} bits decide whether ${leaf.path} is dead`);
  const { from } = leaf.names!;
  const swapped = (value: number): number =>
    value === a + from ? b + from : value === b + from ? a + from : value;
  const table = Array.from({ length: 2 ** inputs.length }, (_, at) => {
    const value = at & (2 ** leaf.width - 1);
    let rest = at >> leaf.width;
    const values = new Map<Leaf, number>([[leaf, value]]);
    for (const other of deciding) {
      values.set(other, rest & (2 ** other.width - 1));
      rest >>= other.width;
    }
    if ([...values].some(([{ count }, v]) => v >= count)) return undefined;
    if (deciding.length === 0 || isAlive(leaf, values)) return swapped(value);
    return value === 0 ? 0 : undefined;
  });
  return { inputs, table };
}

function isAlive({ guard, alive }: Leaf, values: ReadonlyMap<Leaf, number>): boolean {
  if (guard !== null && values.get(guard) === 0) return false;
  return alive.every(
    ({ leaves, holds }) => holds[leaves.reduce((at, leaf) => at * leaf.count + values.get(leaf)!, 0)]!,
  );
}

/**
 * The products whose sum modulo 2 is a function of n bits, each as a set of bits. Where the function may be anything (null), the
 * shorter of two: with no product of its own there, or with `otherwise` for its value.
 */
function polynomial(
  n: number,
  wanted: (at: number) => number | null,
  otherwise: (at: number) => number,
): number[] {
  const free: number[] = [];
  const sums = new Uint8Array(2 ** n);
  for (let at = 0; at < 2 ** n; at++) {
    const value = wanted(at);
    if (value === null) continue;
    let sum = value;
    for (const product of free) if ((product & at) === product) sum ^= 1;
    if (sum === 1) free.push(at);
  }
  for (let at = 0; at < 2 ** n; at++) sums[at] = wanted(at) ?? otherwise(at);
  for (let i = 0; i < n; i++)
    for (let at = 0; at < 2 ** n; at++) if (((at >> i) & 1) === 1) sums[at]! ^= sums[at ^ (1 << i)]!;
  const full = [...sums.keys()].filter((at) => sums[at] === 1);
  const cost = (products: readonly number[]): number =>
    products.reduce((sum, p) => sum + bitCount(p), products.length);
  return cost(free) <= cost(full) ? free : full;
}

function bitCount(n: number): number {
  return n === 0 ? 0 : (n & 1) + bitCount(n >> 1);
}

/** The sum of the terms of one word; those with the same factors at the same distances share one mask. */
function expression(terms: readonly Term[]): (word: (w: number) => string) => string {
  const masks = new Map<string, { parts: { word: number; by: number }[]; mask: number }>();
  for (const { factors, to } of terms) {
    const parts = factors.map(({ word, bit }) => ({ word, by: to.bit - bit }));
    const key = JSON.stringify(parts);
    const group = masks.get(key) ?? { parts, mask: 0 };
    group.mask |= 1 << to.bit;
    masks.set(key, group);
  }
  const groups = [...masks.values()];
  return (word) =>
    groups.length === 0
      ? "0"
      : groups
          .map(({ parts, mask }) =>
            masked(
              parts.map((part) => shifted(word(part.word), part.by)),
              mask,
            ),
          )
          .join(" ^ ");
}

function masked(factors: readonly string[], mask: number): string {
  return factors.length === 0 ? `${mask}` : `(${[...factors, mask].join(" & ")})`;
}

export function shifted(word: string, by: number): string {
  return by === 0 ? word : by > 0 ? `(${word} << ${by})` : `(${word} >>> ${-by})`;
}

/** The image as a function on packed words, in place. */
export function makeSwap(image: Image): (words: Int32Array, offset: number) => void {
  const made = [...image].map(([w, text]) => `const t${w} = ${text((from) => `words[o + ${from}]`)};`);
  const store = [...image.keys()].map((w) => `words[o + ${w}] = t${w};`);
  const text = `"use strict"; ${made.join(" ")} ${store.join(" ")}`;
  return new Function("words", "o", text) as (words: Int32Array, offset: number) => void;
}
