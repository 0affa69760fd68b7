/** Reading and writing cells of the state in generated code. */
import type { AnyDomain } from "../../spec/language/domain.ts";
import {
  masks,
  within,
  type Cell,
  type LeafCell,
  type OptionalCell,
  type RecordCell,
  type TableCell,
} from "../explore/layout.ts";
import type { Bits } from "../explore/leaf.ts";
import { Core, fieldOf, mapping } from "./core.ts";
import type { Flow } from "./flow.ts";
import type { Space } from "./space.ts";
import {
  NULL,
  Unsupported,
  fixed,
  flag,
  isStatic,
  type Alt,
  type Obj,
  type Ref,
  type Value,
} from "./value.ts";

/** Cells of more values than this are read again where flows have met. */
const MOST_JOINED = 8;

export abstract class Memory extends Core {
  private clock = 0;
  private readonly parents = new Map<Cell, Cell | null>();
  private readonly masksOf = new Map<Cell, ReadonlyMap<number, number>>();

  /** A name for an expression over words that never change. */
  protected abstract hoist(name: string, expression: string): void;
  /** The watched location is looked at, or written to; under a condition, where there is one. */
  protected abstract noticed(condition: string | null): void;
  /** A cell that takes no bits. */
  protected abstract readUntracked(cell: Cell, space: Space): Value;
  protected abstract writeUntracked(cell: Cell, space: Space, value: Value): void;

  adopt(cell: Cell, parent: Cell | null): void {
    this.parents.set(cell, parent);
    const below =
      cell.kind === "record"
        ? [...cell.fields.values()]
        : cell.kind === "table"
          ? cell.cells
          : cell.kind === "optional"
            ? [cell.of]
            : cell.kind === "pointer"
              ? [...(cell.own === null ? [] : [cell.own]), cell.other]
              : cell.kind === "untracked" && cell.inner !== null
                ? [cell.inner]
                : [];
    for (const one of below) this.adopt(one, cell);
  }

  /** The watched location itself: what is inside of it is reached through it. */
  protected isLocation(cell: Cell): boolean {
    return cell.watched && this.parents.get(cell)?.watched !== true;
  }

  refTo(cell: RecordCell | TableCell, space: Space): Ref {
    return { k: "ref", cell, space, stamp: this.lastReplaced(cell, space) };
  }

  private lastReplaced(cell: Cell, space: Space): number {
    if (!space.changes) return 0;
    let last = 0;
    for (let at: Cell | null = cell; at !== null; at = this.parents.get(at) ?? null)
      last = Math.max(last, this.flow.replaced.get(at)?.at ?? 0);
    return last;
  }

  /** Where what the reference was taken to is now: in place, or in the snapshot of when it was replaced. */
  private spaceOf({ cell, space, stamp }: Ref): Space {
    if (!space.changes) return space;
    for (let at: Cell | null = cell; at !== null; at = this.parents.get(at) ?? null) {
      const replaced = this.flow.replaced.get(at);
      if (replaced === undefined || replaced.at <= stamp) continue;
      if (replaced.snapshot === null)
        throw new Unsupported(
          `${cell.path} is used after it was replaced, on some ways`,
          "read it before it is replaced",
        );
      return replaced.snapshot;
    }
    return space;
  }

  /** The cell of a field or an entry, and its space. */
  part(ref: Ref, key: string): { readonly cell: Cell; readonly space: Space } | null {
    const { cell } = ref;
    const found = cell.kind === "record" ? cell.fields.get(key) : cell.cells[Number(key)];
    return found === undefined ? null : { cell: found, space: this.spaceOf(ref) };
  }

  /** Of several cells that are read of which one is meant, `when` says that it is this one. */
  read(cell: Cell, space: Space, when: string | null = null): Value {
    if (this.isLocation(cell)) this.noticed(when);
    switch (cell.kind) {
      case "record":
      case "table":
        return this.refTo(cell, space);
      case "leaf":
        return this.cached(cell, space, () => this.readLeaf(cell, space, this.isDirty(cell, space)));
      case "optional":
        return this.readOptional(cell, space);
      default:
        return this.readUntracked(cell, space);
    }
  }

  private readonly cellOf = new Map<string, { readonly cell: Cell; readonly space: Space }>();

