/**
 * The leaves of a packed state as permutations see them: under which indices each is, which bound its value names, and when its bits
 * mean something.
 */
import type { AnyDomain, Shape } from "../../spec/language/domain.ts";
import type { Codec } from "../explore/codec.ts";
import type { Cell, RecordCell } from "../explore/layout.ts";
import type { Bits } from "../explore/leaf.ts";
import { allValues, cardinality, firstValue, type Sizes } from "../explore/walk.ts";

/** One index on the way to a leaf. */
export interface At {
  readonly bound: string;
  readonly ordered: boolean;
  readonly index: number;
}

export interface Leaf {
  /** `files[0].owner`; that of the presence of an optional record ends with `?`. */
  readonly path: string;
  /** The path without its indices: leaves of one pattern are moved to each other. */
  readonly pattern: string;
  readonly at: readonly At[];
  readonly word: number;
  readonly shift: number;
  readonly width: number;
  /** How many values it has. */
  readonly count: number;
  /** The value v is the index v - from of a bound, when it is not less. */
  readonly names: { readonly bound: string; readonly from: number } | null;
  /** The presence that it is inside of: where that is 0, so is the leaf. */
  readonly guard: Leaf | null;
  /** Inside its guard, it is dead unless all of these hold: then its bits are zero. */
  readonly alive: readonly Condition[];
}

/** A question to other leaves: `holds` has an answer for each combination of their values, that of the first leaf counting most. */
export interface Condition {
  readonly leaves: readonly Leaf[];
  readonly holds: readonly boolean[];
}

/** What permutations cannot follow; the state is then searched without them. */
export class NoLeaves extends Error {
  override readonly name = "NoLeaves";
}

export function leavesOf(codec: Codec, domain: AnyDomain, sizes: Sizes): Leaf[] {
  const walk = new Walk(sizes);
  walk.visit(domain, codec.layout, { pattern: "", at: [], guard: null });
  return walk.leaves;
}

/** A bit of a packed state. */
export interface Bit {
  readonly word: number;
  readonly bit: number;
}

/** Its bits, the lowest first. */
export function bitsOf({ word, shift, width }: Leaf): Bit[] {
  return Array.from({ length: width }, (_, i) => ({ word, bit: shift + i }));
}

type RecordShape = Extract<Shape, { kind: "record" }>;

interface Here {
  readonly pattern: string;
  readonly at: readonly At[];
  readonly guard: Leaf | null;
}

class Walk {
  readonly leaves: Leaf[] = [];
  private readonly sizes: Sizes;

  constructor(sizes: Sizes) {
    this.sizes = sizes;
  }

  visit(domain: AnyDomain, cell: Cell, here: Here): void {
    const { shape } = domain;
    if (cell.kind === "untracked") return;
    if (cell.kind === "pointer")
      throw new NoLeaves(`${cell.path} is kept for one location, which cannot change its place`);
    if (shape.kind === "tracked" || shape.kind === "location" || shape.kind === "pointing")
      return this.visit(shape.of, cell, here);
    if (cell.kind === "leaf") this.leaf(cell.path, here, cell.bits, cell.count, namesOf(domain));
    else if (cell.kind === "optional" && shape.kind === "maybe") {
      const pattern = `${here.pattern}?`;
      const guard = this.leaf(`${cell.path}?`, { ...here, pattern }, cell.bit, 2, null);
      this.visit(shape.of, cell.of, { ...here, pattern, guard });
    } else if (cell.kind === "record" && shape.kind === "record") this.record(shape, cell, here);
    else if (cell.kind === "table" && shape.kind === "per") {
      const index = shape.index.shape as Extract<Shape, { kind: "index" }>;
      cell.cells.forEach((element, i) => {
        const at = [...here.at, { bound: index.bound, ordered: index.ordered, index: i }];
        this.visit(shape.of, element, { ...here, pattern: `${here.pattern}[]`, at });
      });
    } else throw new TypeError(`${cell.path}: a ${shape.kind} in a cell of kind ${cell.kind}`);
  }

