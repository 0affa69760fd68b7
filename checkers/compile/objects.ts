/** Fields, entries and lists of values, whatever they are made of; and the functions of the language itself on them. */
import type { RecordCell, TableCell } from "../explore/layout.ts";
import type { Value, List } from "./value.ts";
import {
  NULL,
  TEXT,
  UNDEFINED,
  Unsupported,
  fixed,
  isStatic,
  type Alt,
  type Bool,
  type Num,
  type Obj,
  FALSE,
  TRUE,
} from "./value.ts";
import { Operators } from "./operators.ts";
import { lengthField, mapping } from "./core.ts";

type Item = List["items"][number];
export type Part = ReturnType<Operators["part"]>;

export abstract class Objects extends Operators {
  /** Calls a function that is written in a design. */
  abstract invoke(callee: Value, args: readonly Value[], self: Value | null): Value;

  /** `of.name` */
  member(of: Value, name: string): Value {
    const value = this.refined(of);
    switch (value.k) {
      case "static":
        if (value.v === null || value.v === undefined) return this.giveBack();
        return this.natively(() => (value.v as Record<string, unknown>)[name]);
      case "ref": {
        if (name === "length" && value.cell.kind === "table") return fixed(value.cell.cells.length);
        const part = this.part(value, name);
        if (part !== null) return this.read(part.cell, part.space);
        const constants = value.cell.kind === "record" ? value.cell.constants : undefined;
        return fixed(constants?.[name]);
      }
      case "obj": {
        const field = this.fieldOfObject(value, name);
        if (field !== undefined) return field;
        if (name === "length" && value.isArray) return this.lengthOfArray(value);
        return this.missing(value, name);
      }
      case "list":
        if (name === "length") return this.lengthOfList(value);
        return this.itemAt(value, Number(name));
      case "alt":
        return this.memberOfSome(value, name);
      default:
        throw new Unsupported(
          `the field ${name} of a ${value.k === "num" ? "number" : value.k}`,
          "a field of an object",
        );
    }
  }

  /** A field that an object has not. */
  protected missing(_object: Obj, _name: string): Value {
    return UNDEFINED;
  }

  private lengthOfList({ items }: List): Value {
    let length: Value = fixed(0);
    for (const { when } of items)
      length = this.binary(
        "+",
        length,
        when === null ? fixed(1) : { k: "num", e: this.local(`(${when.e}) ? 1 : 0`), lo: 0, hi: 1 },
      );
    return length;
  }

  private itemAt({ items }: List, at: number): Value {
    if (items.every(({ when }) => when === null)) return items[at]?.value ?? UNDEFINED;
    if (at !== 0) throw new Unsupported("a later entry of a list that was filtered", "a loop");
    return this.first(
      items,
      () => TRUE,
      ({ value }) => value,
      UNDEFINED,
    );
  }

  private readonly lists = new WeakMap<readonly Value[], number>();

  /** What a field of one of several is called in the flow, for as long as nothing is written. */
  private memberKey({ e, alts }: Alt, name: string): string {
    let id = this.lists.get(alts);
    if (id === undefined) this.lists.set(alts, (id = this.nextId()));
    return `some ${id} ${e}.${name} ${this.flow.writes}`;
  }

  /** Whether to read a second time is to find the same, and to leave no other traces. */
  protected get remembers(): boolean {
    return true;
  }

  /** A field of one of several: read once. */
  private memberOfSome(value: Alt, name: string): Value {
    const feasible = this.feasible(value);
    if (feasible.every((i) => isObject(value.alts[i]!)))
      return this.mapped(value, (one) => this.member(one, name));
    if (!this.remembers || !feasible.every((i) => value.alts[i]!.k === "ref" || isStatic(value.alts[i]!)))
      return this.readOfSome(value, name, feasible);
    const before = this.flow.cells.get(this.memberKey(value, name));
    if (before !== undefined) return this.refined(before);
    const found = this.readOfSome(value, name, feasible);
    this.flow.cells.set(this.memberKey(value, name), found);
    return found;
  }