  /** A cell of the state that is being changed, as it is called in the flow. */
  private key(cell: Cell, space: Space): string {
    const key = `${space.id} ${cell.path}`;
    if (space.changes && !this.cellOf.has(key)) this.cellOf.set(key, { cell, space });
    return key;
  }

  protected isWorthJoining(key: string, flow: Flow): boolean {
    const cell = this.cellOf.get(key)?.cell;
    if (cell === undefined || !flow.dirty.has(cell)) return false;
    return cell.kind === "optional" || (cell.kind === "leaf" && cell.count <= MOST_JOINED);
  }

  protected cellIn(flow: Flow, key: string): Value | null {
    const { cell, space } = this.cellOf.get(key)!;
    if (flow.dirty.has(cell) || !space.hoists) return null;
    if (cell.kind === "optional") return flag(this.bits(cell.bit, space, false));
    return cell.kind === "leaf" ? this.readLeaf(cell, space, false) : null;
  }

  protected cached(cell: Cell, space: Space, read: () => Value): Value {
    const key = this.key(cell, space);
    const known = this.flow.cells.get(key);
    if (known !== undefined) return this.refined(known);
    const value = read();
    this.flow.cells.set(key, value);
    return this.refined(value);
  }

  private readLeaf({ bits, domain, count }: LeafCell, space: Space, dirty: boolean): Value {
    if (bits === null) return fixed(valuesOf(domain, count)(0));
    return decoded(domain, count, this.bits(bits, space, dirty));
  }

  private readOptional(cell: OptionalCell, space: Space): Value {
    const present = this.cached(cell, space, () =>
      flag(this.bits(cell.bit, space, this.isDirty(cell, space))),
    );
    const there = (): Value => this.read(cell.of, space);
    if (isStatic(present)) return present.v === true ? there() : NULL;
    const { e, alts } = present as Alt;
    return { k: "alt", e, alts: alts.map((one) => ((one as { v: unknown }).v === true ? there() : NULL)) };
  }

  /** No cell of the state was written to on the way here. */
  protected get isUntouched(): boolean {
    return [...this.flow.dirty.keys()].length === 0;
  }

  protected isDirty(cell: Cell, space: Space): boolean {
    return space.changes && this.flow.dirty.has(cell);
  }

  /** The number in some bits. */
  protected bits({ word, shift, mask }: Bits, space: Space, dirty: boolean): string {
    const of = (name: string): string => `(${shift === 0 ? name : `${name} >>> ${shift}`}) & ${mask}`;
    if (!dirty && space.hoists) {
      const name = `c${word}_${shift}_${32 - Math.clz32(mask)}`;
      this.hoist(name, of(`w${word}`));
      return name;
    }
    const name = this.fresh("t");
    this.compute(`var ${name} = ${of(space.word(word))};`);
    return name;
  }

  write(cell: Cell, space: Space, value: Value): void {
    if (!space.changes) throw new Unsupported("writing to a state that is over", "write in sections only");
    if (this.isLocation(cell)) this.noticed(null);
    switch (cell.kind) {
      case "leaf":
        return this.writeLeaf(cell, space, value);
      case "optional":
        return this.writeOptional(cell, space, value);
      case "record":
      case "table":
        return this.writeWhole(cell, space, value);
      default:
        return this.writeUntracked(cell, space, value);
    }
  }

  private writeLeaf(cell: LeafCell, space: Space, given: Value): void {
    const value = this.refined(given);
    const { bits, domain, count } = cell;
    const number = this.numberOf(domain, count, value);
    this.flow.cells.set(this.key(cell, space), value);
    if (bits === null) return;
    this.flow.dirty.set(cell, true);
    this.store(bits, space, number);
  }

  protected store({ word, shift, mask }: Bits, space: Space, number: string | number): void {
    this.flow.writes++;
    const name = space.word(word);
    const cleared = `${name} & ${~(mask << shift)}`;
    if (typeof number === "number") {
      const value = number << shift;
      const all = mask << shift;
      if (number === 0) this.act(`${name} = ${cleared};`);
      else if (value === all) this.act(`${name} = ${name} | ${value};`);
      else this.act(`${name} = ${cleared} | ${value};`);
    } else this.act(`${name} = ${cleared} | ${shift === 0 ? number : `${number} << ${shift}`};`);
  }

