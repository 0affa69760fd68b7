/** Walks a domain: first values, all values, canonical copies, differences between two states. */
import type { AnyDomain, Shape } from "../../spec/language/domain.ts";
import type { CellValue, Change } from "../../spec/language/trace.ts";

/** How many of each index a run has, by the name of the bound. */
export type Sizes = Readonly<Record<string, number>>;

type Plain = Record<string, unknown>;

export function sizeOf(sizes: Sizes, bound: string): number {
  const size = sizes[bound];
  if (size === undefined) {
    throw new RangeError(
      `the design has no size for the bound "${bound}"; it has ${Object.keys(sizes).join(", ")}`,
    );
  }
  return size;
}

/** How many values a domain of single values has, or null for a table or a record. */
export function cardinality(domain: AnyDomain, sizes: Sizes): number | null {
  const { shape } = domain;
  switch (shape.kind) {
    case "bool":
      return 2;
    case "oneOf":
      return shape.values.length;
    case "upTo":
      return sizeOf(sizes, shape.bound) + 1;
    case "index":
      return sizeOf(sizes, shape.bound);
    case "maybe": {
      const inner = cardinality(shape.of, sizes);
      return inner === null ? null : inner + 1;
    }
    case "tracked":
    case "location":
    case "pointing":
      return cardinality(shape.of, sizes);
    case "record":
    case "per":
      return null;
  }
}

/** The value that a state starts from: false, the first name, 0, null, and tables and records of these. */
export function firstValue(domain: AnyDomain, sizes: Sizes): unknown {
  const { shape } = domain;
  switch (shape.kind) {
    case "bool":
      return false;
    case "oneOf":
      return shape.values[0];
    case "upTo":
    case "index":
      return 0;
    case "maybe":
      return null;
    case "tracked":
    case "location":
    case "pointing":
      return firstValue(shape.of, sizes);
    case "record":
      return mapFields(shape, (field) => firstValue(field, sizes));
    case "per":
      return mapTable(indexSize(shape, sizes), () => firstValue(shape.of, sizes));
  }
}

/** Every value of a domain, in a fixed order, the first value first. */
export function allValues(domain: AnyDomain, sizes: Sizes): readonly unknown[] {
  const { shape } = domain;
  switch (shape.kind) {
    case "bool":
      return [false, true];
    case "oneOf":
      return shape.values;
    case "upTo":
      return Array.from({ length: sizeOf(sizes, shape.bound) + 1 }, (_, i) => i);
    case "index":
      return Array.from({ length: sizeOf(sizes, shape.bound) }, (_, i) => i);
    case "maybe":
      return [null, ...allValues(shape.of, sizes)];
    case "tracked":
    case "location":
    case "pointing":
      return allValues(shape.of, sizes);
    case "record": {
      let all: Plain[] = [{}];
      for (const [name, field] of Object.entries(shape.fields)) {
        const values = allValues(field, sizes);
        all = all.flatMap((partial) => values.map((value) => ({ ...partial, [name]: value })));
      }
      return all;
    }
    case "per": {
      let all: unknown[][] = [[]];
      const values = allValues(shape.of, sizes);
      for (let i = indexSize(shape, sizes); i > 0; i--) {
        all = all.flatMap((partial) => values.map((value) => [...partial, value]));
      }
      return all;
    }
  }
}

/** A copy in which dead fields have their first values: equal copies are one state. */
export function canonical(domain: AnyDomain, sizes: Sizes, value: unknown): unknown {
  const { shape } = domain;
  switch (shape.kind) {
    case "maybe":
      return value === null ? null : canonical(shape.of, sizes, value);
    case "tracked":
    case "location":
    case "pointing":
      return canonical(shape.of, sizes, value);
    case "record":
      return mapFields(shape, (field, name) =>
        isDead(shape, name, value)
          ? firstValue(field, sizes)
          : canonical(field, sizes, (value as Plain)[name]),
      );
    case "per": {
      const table = value as readonly unknown[];
      return mapTable(table.length, (i) => canonical(shape.of, sizes, table[i]));
    }
    default:
      return value;
  }
}

/**
 * The first place where a value is outside its domain, or null: its path, what stands there, and what
 * may stand there. Parts that are known to be of a shape are not looked at.
 */
