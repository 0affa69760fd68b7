/**
 * Canonical forms of packed states under a group of permutations, as generated straight-line code.
 *
 * What is owned (the slots of each VM) is sorted by all its bits. Of every other class of indices the entries are first sorted by a
 * key: those of their bits that no permutation rewrites. That leaves the images in which entries with equal keys change places; a small
 * group tries all of them and takes the least, so that two states have one form exactly when one is an image of the other. A large
 * one changes neighbours as long as that makes the state less: its form is an image of the state, which is all that soundness needs, and some
 * orbits have several.
 */
import {
  factorial,
  generators,
  order,
  permutationOf,
  compose,
  IDENTITY,
  type Group,
  type Permutation,
  type Transposition,
} from "./group.ts";
import { imageOf, shifted, type Image } from "./image.ts";
import { NoLeaves, bitsOf, type Bit, type Leaf } from "./leaves.ts";
import { sizeOf, type Sizes } from "../explore/walk.ts";

export interface Canonical {
  readonly group: Group;
  /** Two states have one form exactly when they are images of each other. */
  readonly minimal: boolean;
  /** How many permutations there are. */
  readonly order: number;
  /** Makes the state at `offset` canonical: 0 when it was, 1 when it has changed. */
  canonicalise(words: Int32Array, offset: number): number;
  /** Makes `count` states from the first word on canonical. */
  canonicaliseAll(words: Int32Array, count: number): void;
  /** The permutation that `canonicalise` applies to this state, which stays as it is. */
  witness(words: Int32Array, offset: number): Permutation;
}

/** Up to so many permutations of what is not owned, every image is tried. */
const MOST_IMAGES = 48;
/** Rounds of changing neighbours in a large group. */
const ROUNDS = 8;
/** Bits of a key: it is compared as a number. */
const KEY_BITS = 31;

/** Whether all images are tried: then an orbit has one form. What has owners is sorted, and multiplies nothing. */
export function isMinimal(group: Group): boolean {
  const free = group.filter(({ owner }) => owner === null).flatMap(({ classes }) => classes);
  return free.reduce((product, { length }) => product * factorial(length), 1) <= MOST_IMAGES;
}

export function makeCanonical(leaves: readonly Leaf[], words: number, sizes: Sizes, group: Group): Canonical {
  const maker = new Maker(leaves, words, sizes, group);
  const { canonicalise, canonicaliseAll } = maker.make();
  const trace = maker.makeTraced();
  const steps = maker.steps.map((step) => permutationOf(step, sizes));
  const witness = (from: Int32Array, offset: number): Permutation =>
    trace(from.slice(offset, offset + words), 0).reduce((sum, at) => compose(sum, steps[at]!), IDENTITY);
  return {
    group,
    minimal: maker.minimal,
    order: order(group, sizes),
    canonicalise,
    canonicaliseAll,
    witness,
  };
}

/** Alike indices of a bound that has no owner: the key of each, and its change of places with the next one. */
interface Level {
  readonly keys: readonly (readonly Bit[])[];
  readonly swaps: readonly number[];
}

/** Alike indices of one owner: all bits of each, in chunks that are compared as numbers. */
interface Sorted {
  readonly entries: readonly (readonly (readonly Bit[])[])[];
  readonly swaps: readonly number[];
}

type Canonicalise = Pick<Canonical, "canonicalise" | "canonicaliseAll">;

class Maker {
  /** Changes of places, by the number that the generated code logs. */
  readonly steps: readonly Transposition[];
  readonly minimal: boolean;
  private readonly leaves: readonly Leaf[];
  private readonly words: number;
  private readonly images: readonly Image[];
  private readonly levels: Level[] = [];
  private readonly sorted: Sorted[] = [];
  private traced = false;
  private locals = 0;

