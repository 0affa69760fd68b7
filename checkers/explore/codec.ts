/**
 * The packed form of a state, and the draft on which calls run.
 *
 * A codec is generated for one domain, one set of sizes and one choice of what is tracked: straight-line code that
 * packs a plain state object into 32-bit words and restores the draft from them. Every leaf has its own
 * bits and never straddles a word. Packing checks each value against its domain, so that a write outside one
 * is an error with its path and never a wrong state. Cells that are not tracked take no bits; in the draft they
 * are accessors that ask the `Havoc` (havoc.ts).
 */
import type { AnyDomain, Shape, TrackGroup } from "../../spec/language/domain.ts";
import { allValues, cardinality, firstValue, indexSize, outside, type Sizes } from "./walk.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Havoc } from "./havoc.ts";
import { decode, encode, extract, type Bits } from "./leaf.ts";
import type { Cell, RecordCell } from "./layout.ts";

export interface Codec {
  /** 32-bit words of a packed state. */
  readonly words: number;
  /** Bits that carry information. */
  readonly bits: number;
  /** The one object on which calls run and which `unpack` restores. */
  readonly draft: object;
  /** Where everything is. */
  readonly layout: Cell;
  /** Writes the packed form of `state` (any object of the domain) to `out` at `offset`. */
  pack(state: object, out: Int32Array, offset: number): void;
  /** Makes `draft` the state packed at `offset`. */
  unpack(from: Int32Array, offset: number): void;
}

/** What of a state is kept: groups left out everywhere, or at every location but one. */
export interface Tracking {
  readonly leftOut: readonly TrackGroup[];
  /** The path of the location whose groups are kept all the same. */
  readonly watched?: string;
}

export const TRACK_ALL: Tracking = { leftOut: [] };

export function makeCodec(
  domain: AnyDomain,
  sizes: Sizes,
  tracking: Tracking,
  havoc: Havoc,
  place: string,
): Codec {
  const writer = new Writer(domain, sizes, tracking, havoc, place);
  return writer.codec();
}