export function outside(
  domain: AnyDomain,
  sizes: Sizes,
  value: unknown,
  path: string,
  isKnown: (part: object, shape: Shape) => boolean = () => false,
): { readonly path: string; readonly found: string; readonly allowed: string } | null {
  const { shape } = domain;
  const wrong = (allowed: string) => ({ path, found: show(value), allowed });
  switch (shape.kind) {
    case "bool":
      return typeof value === "boolean" ? null : wrong("false or true");
    case "oneOf":
      return shape.values.includes(value as string) ? null : wrong(shape.values.join(", "));
    case "upTo":
    case "index": {
      const last = cardinality(domain, sizes)! - 1;
      const good = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= last;
      return good ? null : wrong(`0 to ${last} (${shape.bound})`);
    }
    case "maybe":
      return value === null ? null : outside(shape.of, sizes, value, path, isKnown);
    case "tracked":
    case "location":
    case "pointing":
      return outside(shape.of, sizes, value, path, isKnown);
    case "record": {
      if (typeof value !== "object" || value === null) {
        return wrong(`a record of ${Object.keys(shape.fields).join(", ")}`);
      }
      if (isKnown(value, shape)) return null;
      const extra = Object.keys(value).find((name) => !(name in shape.fields));
      if (extra !== undefined) {
        return {
          path: path === "" ? extra : `${path}.${extra}`,
          found: show((value as Plain)[extra]),
          allowed: `no such field; the record has ${Object.keys(shape.fields).join(", ")}`,
        };
      }
      for (const [name, field] of Object.entries(shape.fields)) {
        if (isDead(shape, name, value)) continue;
        const bad = outside(
          field,
          sizes,
          (value as Plain)[name],
          path === "" ? name : `${path}.${name}`,
          isKnown,
        );
        if (bad !== null) return bad;
      }
      return null;
    }
    case "per": {
      const length = indexSize(shape, sizes);
      if (!Array.isArray(value) || value.length !== length) return wrong(`a table of ${length}`);
      if (isKnown(value, shape)) return null;
      const extra = Object.keys(value).find((key) => !(Number(key) >= 0));
      if (extra !== undefined) {
        const found = show((value as unknown as Plain)[extra]);
        return {
          path: `${path}[${extra}]`,
          found,
          allowed: `no such entry; the table has ${length}, from 0 on`,
        };
      }
      for (let i = 0; i < length; i++) {
        const bad = outside(shape.of, sizes, value[i], `${path}[${i}]`, isKnown);
        if (bad !== null) return bad;
      }
      return null;
    }
  }
}

/** The cells in which two states differ, by path, in the order of the declaration. Both are canonical. */
export function changes(domain: AnyDomain, before: unknown, after: unknown): Change[] {
  const found: Change[] = [];
  collect(domain, before, after, "", found);
  return found;
}

function collect(domain: AnyDomain, before: unknown, after: unknown, path: string, found: Change[]): void {
  const { shape } = domain;
  switch (shape.kind) {
    case "tracked":
    case "location":
    case "pointing":
      collect(shape.of, before, after, path, found);
      return;
    case "maybe":
      if (before !== null && after !== null) collect(shape.of, before, after, path, found);
      else if (before !== after) found.push({ cell: path, from: cell(before), to: cell(after) });
      return;
    case "record":
      for (const [name, field] of Object.entries(shape.fields)) {
        const inner = path === "" ? name : `${path}.${name}`;
        collect(field, (before as Plain)[name], (after as Plain)[name], inner, found);
      }
      return;
    case "per":
      (before as unknown[]).forEach((element, i) =>
        collect(shape.of, element, (after as unknown[])[i], `${path}[${i}]`, found),
      );
      return;
    default:
      if (before !== after) found.push({ cell: path, from: cell(before), to: cell(after) });
  }
}

function cell(value: unknown): CellValue {
  return typeof value === "object" && value !== null ? show(value) : (value as CellValue);
}

/** A value in one line: `{base 0, npages 1}`; fields that are null, false or empty are left out. */
export function show(value: unknown): string {
  if (value === null) return "none";
  if (Array.isArray(value)) {
    return value.every((v) => v === null || v === false || v === 0) ? "[]" : `[${value.map(show).join(" ")}]`;
  }
  if (typeof value === "object") {
    const fields = Object.entries(value as Plain)
      .filter(([, v]) => v !== null && v !== false)
      .map(([name, v]) => (v === true ? name : `${name} ${show(v)}`))
      .filter((text) => !text.endsWith(" []") && !text.endsWith(" {}"));
    return `{${fields.join(", ")}}`;
  }
  return typeof value === "bigint" ? hex(value) : String(value);
}

/** A 64-bit argument as a kernel log prints it: decimal when small, hexadecimal when large. */
export function hex(value: bigint): string {
  const magnitude = value < 0n ? -value : value;
  return magnitude < 0x10000n ? value.toString() : `${value < 0n ? "-" : ""}0x${magnitude.toString(16)}`;
}

type RecordShape = Extract<Shape, { kind: "record" }>;
type PerShape = Extract<Shape, { kind: "per" }>;

export function isDead(shape: RecordShape, name: string, owner: unknown): boolean {
  const rule = shape.dead[name];
  return rule !== undefined && rule(owner as never);
}

export function indexSize(shape: PerShape, sizes: Sizes): number {
  const index = shape.index.shape;
  if (index.kind !== "index") throw new TypeError(`a table indexed by ${index.kind}`);
  return sizeOf(sizes, index.bound);
}

/** Loops, here and below: states are copied step by step, and `Object.fromEntries` and `Array.from` take four times as long. */
function mapFields(shape: RecordShape, map: (field: AnyDomain, name: string) => unknown): Plain {
  const mapped: Plain = {};
  for (const name in shape.fields) mapped[name] = map(shape.fields[name]!, name);
  return mapped;
}

function mapTable(length: number, map: (i: number) => unknown): unknown[] {
  const mapped: unknown[] = [];
  for (let i = 0; i < length; i++) mapped.push(map(i));
  return mapped;
}