  /** The number of a value in a domain; what is outside of it is the interpreter's to report. */
  private numberOf(domain: AnyDomain, count: number, value: Value): string | number {
    const all = valuesOf(domain, count);
    const of = (v: unknown): number => {
      for (let i = 0; i < count; i++) if (all(i) === v) return i;
      return -1;
    };
    if (isStatic(value)) {
      const number = of(value.v);
      return number < 0 ? this.giveBack() : number;
    }
    if (value.k === "bool") return this.local(`(${value.e}) ? ${of(true)} : ${of(false)}`);
    if (value.k === "num") return this.numberInRange(value, of, count);
    if (value.k !== "alt")
      throw new Unsupported(`a value of another kind in a cell of a domain`, "a value of the domain");
    const places = new Map<number, number>();
    for (const i of this.feasible(value)) {
      const one = value.alts[i]!;
      if (one.k === "num") return this.numberOfSplit(domain, count, value);
      places.set(i, isStatic(one) ? of(one.v) : -1);
    }
    const number = this.local(mapping(value.e, places));
    if ([...places.values()].includes(-1)) this.giveBackIf(`${number} < 0`);
    return number;
  }

  private numberOfSplit(domain: AnyDomain, count: number, value: Value): string {
    const number = this.split(value, (one) => {
      const found = this.numberOf(domain, count, one);
      return typeof found === "number" ? fixed(found) : { k: "num", e: found, lo: 0, hi: count - 1 };
    });
    return number.k === "num"
      ? number.e
      : number.k === "alt"
        ? this.asNumberText(number)
        : String((number as { v: unknown }).v);
  }

  protected abstract asNumberText(value: Value): string;

  private numberInRange(value: Value & { k: "num" }, of: (v: unknown) => number, count: number): string {
    const { lo, hi } = this.range(value);
    const shift = of(lo < 0 ? 0 : lo) - (lo < 0 ? 0 : lo);
    const [least, most] = [of(0) < 0 ? lo : 0, count - 1 - shift];
    if (lo < least || hi > most) this.giveBackIf(`${value.e} < ${least} || ${value.e} > ${most}`);
    return shift === 0 ? value.e : this.local(`${value.e} + ${shift}`);
  }

  private giveBackIf(condition: string): void {
    this.either(
      { k: "bool", e: condition, yes: [], no: [] },
      () => this.giveBack(),
      () => NULL,
    );
  }

  private writeOptional(cell: OptionalCell, space: Space, value: Value): void {
    this.split(this.refined(value), (one) => {
      if (isStatic(one) && one.v === null) this.clear(cell, space);
      else this.put(cell, space, one);
      return NULL;
    });
  }

  private put(cell: OptionalCell, space: Space, value: Value): void {
    // What it was is read before anything changes: the new value may come from it.
    const written = this.loaded(value, cell.of);
    this.replace(cell.of, space);
    this.store(cell.bit, space, 1);
    this.flow.dirty.set(cell, true);
    this.flow.cells.set(this.key(cell, space), fixed(true));
    this.writeParts(cell.of, space, written);
  }

  private clear(cell: OptionalCell, space: Space): void {
    this.replace(cell.of, space);
    this.wipe(cell, space);
    this.flow.cells.set(this.key(cell, space), fixed(false));
  }

  /** The bits of a cell and all below it, by word. */
  protected masks(cell: Cell): ReadonlyMap<number, number> {
    let found = this.masksOf.get(cell);
    if (found === undefined) this.masksOf.set(cell, (found = masks(cell)));
    return found;
  }

  /** Cells that were written to on the way here, and those that they are part of. */
  protected dirtyAndAbove(): Set<Cell> {
    const found = new Set<Cell>();
    for (const cell of this.flow.dirty.keys())
      for (let at: Cell | null = cell; at !== null && !found.has(at); at = this.parents.get(at) ?? null)
        found.add(at);
    return found;
  }

  /** Sets all bits of a cell, and of what is below it, to 0. */
  protected wipe(cell: Cell, space: Space): void {
    this.flow.writes++;
    for (const part of within(cell)) {
      this.flow.dirty.set(part, true);
      this.flow.cells.delete(`${space.id} ${part.path}`);
    }
    for (const [word, mask] of this.masks(cell)) {
      const name = space.word(word);
      this.act(`${name} = ${name} & ${~mask};`);
    }
  }