  constructor(leaves: readonly Leaf[], words: number, sizes: Sizes, group: Group) {
    this.leaves = leaves;
    this.words = words;
    this.steps = generators(group, sizes);
    this.images = this.steps.map((step) => imageOf(leaves, step, words));
    this.addLevels(group, sizes);
    this.minimal = isMinimal(group);
  }

  private addLevels(group: Group, sizes: Sizes): void {
    const active = new Set(group.map(({ bound }) => bound));
    const owned = group.filter(({ owner }) => owner !== null).map(({ bound }) => bound);
    for (const { path, at } of this.leaves)
      if (at.filter(({ bound }) => owned.includes(bound)).length > 1)
        throw new NoLeaves(`${path} is inside two tables of which each owner has its own permutation`);
    for (const { bound, owner, classes } of group) {
      for (const alike of classes) {
        if (owner === null) this.levels.push(this.level(bound, alike, active));
        else
          for (let at = 0; at < sizeOf(sizes, owner); at++)
            this.sorted.push(this.ofOwner(bound, { bound: owner, at }, alike));
      }
    }
  }

  private level(bound: string, alike: readonly number[], active: ReadonlySet<string>): Level {
    const keys = alike.map((i) =>
      this.leaves
        .filter(({ at, names }) => {
          const around = at.filter((of) => active.has(of.bound));
          const isOf = around.length === 1 && around[0]!.bound === bound && around[0]!.index === i;
          return isOf && (names === null || !active.has(names.bound));
        })
        .flatMap(bitsOf)
        .slice(0, KEY_BITS),
    );
    return { keys, swaps: this.swapsOf(bound, null, alike) };
  }

  private ofOwner(bound: string, owner: { bound: string; at: number }, alike: readonly number[]): Sorted {
    const entries = alike.map((i) => {
      const own = this.leaves.filter(
        ({ at }) => indexOf(at, bound) === i && indexOf(at, owner.bound) === owner.at,
      );
      return chunks(own.flatMap(bitsOf));
    });
    return { entries, swaps: this.swapsOf(bound, owner.at, alike) };
  }

  private swapsOf(bound: string, owner: number | null, alike: readonly number[]): number[] {
    const own = (of: Transposition): boolean => of.bound === bound && (of.owner?.at ?? null) === owner;
    return alike.slice(1).map((b) => this.steps.findIndex((of) => own(of) && of.b === b));
  }

  make(): Canonicalise {
    this.traced = false;
    const body = this.form();
    const load = this.each((w) => `let a${w} = words[o + ${w}]; const r${w} = a${w};`);
    const store = this.each((w) => `if (m${w} !== r${w}) words[o + ${w}] = m${w};`);
    const changed = this.each((w) => `m${w} !== r${w}`, " || ");
    const text = `"use strict"; return {
      canonicalise(words, o) { ${load} ${body} ${store} return ${changed} ? 1 : 0; },
      canonicaliseAll(words, count) {
        for (let o = 0, end = count * ${this.words}; o < end; o += ${this.words}) { ${load} ${body} ${store} }
      } };`;
    return (new Function(text) as () => Canonicalise)();
  }

  /** The same code, with a log of the changes that lead to the form. */
  makeTraced(): (words: Int32Array, offset: number) => number[] {
    this.traced = true;
    const load = this.each((w) => `let a${w} = words[o + ${w}];`);
    const text = `"use strict"; ${load} let aL = []; ${this.form()} return mL;`;
    return new Function("words", "o", text) as (words: Int32Array, offset: number) => number[];
  }

  /** Code that makes the words m0, m1 … of the form of a0, a1 …. */
  private form(): string {
    const sort = this.levels.map((level) => this.sortByKeys(level, "a")).join("\n");
    const found = this.each((w) => `let m${w} = a${w};`) + this.log("let mL = aL.slice();");
    const best = this.minimal ? this.everyImage() : this.descent();
    return `${sort}\n${this.sortOwned("a")}\n${found}\n${best}`;
  }

  private each(of: (w: number) => string, between = " "): string {
    return Array.from({ length: this.words }, (_, w) => of(w)).join(between);
  }