  /** Where nothing but reading is to be done, all alternatives are read, and one of the values taken. */
  private readOfSome(value: Alt, name: string, feasible: readonly number[]): Value {
    const known = this.partsOf(value, name);
    const parts = [...known.values()];
    const inner = this.partsOfSome(value, feasible, parts) ?? this.untrackedOfSome(value, known, name);
    if (inner !== null) return inner;
    if (parts.some((part) => part === null || part.cell.kind !== "leaf"))
      return this.split(value, (one) => this.member(one, name));
    const values = this.readAll(value.e, feasible, parts);
    return this.taken(value.e, feasible, values) ?? this.split(value, (one) => this.member(one, name));
  }

  /** By the number of the alternative; null for one that is no part of the state. */
  protected partsOf(value: Alt, name: string): Map<number, Part> {
    return new Map(
      this.feasible(value).map((i) => {
        const one = value.alts[i]!;
        return [i, one.k === "ref" ? this.part(one, name) : null] as const;
      }),
    );
  }

  /** A field of one of several, of which some are not tracked; null where that is nothing to take together. */
  protected abstract untrackedOfSome(of: Alt, parts: ReadonlyMap<number, Part>, name: string): Value | null;
  /** Writes to such a field; false where nothing is taken together. */
  protected abstract writeUntrackedOfSome(of: Alt, name: string, value: Value): boolean;

  /** Cells of which one is meant: all of them are read. */
  private readAll(e: string, numbers: readonly number[], parts: readonly Part[]): Value[] {
    return parts.map((part, n) => this.read(part!.cell, part!.space, `${e} === ${numbers[n]}`));
  }

  /** One of several values that are of one kind, by the number of the alternative; null where they are not. */
  private taken(e: string, numbers: readonly number[], values: readonly Value[]): Value | null {
    const local = (of: readonly (Num | Alt)[]): string =>
      this.local(
        chosen(
          e,
          numbers,
          of.map((one) => one.e),
        ),
      );
    if (values.every((one) => one.k === "num")) {
      const ranges = values.map((one) => this.range(one));
      const [lo, hi] = [Math.min(...ranges.map((r) => r.lo)), Math.max(...ranges.map((r) => r.hi))];
      return { k: "num", e: local(values), lo, hi };
    }
    if (!values.every((one) => one.k === "alt")) return null;
    const { alts } = values[0]!;
    return values.every((one) => sameAlternatives(one.alts, alts))
      ? { k: "alt", e: local(values), alts }
      : null;
  }

  /** Records, tables and optional records in each alternative: no code is needed to name them. */
  private partsOfSome(
    value: Value & { k: "alt" },
    feasible: readonly number[],
    parts: readonly Part[],
  ): Value | null {
    const are = (...kinds: string[]): boolean =>
      parts.every((part) => part !== null && kinds.includes(part.cell.kind));
    if (are("record", "table")) {
      const refs = new Map(
        feasible.map((i, n) => [i, this.refTo(parts[n]!.cell as RecordCell | TableCell, parts[n]!.space)]),
      );
      return this.someOf(
        value.e,
        value.alts.map((_, i) => refs.get(i) ?? UNDEFINED),
      );
    }
    if (!are("optional")) return null;
    const values = this.readAll(value.e, feasible, parts);
    if (!values.every((one) => one.k === "alt" && one.alts.length === 2 && one.alts[0] === NULL)) return null;
    const bits = values.map((one) => (one as { e: string }).e);
    const present = this.local(chosen(value.e, feasible, bits));
    const alts: Value[] = [NULL, ...value.alts.map(() => UNDEFINED as Value)];
    feasible.forEach((i, n) => (alts[i + 1] = (values[n] as { alts: readonly Value[] }).alts[1]!));
    const e = this.local(`${present} === 0 ? 0 : ${value.e} + 1`);
    this.flow.learn(
      e,
      feasible.reduce((mask, i) => mask | (i > 29 ? -1 : 1 << (i + 1)), 1),
    );
    return { k: "alt", e, alts };
  }