  private record(shape: RecordShape, cell: RecordCell, here: Here): void {
    const own = new Map<string, readonly Leaf[]>();
    for (const [name, field] of Object.entries(shape.fields)) {
      const from = this.leaves.length;
      this.visit(field, cell.fields.get(name)!, { ...here, pattern: `${here.pattern}.${name}` });
      // A presence between says enough, and so does a value that may be absent itself.
      const named = this.leaves
        .slice(from)
        .filter(({ guard, names }) => guard === here.guard && names?.from === 0);
      own.set(name, named);
    }
    for (const [name, rule] of Object.entries(shape.dead)) {
      const leaves = own.get(name)!;
      if (rule === undefined || leaves.length === 0) continue;
      const condition = this.condition(shape, cell, name, rule as (owner: unknown) => boolean);
      for (const leaf of leaves) (leaf.alive as Condition[]).push(condition);
    }
  }

  /** The rule by which a field is dead, as a table over the leaves that it reads. */
  private condition(
    shape: RecordShape,
    cell: RecordCell,
    name: string,
    rule: (owner: unknown) => boolean,
  ): Condition {
    const where = `the rule by which ${cell.path}.${name} is dead`;
    const read: string[] = [];
    const ask = (given: Readonly<Record<string, unknown>>): boolean =>
      rule(
        new Proxy(given, {
          get: (owner, key) => {
            const field = String(key);
            if (!read.includes(field)) read.push(field);
            return field in owner ? owner[field] : firstValue(shape.fields[field]!, this.sizes);
          },
        }),
      );
    for (let known = -1; known < read.length;) {
      known = read.length;
      for (const owner of this.combinations(shape, read.slice(), where)) ask(owner);
    }
    const holds = this.combinations(shape, read, where).map((owner) => !ask(owner));
    return { leaves: read.map((field) => this.leafOf(cell.fields.get(field)!, where)), holds };
  }

  private leafOf(cell: Cell, where: string): Leaf {
    const found = this.leaves.find(({ path }) => path === cell.path || path === `${cell.path}?`);
    if (found === undefined) throw new NoLeaves(`${where} reads ${cell.path}, which has no bits`);
    return found;
  }

  private combinations(
    shape: RecordShape,
    names: readonly string[],
    where: string,
  ): Record<string, unknown>[] {
    let all: Record<string, unknown>[] = [{}];
    for (const name of names) {
      const values = this.valuesOf(shape.fields[name]!, `${where} looks into ${name}`);
      all = all.flatMap((partial) => values.map((value) => ({ ...partial, [name]: value })));
      if (all.length > 4096) throw new NoLeaves(`${where} reads too much`);
    }
    return all;
  }

  /** The values of a field that a rule can tell apart by the bits of one leaf. */
  private valuesOf(domain: AnyDomain, where: string): readonly unknown[] {
    if (cardinality(domain, this.sizes) !== null) return allValues(domain, this.sizes);
    const { shape } = domain;
    if (shape.kind === "tracked" || shape.kind === "pointing" || shape.kind === "location")
      return this.valuesOf(shape.of, where);
    const refuse = (): never => {
      throw new NoLeaves(where);
    };
    if (shape.kind === "maybe") return [null, new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse })];
    throw new NoLeaves(where);
  }

  private leaf(
    path: string,
    { pattern, at, guard }: Here,
    bits: Bits | null,
    count: number,
    names: Leaf["names"],
  ): Leaf {
    const width = bits === null ? 0 : 32 - Math.clz32(count - 1);
    const { word, shift } = bits ?? { word: 0, shift: 0 };
    const leaf = { path, pattern, at, word, shift, width, count, names, guard, alive: [] };
    this.leaves.push(leaf);
    return leaf;
  }
}

/** The bound that the values of a leaf name. */
function namesOf({ shape }: AnyDomain, from = 0): Leaf["names"] {
  if (shape.kind === "index") return shape.ordered ? null : { bound: shape.bound, from };
  if (shape.kind === "maybe") return namesOf(shape.of, from + 1);
  return "of" in shape && shape.kind !== "per" ? namesOf(shape.of, from) : null;
}