  private log(text: string): string {
    return this.traced ? text : "";
  }

  /** Code that makes two indices change places in the words of `p`. */
  private swap(step: number, p: string): string {
    const image = [...this.images[step]!];
    const logged = this.log(`${p}L.push(${step});`);
    const word = (w: number): string => `${p}${w}`;
    if (image.length === 1) return `${p}${image[0]![0]} = ${image[0]![1](word)};${logged}`;
    const made = image.map(([w, text]) => `const t${w} = ${text(word)};`).join(" ");
    return `{ ${made} ${image.map(([w]) => `${p}${w} = t${w};`).join(" ")} }${logged}`;
  }

  private sortByKeys({ keys, swaps }: Level, p: string): string {
    if (keys[0]!.length === 0) return "";
    return bubble(keys.length)
      .map((i) => `if (${gather(keys[i]!, p)} > ${gather(keys[i + 1]!, p)}) { ${this.swap(swaps[i]!, p)} }`)
      .join("\n");
  }

  private sortOwned(p: string): string {
    return this.sorted
      .flatMap(({ entries, swaps }) =>
        bubble(entries.length).map((i) => this.exchange(entries[i]!, entries[i + 1]!, swaps[i]!, p)),
      )
      .join("\n");
  }

  /** Code that brings two entries into order: what they differ in is added to both. */
  private exchange(
    one: Sorted["entries"][number],
    two: Sorted["entries"][number],
    step: number,
    p: string,
  ): string {
    const lets = one.map((bits, i) => `const x${i} = ${gather(bits, p)}, y${i} = ${gather(two[i]!, p)};`);
    const add = one.map((bits, i) => `const d = x${i} ^ y${i}; ${scatter([bits, two[i]!], "d", p)}`);
    const adds = add.map((text) => `{ ${text} }`).join(" ");
    const greater = less(one.map((_, i) => [`y${i}`, `x${i}`] as const));
    return `{ ${lets.join(" ")} if (${greater}) { ${adds} ${this.log(`${p}L.push(${step});`)} } }`;
  }

  /** Code that tries the images in which entries with equal keys change places. */
  private everyImage(): string {
    const ties = this.levels.map(({ keys }, l) => {
      const equal = keys.slice(1).map((key, i) => `${gather(keys[i]!, "a")} === ${gather(key, "a")}`);
      return `const tie${l} = ${keys[0]!.length === 0 ? "true" : equal.join(" || ")};`;
    });
    return `${ties.join("\n")}\n${this.tried(0, "a", true)}`;
  }

  private tried(l: number, p: string, first: boolean): string {
    const level = this.levels[l];
    if (level === undefined) return first ? "" : `${this.sortOwned(p)} ${this.keepLesser(p)}`;
    const q = `b${this.locals++}_`;
    const copy = this.each((w) => `let ${q}${w} = ${p}${w};`) + this.log(`let ${q}L = ${p}L.slice();`);
    const images = changes(level.swaps.length + 1).map((i) => {
      const inner = this.tried(l + 1, q, false);
      const inOrder = level.keys
        .slice(1)
        .map((key, j) => `${gather(level.keys[j]!, q)} <= ${gather(key, q)}`);
      const guarded = level.swaps.length === 1 || level.keys[0]!.length === 0;
      return `${this.swap(level.swaps[i]!, q)} ${guarded ? inner : `if (${inOrder.join(" && ")}) { ${inner} }`}`;
    });
    return `${this.tried(l + 1, p, first)}\nif (tie${l}) { ${copy} ${images.join("\n")} }`;
  }

  private keepLesser(p: string): string {
    const pairs = Array.from({ length: this.words }, (_, w) => [`${p}${w}`, `m${w}`] as const);
    const keep = this.each((w) => `m${w} = ${p}${w};`) + this.log(`mL = ${p}L.slice();`);
    return `if (${less(pairs)}) { ${keep} }`;
  }