  /** `of[index]` */
  entry(of: Value, index: Value): Value {
    const at = this.refined(index);
    if (isStatic(at)) return this.member(of, String(at.v));
    if (at.k === "alt") {
      const known = this.entryByAlternative(this.refined(of), at);
      if (known !== null) return known;
      const number = this.number(at);
      if (number === null) return this.split(at, (one) => this.entry(of, one));
      return this.entryAt(of, number);
    }
    if (at.k === "num") return this.entryAt(of, at);
    throw new Unsupported("an index that is no number", "a number or an id");
  }

  /** An entry that the alternatives of the index name, or those of the table and the index together: no code is needed to name it. */
  private entryByAlternative(table: Value, { e, alts: indices }: Alt): Value | null {
    if (table.k === "alt" && table.e !== e) return null;
    const alts: Value[] = [];
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]!;
      const one = table.k === "alt" ? table.alts[i] : table;
      if (!this.flow.allows(e, i)) alts.push(UNDEFINED);
      else {
        const length = one?.k === "ref" ? this.lengthOf(one) : null;
        if (length === null || !isStatic(index)) return null;
        const n = index.v as number;
        const entry = Number.isInteger(n) && n >= 0 && n < length ? this.cellAt(one!, n) : null;
        if (entry === null) return null;
        alts.push(entry);
      }
    }
    return this.someOf(e, alts);
  }

  private entryAt(of: Value, at: Value & { k: "num" }): Value {
    const table = this.refined(of);
    if (table.k === "alt")
      return this.entryOfSome(table, at) ?? this.split(table, (one) => this.entryAt(one, at));
    const length = this.lengthOf(table);
    if (length === null) throw new Unsupported("an index into what is no table", "a table");
    return this.indexed(table, at, length);
  }

  /** An entry of one of several tables of the state, all of one length: the two numbers make one. */
  private entryOfSome(tables: Value & { k: "alt" }, given: Value & { k: "num" }): Value | null {
    const feasible = this.feasible(tables);
    const lengths = feasible.map((i) => {
      const one = tables.alts[i]!;
      return one.k === "ref" && one.cell.kind === "table" ? one.cell.cells.length : -1;
    });
    const [length] = lengths;
    if (length === undefined || length <= 0 || lengths.some((one) => one !== length)) return null;
    if (tables.alts.length * length > 48 || this.cellAt(tables.alts[feasible[0]!]!, 0)?.k !== "ref")
      return null;
    const at = this.inside(given, length);
    const { lo, hi } = this.range(at);
    const alts: Value[] = new Array(tables.alts.length * length).fill(UNDEFINED);
    const numbers: number[] = [];
    for (const i of feasible) {
      for (let n = lo; n <= hi; n++) {
        const entry = this.cellAt(tables.alts[i]!, n);
        if (entry === null) return null;
        alts[i * length + n] = entry;
        numbers.push(i * length + n);
      }
    }
    const e = this.local(`${tables.e} * ${length} + ${at.e}`);
    if (numbers.every((n) => n <= 30))
      this.flow.learn(
        e,
        numbers.reduce((mask, n) => mask | (1 << n), 0),
      );
    return this.someOf(e, alts);
  }

  /** An index into records: one beyond the end is the interpreter's to report. */
  private inside(at: Value & { k: "num" }, length: number): Value & { k: "num" } {
    const { lo, hi } = this.range(at);
    if (lo >= 0 && hi < length) return at;
    if (hi < 0 || lo >= length) return this.giveBack();
    const tests = [...(lo < 0 ? [`${at.e} < 0`] : []), ...(hi >= length ? [`${at.e} >= ${length}`] : [])];
    const small = hi <= 30 && lo >= 0;
    this.either(
      { k: "bool", e: tests.join(" || "), yes: [], no: small ? [[at.e, (1 << length) - 1]] : [] },
      () => this.giveBack(),
      () => UNDEFINED,
    );
    return { ...at, lo: Math.max(0, lo), hi: Math.min(hi, length - 1) };
  }

  private someOf(e: string, alts: readonly Value[]): Value {
    // One of several places is looked at.
    alts.forEach((one, i) => {
      if (one.k === "ref" && this.isLocation(one.cell) && this.flow.allows(e, i))
        this.noticed(`${e} === ${i}`);
    });
    return { k: "alt", e, alts };
  }

  private indexed(table: Value, given: Value & { k: "num" }, length: number): Value {
    const holdsObjects = length > 0 && this.cellAt(table, 0)?.k === "ref";
    const at = holdsObjects ? this.inside(given, length) : given;
    const { lo, hi } = this.range(at);
    const alts: Value[] = [];
    const places = new Map<number, number>();
    for (let n = lo; n <= hi; n++) {
      const inside = n >= 0 && n < length;
      places.set(n, inside ? n : length);
    }
    for (let n = 0; n <= length; n++) alts.push(n < length ? fixed(n) : UNDEFINED);
    const e = this.local(mapping(at.e, places));
    const index: Value = { k: "alt", e, alts };
    const possible = new Set(places.values());
    this.flow.learn(
      e,
      [...possible].reduce((mask, n) => mask | (1 << n), 0),
    );
    const cells = [...possible].map((n) => (n === length ? null : this.cellAt(table, n)));
    if (cells.every((cell) => cell !== null && (cell.k === "ref" || cell.k === "static" || cell.k === "obj")))
      return this.someOf(
        e,
        Array.from({ length: length + 1 }, (_, n) => (possible.has(n) ? this.cellAt(table, n)! : UNDEFINED)),
      );
    return this.leafAt(table, index, [...possible], length);
  }

  /** An entry, where taking it needs no code; null where it does. */
  private cellAt(table: Value, n: number): Value | null {
    if (table.k !== "ref") return this.member(table, String(n));
    const part = this.part(table, String(n));
    if (part === null) return UNDEFINED;
    return part.cell.kind === "record" || part.cell.kind === "table"
      ? this.refTo(part.cell, part.space)
      : null;
  }

  private leafAt(
    table: Value,
    index: Value & { k: "alt" },
    possible: readonly number[],
    length: number,
  ): Value {
    const values = possible.map((n) => {
      const part = table.k === "ref" && n < length ? this.part(table, String(n)) : null;
      if (part !== null) return this.read(part.cell, part.space, `${index.e} === ${n}`);
      return n === length ? UNDEFINED : this.member(table, String(n));
    });
    const at = (one: Value): Value =>
      isStatic(one) && one.v === undefined
        ? UNDEFINED
        : this.member(table, String((one as { v: unknown }).v));
    return this.taken(index.e, possible, values) ?? this.split(index, at);
  }

  setMember(of: Value, name: Value, value: Value): void {
    const target = this.refined(of);
    const key = this.refined(name);
    if (target.k === "alt") {
      if (isStatic(key) && this.writeUntrackedOfSome(target, String(key.v), value)) return;
      this.split(target, (one) => (this.setMember(one, key, value), NULL));
      return;
    }
    if (!isStatic(key)) {
      this.setEntry(target, key, value);
      return;
    }
    if (target.k === "obj") {
      if (target.isArray && this.lengthOf(target) === null)
        throw new Unsupported("an entry of a list whose length depends on the state", "map() of the list");
      this.setField(target, String(key.v), value);
    } else if (target.k === "ref") {
      const part = this.part(target, String(key.v));
      if (part === null) return this.giveBack();
      this.write(part.cell, part.space, value);
    } else if (isStatic(target) && (target.v === null || target.v === undefined)) this.giveBack();
    else
      throw new Unsupported(
        `writing to ${isStatic(target) ? "what is outside of the state" : `a ${target.k}`}`,
        "cells of the state, or what the call keeps",
      );
  }

  private setEntry(target: Value, key: Value, value: Value): void {
    const length = this.lengthOf(target);
    const number = this.number(key);
    if (number === null) {
      this.split(key, (one) => (this.setMember(target, one, value), NULL));
      return;
    }
    if (length === null) throw new Unsupported("an index into what is no table", "a table");
    const { lo, hi } = this.range(number);
    const from = (n: number): Value => {
      if (n > hi) return this.giveBack();
      const here = (): Value => {
        if (n < 0 || n >= length) return this.giveBack();
        this.setMember(target, fixed(n), value);
        return NULL;
      };
      if (n === hi) return here();
      return this.either(
        {
          k: "bool",
          e: `${number.e} === ${n}`,
          yes: n >= 0 && n < 31 ? [[number.e, 1 << n]] : [],
          no: n >= 0 && n < 31 ? [[number.e, ~(1 << n)]] : [],
        },
        here,
        () => from(n + 1),
      );
    };
    from(lo);
  }

  protected lengthOf(value: Value): number | null {
    if (value.k === "ref") return value.cell.kind === "table" ? value.cell.cells.length : null;
    if (value.k === "list") return value.items.every(({ when }) => when === null) ? value.items.length : null;
    if (value.k === "obj") {
      const length = value.isArray ? this.lengthOfArray(value) : null;
      return length !== null && isStatic(length) ? (length.v as number) : null;
    }
    return isStatic(value) && Array.isArray(value.v) ? value.v.length : null;
  }

  protected partOf(value: Value, name: string): Value {
    if (isStatic(value) && (value.v === null || typeof value.v !== "object")) return this.giveBack();
    if (value.k === "num" || value.k === "bool" || value.k === "text" || value.k === "fn")
      return this.giveBack();
    return this.member(value, name);
  }

  /** An item of a list is taken up: only now is it looked at. */
  protected lookAt(item: Value): void {
    if (item.k === "ref" && this.isLocation(item.cell)) this.noticed(null);
  }

  /** The items of a list; of an iterator, what it yields. */
  items(of: Value): readonly Item[] {
    const value = this.refined(of);
    if (value.k === "list") return value.items;
    if (value.k === "ref" && value.cell.kind === "table")
      return value.cell.cells.map((_, i) => ({
        value: this.cellAt(value, i) ?? this.member(value, String(i)),
        when: null,
      }));
    if (value.k === "obj" && value.isArray) return this.itemsOfArray(value);
    if (isStatic(value) && value.v !== null && value.v !== undefined && Symbol.iterator in Object(value.v))
      return [...(value.v as Iterable<unknown>)].map((v) => ({ value: fixed(v), when: null }));
    throw new Unsupported("a loop over what is no list", "a table, an array, ids(…)");
  }

  private itemsOfArray(array: Obj): readonly Item[] {
    const length = this.lengthOfArray(array);
    return (this.flow.shapes.get(array.id) ?? []).flatMap((name, i): readonly Item[] => {
      const isThere = this.refined(this.binary("<", fixed(i), length));
      if (isStatic(isThere) && isThere.v === false) return [];
      const when = isStatic(isThere) ? null : this.truth(isThere);
      return [{ value: this.fieldOfObject(array, name)!, when }];
    });
  }

  /** It may depend on the way here. */
  private lengthOfArray(array: Obj): Value {
    return this.fieldOfObject(array, "length") ?? fixed((this.flow.shapes.get(array.id) ?? []).length);
  }

  private pushed(array: Obj, value: Value): void {
    const length = this.lengthOfArray(array);
    if (!isStatic(length))
      throw new Unsupported(
        "push() to a list whose length depends on the state, behind where that was decided",
        "filter() of what may be in it",
      );
    const n = length.v as number;
    this.setField(array, String(n), value);
    if (this.flow.heap.has(lengthField(array.id))) this.flow.heap.set(lengthField(array.id), fixed(n + 1));
  }

  /** The records in one of several tables of one length, each one of several; null where they are not so. */
  protected itemsOfSome({ e, alts }: Alt): readonly Item[] | null {
    const tables = alts.map((one, i) => (this.flow.allows(e, i) ? one : null));
    const lengths = new Set(tables.flatMap((one) => (one === null ? [] : [this.recordsIn(one)])));
    const [length] = lengths;
    if (lengths.size !== 1 || length === null || length === undefined) return null;
    return Array.from({ length }, (_, n) => ({
      value: { k: "alt", e, alts: tables.map((one) => (one === null ? UNDEFINED : this.cellAt(one, n)!)) },
      when: null,
    }));
  }

  /** How many records a table has that nobody watches. */
  private recordsIn(table: Value): number | null {
    if (table.k !== "ref" || table.cell.kind !== "table") return null;
    const { cells } = table.cell;
    return cells.every((cell) => cell.kind === "record" && !this.isLocation(cell)) ? cells.length : null;
  }

  /** Names of the fields of an object. */
  fieldNames(value: Value): readonly string[] {
    if (value.k === "ref")
      return value.cell.kind === "record"
        ? [...value.cell.fields.keys()]
        : value.cell.cells.map((_, i) => String(i));
    if (value.k === "obj") return this.flow.shapes.get(value.id) ?? [];
    if (isStatic(value)) return value.v === null || value.v === undefined ? [] : Object.keys(value.v);
    throw new Unsupported("the fields of what is no object", "an object");
  }

  listOf(values: readonly Value[]): List {
    return { k: "list", items: values.map((value) => ({ value, when: null })) };
  }

  /** A method of lists, or null where it is none. */
  listMethod(of: Value, name: string, args: readonly Value[]): Value | null {
    const given = this.refined(of);
    if (given.k === "alt") return null;
    const isList =
      given.k === "list" ||
      (given.k === "ref" && given.cell.kind === "table") ||
      (given.k === "obj" && given.isArray) ||
      (isStatic(given) && Array.isArray(given.v));
    if (!isList) return null;
    const [fn, second] = args;
    const on = (item: Item, i: number): Value => {
      this.lookAt(item.value);
      return this.invoke(fn!, [item.value, fixed(i), given], null);
    };
    const items = (): readonly Item[] => this.items(given);
    switch (name) {
      case "map":
        return { k: "list", items: items().map((item, i) => ({ value: on(item, i), when: item.when })) };
      case "filter":
        return this.filtered(items(), on);
      case "some":
        return this.anyOf(items(), on, true);
      case "every":
        return this.anyOf(items(), on, false);
      case "find":
        return this.first(items(), on, (item) => item.value, UNDEFINED);
      case "findIndex":
        return this.first(items(), on, (_, i) => fixed(i), fixed(-1));
      case "includes":
        return this.anyOf(items(), (item) => this.asValue(this.equal(item.value, fn!)), true);
      case "indexOf":
        return this.first(
          items(),
          (item) => this.asValue(this.equal(item.value, fn!)),
          (_, i) => fixed(i),
          fixed(-1),
        );
      case "forEach":
        items().forEach((item, i) => this.under(item.when, () => (on(item, i), NULL)));
        return UNDEFINED;
      case "flatMap":
        return { k: "list", items: items().flatMap((item, i) => this.flat(item.when, on(item, i))) };
      case "reduce": {
        let sum = second!;
        items().forEach((item, i) => {
          const next = (): Value => this.invoke(fn!, [sum, item.value, fixed(i)], null);
          sum = item.when === null ? next() : this.either(item.when, next, () => sum);
        });
        return sum;
      }
      case "slice":
      case "concat":
      case "at":
        return this.sliced(items(), name, args);
      case "join":
        return TEXT;
      case "keys":
        return this.listOf(items().map((_, i) => fixed(i)));
      case "entries":
        return this.listOf(items().map((item, i) => this.listOf([fixed(i), item.value])));
      case "push":
        if (given.k !== "obj") return null;
        for (const value of args) this.pushed(given, value);
        return this.lengthOfArray(given);
      default:
        return null;
    }
  }

  private sliced(items: readonly Item[], name: string, args: readonly Value[]): Value {
    if (name === "concat") return { k: "list", items: [...items, ...args.flatMap((arg) => this.items(arg))] };
    if (!args.every(isStatic) || items.some(({ when }) => when !== null))
      throw new Unsupported(`${name}() of a list that depends on the state`, "a loop");
    const [from, to] = args.map((arg) => (arg as { v: number }).v);
    if (name === "at") return items.at(from ?? 0)?.value ?? UNDEFINED;
    return { k: "list", items: items.slice(from, to) };
  }

  private flat(when: Bool | null, value: Value): Item[] {
    const inner = this.refined(value);
    const isList =
      inner.k === "list" ||
      inner.k === "ref" ||
      (inner.k === "obj" && inner.isArray) ||
      (isStatic(inner) && Array.isArray(inner.v));
    if (!isList) return [{ value: inner, when }];
    return this.items(inner).map((item) => ({
      value: item.value,
      when: when === null ? item.when : item.when === null ? when : this.and(when, item.when),
    }));
  }

  /** Runs something where a condition holds. */
  under(when: Bool | null, run: () => Value): Value {
    if (when === null) return run();
    const known = this.settled(when);
    if (known !== null) return known ? run() : UNDEFINED;
    return this.either(when, run, () => UNDEFINED);
  }

  private filtered(items: readonly Item[], passes: (item: Item, i: number) => Value): List {
    const kept: Item[] = [];
    items.forEach((item, i) => {
      const passed = this.truth(passes(item, i));
      const known = this.settled(passed);
      if (known === false) return;
      const flagged = known === true ? null : this.truth(this.flagged(passed));
      kept.push({
        value: item.value,
        when: item.when === null ? flagged : flagged === null ? item.when : this.and(item.when, flagged),
      });
    });
    return { k: "list", items: kept };
  }

  /** Whether one item passes (`wanted`), or whether all do. */
  private anyOf(items: readonly Item[], passes: (item: Item, i: number) => Value, wanted: boolean): Value {
    const from = (i: number): Value => {
      const item = items[i];
      if (item === undefined) return wanted ? FALSE : TRUE;
      const asked = (): Value => {
        const passed = this.truth(passes(item, i));
        return this.logical(wanted ? "||" : "&&", this.asValue(passed), () => from(i + 1));
      };
      return item.when === null ? asked() : this.either(item.when, asked, () => from(i + 1));
    };
    return from(0);
  }

  private first(
    items: readonly Item[],
    passes: (item: Item, i: number) => Value,
    found: (item: Item, i: number) => Value,
    otherwise: Value,
  ): Value {
    const from = (i: number): Value => {
      const item = items[i];
      if (item === undefined) return otherwise;
      const asked = (): Value =>
        this.conditional(
          this.truth(passes(item, i)),
          () => found(item, i),
          () => from(i + 1),
        );
      return item.when === null ? asked() : this.either(item.when, asked, () => from(i + 1));
    };
    return from(0);
  }

  /** `condition ? then : otherwise` */
  conditional(condition: Bool, then: () => Value, otherwise: () => Value): Value {
    const known = this.settled(condition);
    if (known !== null) return known ? then() : otherwise();
    return this.either(condition, then, otherwise);
  }

  /** `a && b`, `a || b`: both conditions in one where evaluating the second does no harm. */
  logical(operator: "&&" | "||", a: Value, b: () => Value): Value {
    const condition = this.truth(a);
    const known = this.settled(condition);
    const goesOn = operator === "&&";
    if (known !== null) return known === goesOn ? b() : a;
    const second = isBoolean(a) ? this.harmless(goesOn ? condition.yes : condition.no, b) : null;
    if (second !== null && isBoolean(second)) {
      const other = this.truth(second);
      return this.asValue(goesOn ? this.and(condition, other) : this.or(condition, other));
    }
    const kept = a.k === "bool" ? fixed(!goesOn) : a;
    return goesOn
      ? this.either(condition, second === null ? b : () => second, () => this.refined(kept))
      : this.either(condition, () => this.refined(kept), second === null ? b : () => second);
  }

  newArray(values: readonly Value[]): Obj {
    return this.makeObject(
      values.map((value, i) => [String(i), value] as const),
      true,
    );
  }
}

/** Something known that has fields. */
function isObject(value: Value): boolean {
  return isStatic(value) && typeof value.v === "object" && value.v !== null;
}

function isBoolean(value: Value): boolean {
  if (value.k === "bool") return true;
  if (isStatic(value)) return typeof value.v === "boolean";
  return value.k === "alt" && value.alts.every((one) => isStatic(one) && typeof one.v === "boolean");
}

function sameAlternatives(a: readonly Value[], b: readonly Value[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => isStatic(one) && isStatic(b[i]!) && Object.is(one.v, (b[i] as { v: unknown }).v))
  );
}

/** One of several expressions, by the number of the alternative. */
export function chosen(e: string, numbers: readonly number[], expressions: readonly string[]): string {
  if (new Set(expressions).size === 1) return expressions[0]!;
  const last = expressions.length - 1;
  return `(${expressions
    .slice(0, last)
    .map((text, i) => `${e} === ${numbers[i]} ? ${text} : `)
    .join("")}${expressions[last]})`;
}
