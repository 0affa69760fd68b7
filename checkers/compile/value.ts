/**
 * What the translator knows of a value: the value itself, or an expression of the generated code that yields it, or something in between.
 * Numbers of generated code are small and whole; strings, null and the like stand behind the number of an alternative.
 */
import type { Function as FunctionNode } from "acorn";
import type { RecordCell, TableCell } from "../explore/layout.ts";
import type { Source } from "./source.ts";
import type { Space } from "./space.ts";

/** A value that never changes, or the place in the flow where the variable's is. */
export type Binding = { readonly value: Value } | { readonly slot: string };

/** Names in scope where a function is written. */
export interface Scope {
  readonly source: Source;
  find(name: string): Binding | undefined;
  /** `this` of the method at hand. */
  receiver(): Value | null;
}

/** Known: it costs nothing at run time. */
export interface Static {
  readonly k: "static";
  readonly v: unknown;
}
/** A whole number from lo to hi. */
export interface Num {
  readonly k: "num";
  readonly e: string;
  readonly lo: number;
  readonly hi: number;
}
/** A condition; with what is known where it holds, and where it does not. */
export interface Bool {
  readonly k: "bool";
  readonly e: string;
  readonly yes: readonly Fact[];
  readonly no: readonly Fact[];
}
/** One of several values, by its number. */
export interface Alt {
  readonly k: "alt";
  readonly e: string;
  readonly alts: readonly Value[];
}
/** A record or a table of the state. */
export interface Ref {
  readonly k: "ref";
  readonly cell: RecordCell | TableCell;
  readonly space: Space;
  /** When the reference was taken: what is put in its place later is another object. */
  readonly stamp: number;
}
/** An object or an array that the call has made; the flow knows its fields. */
export interface Obj {
  readonly k: "obj";
  readonly id: number;
  readonly isArray: boolean;
}
/** A list that nobody changes; an item may be there under a condition only. */
export interface List {
  readonly k: "list";
  readonly items: readonly { readonly value: Value; readonly when: Bool | null }[];
}
/** A function written inside what is translated. */
export interface Fn {
  readonly k: "fn";
  readonly node: FunctionNode;
  readonly env: Scope;
}
/** A text that nobody may look at: a message. */
export interface Text {
  readonly k: "text";
}
export type Value = Static | Num | Bool | Alt | Ref | Obj | List | Fn | Text;

/** A local of generated code, and the values that it can have as a set of bits; values from 31 on are in no fact. */
export type Fact = readonly [local: string, mask: number];

export const fixed = (v: unknown): Static => ({ k: "static", v });
export const UNDEFINED = fixed(undefined);
export const NULL = fixed(null);
export const TRUE = fixed(true);
export const FALSE = fixed(false);
export const TEXT: Text = { k: "text" };
const BOOLEANS = [FALSE, TRUE];

/** A boolean behind a local that is 0 or 1. */
export const flag = (e: string): Alt => ({ k: "alt", e, alts: BOOLEANS });

export function isStatic(value: Value): value is Static {
  return value.k === "static";
}

/** No dynamic part in it: equal values are one. */
export function same(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.k === "static") return b.k === "static" && Object.is(a.v, b.v);
  if (a.k === "ref") return b.k === "ref" && a.cell === b.cell && a.space === b.space && a.stamp === b.stamp;
  if (a.k === "obj") return b.k === "obj" && a.id === b.id;
  if (a.k === "fn") return b.k === "fn" && a.node === b.node && a.env === b.env;
  if (a.k === "text") return b.k === "text";
  if (a.k === "num") return b.k === "num" && a.e === b.e;
  if (a.k === "bool") return b.k === "bool" && a.e === b.e;
  if (a.k === "alt")
    return (
      b.k === "alt" &&
      a.e === b.e &&
      a.alts.length === b.alts.length &&
      a.alts.every((alt, i) => same(alt, b.alts[i]!))
    );
  return false;
}

/** Not of the subset that is translated. */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
  readonly instead: string;
  constructor(what: string, instead: string) {
    super(what);
    this.instead = instead;
  }
}