  /** Code that changes neighbours with equal keys as long as that makes the state less. */
  private descent(): string {
    const tries = this.levels.flatMap(({ keys, swaps }) =>
      swaps.map((step, i) => {
        const copy = this.each((w) => `let b${w} = m${w};`) + this.log("let bL = mL.slice();");
        const equal =
          keys[0]!.length === 0 ? "true" : `${gather(keys[i]!, "m")} === ${gather(keys[i + 1]!, "m")}`;
        const keep = this.keepLesser("b").replace(/\}$/, "moved = true; }");
        return `if (${equal}) { ${copy} ${this.swap(step, "b")} ${this.sortOwned("b")} ${keep} }`;
      }),
    );
    return `for (let round = 0, moved = true; moved && round < ${ROUNDS}; round++) { moved = false; ${tries.join("\n")} }`;
  }
}

/** The index of a bound that is outermost on the way to a leaf. */
function indexOf(at: Leaf["at"], bound: string): number | undefined {
  return at.find((of) => of.bound === bound)?.index;
}

function chunks(bits: readonly Bit[]): Bit[][] {
  const count = Math.ceil(bits.length / KEY_BITS);
  return Array.from({ length: count }, (_, i) => bits.slice(i * KEY_BITS, (i + 1) * KEY_BITS));
}

/** The number made of these bits, the first one lowest. */
function gather(bits: readonly Bit[], p: string): string {
  const masks = distances(bits);
  return masks.length === 0
    ? "0"
    : `(${masks.map(({ word, by, mask }) => `(${shifted(`${p}${word}`, -by)} & ${mask})`).join(" | ")})`;
}

/** Adds a number to the bits of both entries. */
function scatter(entries: readonly (readonly Bit[])[], d: string, p: string): string {
  const parts = entries.flatMap((bits) => distances(bits));
  const words = [...new Set(parts.map(({ word }) => word))];
  return words
    .map((word) => {
      const own = parts.filter((part) => part.word === word);
      const moved = own.map(({ by, mask }) => shifted(`(${d} & ${mask})`, by));
      return `${p}${word} ^= ${moved.join(" ^ ")};`;
    })
    .join(" ");
}

/** The bits of a number by the word that each is in and its distance there; masks are of the number. */
function distances(bits: readonly Bit[]): { word: number; by: number; mask: number }[] {
  const masks = new Map<string, { word: number; by: number; mask: number }>();
  bits.forEach(({ word, bit }, i) => {
    const key = `${word} ${bit - i}`;
    const known = masks.get(key) ?? { word, by: bit - i, mask: 0 };
    known.mask |= 1 << i;
    masks.set(key, known);
  });
  return [...masks.values()];
}

/** The condition that the first of each pair, in this order, are less than the second. */
function less(pairs: readonly (readonly [string, string])[]): string {
  const [first, ...rest] = pairs;
  if (first === undefined) return "false";
  const [a, b] = first;
  return rest.length === 0 ? `${a} < ${b}` : `${a} < ${b} || (${a} === ${b} && (${less(rest)}))`;
}

/** Places whose neighbours are compared one after the other to sort n entries. */
function bubble(n: number): number[] {
  return Array.from({ length: n - 1 }, (_, pass) => Array.from({ length: n - 1 - pass }, (_, i) => i)).flat();
}

/** Neighbours to change so that every order of n entries comes up once, beginning behind the first (Johnson, Trotter). */
function changes(n: number): number[] {
  if (n < 2) return [];
  const inner = changes(n - 1);
  const down = Array.from({ length: n - 1 }, (_, i) => n - 2 - i);
  const up = down.slice().reverse();
  const found: number[] = [];
  for (let run = 0; run <= inner.length; run++) {
    found.push(...(run % 2 === 0 ? down : up));
    if (run < inner.length) found.push(inner[run]! + (run % 2 === 0 ? 1 : 0));
  }
  return found;
}