  private writeWhole(cell: RecordCell | TableCell, space: Space, value: Value): void {
    const written = this.loaded(this.refined(value), cell);
    this.replace(cell, space);
    this.writeParts(cell, space, written);
  }

  /** The values of all parts of what is to be written, as they are now. */
  protected loaded(
    value: Value,
    cell: Cell,
  ): Value | readonly (readonly [Cell, Value | readonly unknown[]])[] {
    if (cell.kind === "record") {
      return [...cell.fields].map(
        ([name, field]) => [field, this.loadedPart(this.partOf(value, name), field)] as const,
      );
    }
    if (cell.kind === "table") {
      const length = this.lengthOf(value);
      if (length !== cell.cells.length) return this.giveBack();
      return cell.cells.map(
        (entry, i) => [entry, this.loadedPart(this.partOf(value, String(i)), entry)] as const,
      );
    }
    return value;
  }

  private loadedPart(value: Value, cell: Cell): Value | readonly unknown[] {
    return cell.kind === "record" || cell.kind === "table"
      ? (this.loaded(value, cell) as readonly unknown[])
      : value;
  }

  protected writeParts(cell: Cell, space: Space, written: unknown): void {
    if (!Array.isArray(written)) return this.write(cell, space, written as Value);
    for (const [part, value] of written as [Cell, unknown][]) this.writeParts(part, space, value);
  }

  /** A field of whatever may be written to a cell. */
  protected abstract partOf(value: Value, name: string): Value;
  protected abstract lengthOf(value: Value): number | null;

  /** An object of the state is about to be replaced; who has a reference to it keeps what it was. */
  private replace(cell: Cell, space: Space): void {
    if (cell.kind === "leaf") return;
    this.flow.replaced.set(cell, { at: ++this.clock, snapshot: this.snapshot(space) });
  }

  private snapshot(of: Space): Space {
    const place = this.block.later();
    const id = this.fresh("z");
    const saved = new Set<number>();
    return {
      id,
      hoists: false,
      changes: false,
      word: (index) => {
        const name = `${id}_${index}`;
        if (!saved.has(index)) {
          saved.add(index);
          place.compute(`var ${name} = ${of.word(index)};`);
        }
        return name;
      },
    };
  }

  fieldOfObject(object: Obj, name: string): Value | undefined {
    const value = this.flow.heap.get(fieldOf(object.id, name));
    return value === undefined ? undefined : this.refined(value);
  }

  setField(object: Obj, name: string, value: Value): void {
    const fields = this.flow.shapes.get(object.id) ?? [];
    if (!fields.includes(name)) this.flow.shapes.set(object.id, [...fields, name]);
    this.flow.heap.set(fieldOf(object.id, name), value);
  }

  makeObject(fields: Iterable<readonly [string, Value]>, isArray = false): Obj {
    const object: Obj = { k: "obj", id: this.nextId(), isArray };
    if (isArray) this.arrays.add(object.id);
    this.flow.shapes.set(object.id, []);
    for (const [name, value] of fields) this.setField(object, name, value);
    return object;
  }
}

/** The value that a number stands for. */
function valuesOf(domain: AnyDomain, count: number): (number: number) => unknown {
  const { shape } = domain;
  switch (shape.kind) {
    case "bool":
      return (number) => number === 1;
    case "oneOf":
      return (number) => shape.values[number];
    case "maybe": {
      const inner = valuesOf(shape.of, count - 1);
      return (number) => (number === 0 ? null : inner(number - 1));
    }
    case "tracked":
    case "location":
    case "pointing":
      return valuesOf(shape.of, count);
    default:
      return (number) => number;
  }
}

/** The value behind the number that a local holds. */
function decoded(domain: AnyDomain, count: number, local: string): Value {
  const { shape } = domain;
  if (shape.kind === "upTo" || shape.kind === "index") return { k: "num", e: local, lo: 0, hi: count - 1 };
  if (shape.kind === "tracked" || shape.kind === "location" || shape.kind === "pointing")
    return decoded(shape.of, count, local);
  const value = valuesOf(domain, count);
  return { k: "alt", e: local, alts: Array.from({ length: count }, (_, i) => fixed(value(i))) };
}