/** The locations of a state, by path, in order. */
export function locations(domain: AnyDomain, sizes: Sizes): string[] {
  const found: string[] = [];
  const visit = (d: AnyDomain, path: string): void => {
    const { shape } = d;
    if (shape.kind === "location") found.push(path);
    else if (shape.kind === "maybe" || shape.kind === "tracked" || shape.kind === "pointing")
      visit(shape.of, path);
    else if (shape.kind === "record") {
      for (const [name, field] of Object.entries(shape.fields)) visit(field, join(path, name));
    } else if (shape.kind === "per") {
      for (let i = 0; i < indexSize(shape, sizes); i++) visit(shape.of, `${path}[${i}]`);
    }
  };
  visit(domain, "");
  return found;
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** Where generated code is in the state: the path for messages, and whether cells are kept here. */
interface Here {
  readonly path: string;
  /** Inside the watched location. */
  readonly watched: boolean;
  /** Inside a location that another search of the run watches. */
  readonly elsewhere: boolean;
  /** Inside a group that is left out here. */
  readonly untracked: boolean;
}

type Parent = Record<string | number, unknown>;

class Writer {
  private readonly packing: string[] = [];
  private readonly unpacking: string[] = [];
  private readonly constants: unknown[] = [];
  private readonly domain: AnyDomain;
  private readonly sizes: Sizes;
  private readonly tracking: Tracking;
  private readonly havoc: Havoc;
  private readonly place: string;
  private locals = 0;
  private word = 0;
  private used = 0;
  private bits = 0;

  constructor(domain: AnyDomain, sizes: Sizes, tracking: Tracking, havoc: Havoc, place: string) {
    this.domain = domain;
    this.sizes = sizes;
    this.tracking = tracking;
    this.havoc = havoc;
    this.place = place;
  }

  codec(): Codec {
    const { domain, sizes, place } = this;
    const root: Parent = {};
    const layout = this.visit(
      domain,
      { path: "", watched: false, elsewhere: false, untracked: false },
      "s",
      root,
      "state",
      this.constant(root),
    );
    const words = Math.max(1, this.word + (this.used > 0 ? 1 : 0));
    const wrong = (state: object): never => {
      const bad = outside(domain, sizes, state, "");
      throw new ModelError(
        bad === null
          ? "a value outside its domain"
          : `${bad.path === "" ? "the state" : bad.path} was set to ${bad.found}; allowed: ${bad.allowed}`,
        place,
        "an index computed past the end, a record built with a missing field, or a name that is not in oneOf(…)",
      );
    };
    const lets = Array.from({ length: words }, (_, i) => `w${i} = 0`).join(", ");
    const stores = Array.from({ length: words }, (_, i) => `out[offset + ${i}] = w${i};`).join("\n");
    const loads = Array.from({ length: words }, (_, i) => `w${i} = from[offset + ${i}]`).join(", ");
    const body = `"use strict";
      const K = constants;
      return {
        pack(s, out, offset) { let ${lets}, t = 0;
          ${this.packing.join("\n")}
          ${stores} },
        unpack(from, offset) { const ${loads};
          ${this.unpacking.join("\n")} },
      };`;
    const make = new Function("constants", "wrong", body) as (
      constants: unknown[],
      wrong: (state: object) => never,
    ) => Pick<Codec, "pack" | "unpack">;
    const { pack, unpack } = make(this.constants, wrong);
    return { words, bits: this.bits, draft: root["state"] as object, layout, pack, unpack };
  }

  /**
   * Generates the code for one domain. `read` is the expression of the value in the object being packed; in the draft
   * the value is `parent[key]`, and `target` is the expression of that parent.
   */
  private visit(
    domain: AnyDomain,
    at: Here,
    read: string,
    parent: Parent,
    key: string | number,
    target: string,
  ): Cell {
    const { shape } = domain;
    if (shape.kind === "pointing") {
      const watched = this.tracking.watched;
      if (!at.untracked || watched === undefined) return this.visit(shape.of, at, read, parent, key, target);
      return this.pointer(shape, at, read, parent, key, watched);
    }
    if (shape.kind === "tracked") {
      const leftOut = this.tracking.leftOut.includes(shape.group) && !at.watched;
      return this.visit(shape.of, { ...at, untracked: at.untracked || leftOut }, read, parent, key, target);
    }
    if (shape.kind === "location") {
      const watched = at.path === this.tracking.watched;
      const elsewhere = !watched && this.tracking.watched !== undefined;
      const cell = this.visit(shape.of, { ...at, watched, elsewhere }, read, parent, key, target);
      if (watched) this.noticeTouch(parent, key);
      return cell;
    }
    const count = cardinality(domain, this.sizes);
    const slot = `${target}[${JSON.stringify(key)}]`;
    const { path, watched } = at;
    if (at.untracked && count !== null) {
      const values = allValues(domain, this.sizes);
      this.untracked(at, values, parent, key);
      return { kind: "untracked", path, watched, values, elsewhere: at.elsewhere, inner: null };
    }
    if (at.untracked && shape.kind === "maybe") {
      const { value, cell } = this.untrackedInner(shape.of, at);
      const values = [null, value];
      this.untracked(at, values, parent, key);
      return { kind: "untracked", path, watched, values, elsewhere: at.elsewhere, inner: cell };
    }
    if (count !== null) return this.leaf(domain, count, at, read, parent, key, slot);
    if (shape.kind === "maybe") return this.optional(shape, at, read, parent, key, slot);
    if (shape.kind === "record") return this.record(shape, at, read, parent, key, slot);
    if (shape.kind === "per") return this.table(shape, at, read, parent, key, slot);
    throw new TypeError(`no packed form for ${shape.kind}`);
  }

  /** A cell that takes no bits: reading it in the draft is a choice among all its values. */
  private untracked(at: Here, values: readonly unknown[], parent: Parent, key: string | number): number {
    const cell = this.havoc.add(at.path, values, at.elsewhere);
    const havoc = this.havoc;
    Object.defineProperty(parent, key, {
      enumerable: true,
      configurable: true,
      get: () => havoc.read(cell),
      set: (value: unknown) => havoc.write(cell, value),
    });
    return cell;
  }

  /** Tells the havoc when a step or a property looks at the watched location. */
  private noticeTouch(parent: Parent, key: string | number): void {
    let value = parent[key];
    const havoc = this.havoc;
    Object.defineProperty(parent, key, {
      enumerable: true,
      configurable: true,
      get: () => {
        havoc.touched = true;
        return value;
      },
      set: (given: unknown) => {
        havoc.touched = true;
        value = given;
      },
    });
  }

  /** What an untracked optional cell may hold: a value whose own cells are chosen when they are read. */
  private untrackedInner(of: AnyDomain, at: Here): { readonly value: unknown; readonly cell: Cell } {
    const holder: Parent = {};
    const cell = this.withoutCode(() => this.visit(of, at, "", holder, "value", ""));
    return { value: holder["value"], cell };
  }

  /** Builds a part of the draft that takes no bits and is restored by nobody. */
  private withoutCode<T>(build: () => T): T {
    const [packed, unpacked] = [this.packing.length, this.unpacking.length];
    const built = build();
    this.packing.length = packed;
    this.unpacking.length = unpacked;
    return built;
  }

  /**
   * A cell that points to a location, in a run that watches one: kept while it points there. Otherwise it is absent or
   * points elsewhere, chosen when read; a property takes it for absent, as it speaks of the watched location only.
   */
  private pointer(
    shape: Extract<Shape, { kind: "pointing" }>,
    at: Here,
    read: string,
    parent: Parent,
    key: string | number,
    watched: string,
  ): Cell {
    const { fields, places } = pointerParts(shape, this.sizes);
    const here = places.find((place) => shape.to(place as never) === watched);
    const elsewhere: Parent = {};
    const others = places.filter((place) => place !== here);
    const notHere = new Map<string, Cell>();
    for (const [name, field] of Object.entries(fields)) {
      const inField = { ...at, path: `${at.path}.${name}` };
      if (name !== shape.field) {
        notHere.set(
          name,
          this.withoutCode(() => this.visit(field, inField, "", elsewhere, name, "")),
        );
        continue;
      }
      this.untracked(inField, others, elsewhere, name);
      const { path, watched: isWatched, elsewhere: isElsewhere } = inField;
      notHere.set(name, {
        kind: "untracked",
        path,
        watched: isWatched,
        values: others,
        elsewhere: isElsewhere,
        inner: null,
      });
    }
    const common = { path: at.path, watched: at.watched };
    const other: RecordCell = { kind: "record", ...common, fields: notHere, dead: {} };
    const pointerCell = { kind: "pointer", ...common, field: shape.field, here, other } as const;
    const cell = this.untracked(at, [null, elsewhere], parent, key);
    this.havoc.absentInProperties(cell);
    if (here === undefined) return { ...pointerCell, bit: null, own: null };
    const bit = this.allot(2)!;
    const local = this.local();
    const own: Parent = { [shape.field]: here };
    const ownText = this.constant(own);
    const havocText = this.constant(this.havoc);
    const owner = read.slice(0, read.lastIndexOf("["));
    const inDraft = `${owner} === ${this.constant(parent)}`;
    const isHere = Object.entries(here as Parent).map(
      ([name, value]) => `${local}.${shape.field}.${name} === ${String(value)}`,
    );
    this.packing.push(
      `const ${local} = ${inDraft} ? ${havocText}.peek(${cell}) : ${read};`,
      `if (${local} !== null && ${local} !== undefined && ${local} !== ${this.constant(elsewhere)} && ${isHere.join(" && ")}) {`,
      `w${bit.word} |= 1 << ${bit.shift};`,
    );
    this.unpacking.push(`if (${extract(bit)} === 0) ${havocText}.unknown(${cell}); else {`);
    const ownFields = new Map<string, Cell>();
    for (const [name, field] of Object.entries(fields)) {
      if (name === shape.field) continue;
      const inField = { ...at, path: `${at.path}.${name}`, untracked: false };
      ownFields.set(name, this.visit(field, inField, `${local}.${name}`, own, name, ownText));
    }
    this.packing.push("}");
    this.unpacking.push(`${havocText}.known(${cell}, ${ownText}); }`);
    return {
      ...pointerCell,
      bit,
      own: { kind: "record", ...common, fields: ownFields, constants: { [shape.field]: here }, dead: {} },
    };
  }

  private leaf(
    domain: AnyDomain,
    count: number,
    here: Here,
    read: string,
    parent: Parent,
    key: string | number,
    slot: string,
  ): Cell {
    parent[key] = firstValue(domain, this.sizes);
    const at = this.allot(count);
    this.packing.push(
      `t = ${encode(domain, read)};`,
      `if (!(t >= 0 && t < ${count}) || t !== (t | 0)) wrong(s);`,
    );
    if (at !== null) this.packing.push(`w${at.word} |= t << ${at.shift};`);
    const bits = at === null ? "0" : extract(at);
    this.unpacking.push(`${slot} = ${decode(domain, bits, (value) => this.constant(value))};`);
    return { kind: "leaf", path: here.path, watched: here.watched, domain, count, bits: at };
  }

  private optional(
    shape: Extract<Shape, { kind: "maybe" }>,
    at: Here,
    read: string,
    parent: Parent,
    key: string | number,
    slot: string,
  ): Cell {
    const bit = this.allot(2)!;
    const local = this.local();
    // The inner value lives in a holder of its own; presence moves it in and out of the draft.
    const holder: Parent = {};
    const holderText = this.constant(holder);
    this.packing.push(
      `const ${local} = ${read};`,
      `if (${local} !== null) { w${bit.word} |= 1 << ${bit.shift};`,
    );
    this.unpacking.push(`if (${extract(bit)} === 0) ${slot} = null; else {`);
    const of = this.visit(shape.of, at, local, holder, "value", holderText);
    this.packing.push("}");
    this.unpacking.push(`${slot} = ${holderText}["value"]; }`);
    parent[key] = null;
    return { kind: "optional", path: at.path, watched: at.watched, bit, of };
  }

  private record(
    shape: Extract<Shape, { kind: "record" }>,
    at: Here,
    read: string,
    parent: Parent,
    key: string | number,
    slot: string,
  ): Cell {
    const own: Parent = {};
    const fields = new Map<string, Cell>();
    parent[key] = own;
    const ownText = this.constant(own);
    const local = this.local();
    this.unpacking.push(`${slot} = ${ownText};`);
    const start = this.packing.length;
    for (const [name, field] of Object.entries(shape.fields)) {
      const before = this.packing.length;
      const inField = { ...at, path: join(at.path, name) };
      fields.set(name, this.visit(field, inField, `${local}.${name}`, own, name, ownText));
      const dead = shape.dead[name];
      if (dead !== undefined) this.wrap(before, `if (!${this.constant(dead)}(${local})) {`, "}");
    }
    this.wrap(
      start,
      `const ${local} = ${read}; if (typeof ${local} !== "object" || ${local} === null) wrong(s);`,
    );
    return { kind: "record", path: at.path, watched: at.watched, fields, dead: shape.dead };
  }

  /**
   * Puts code around what was generated since `start`, if that is anything: where a field is not tracked, neither is
   * the rule by which it is dead asked, nor the record read that holds it.
   */
  private wrap(start: number, before: string, after?: string): void {
    if (this.packing.length === start) return;
    this.packing.splice(start, 0, before);
    if (after !== undefined) this.packing.push(after);
  }

  private table(
    shape: Extract<Shape, { kind: "per" }>,
    at: Here,
    read: string,
    parent: Parent,
    key: string | number,
    slot: string,
  ): Cell {
    const cells: Cell[] = [];
    const length = indexSize(shape, this.sizes);
    const own: unknown[] = new Array(length).fill(null);
    parent[key] = own;
    const ownText = this.constant(own);
    const local = this.local();
    const start = this.packing.length;
    this.unpacking.push(`${slot} = ${ownText};`);
    for (let i = 0; i < length; i++) {
      const path = `${at.path}[${i}]`;
      cells.push(
        this.visit(shape.of, { ...at, path }, `${local}[${i}]`, own as unknown as Parent, i, ownText),
      );
    }
    this.wrap(start, `const ${local} = ${read}; if (${local}?.length !== ${length}) wrong(s);`);
    return { kind: "table", path: at.path, watched: at.watched, cells };
  }

  private local(): string {
    return `v${this.locals++}`;
  }

  private constant(value: unknown): string {
    this.constants.push(value);
    return `K[${this.constants.length - 1}]`;
  }

  private allot(count: number): Bits | null {
    const width = count <= 1 ? 0 : 32 - Math.clz32(count - 1);
    if (width === 0) return null;
    if (this.used + width > 32) {
      this.word++;
      this.used = 0;
    }
    const bits = { word: this.word, shift: this.used, mask: width === 32 ? -1 : (1 << width) - 1 };
    this.used += width;
    this.bits += width;
    return bits;
  }
}

/** The record of a pointing cell, and the places that it can point to. */
function pointerParts(
  shape: Extract<Shape, { kind: "pointing" }>,
  sizes: Sizes,
): { readonly fields: Readonly<Record<string, AnyDomain>>; readonly places: readonly unknown[] } {
  const optional = shape.of.shape;
  const inner = optional.kind === "maybe" ? optional.of.shape : optional;
  if (inner.kind !== "record") throw new TypeError("pointing(…) needs maybe(record(…))");
  return { fields: inner.fields, places: allValues(inner.fields[shape.field]!, sizes) };
}
