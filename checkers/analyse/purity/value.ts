/** What an expression may stand for, as far as writing into it goes: whose it is, what it holds, and which functions it may be. */
import { ts } from "ts-morph";
import type { Module } from "../module.ts";

/** Something that is not the function's own. */
export type Root =
  /** A parameter, and the field of it through which one came. */
  | { readonly kind: "input"; readonly param: number; readonly field: string | null }
  /** What a name at the top of a module stands for. */
  | { readonly kind: "binding"; readonly id: string };

/** A function, with the names that it sees. */
export interface Closure {
  readonly node: ts.SignatureDeclaration;
  readonly scope: Scope;
}

/** An object as it is written; its fields are evaluated when they are asked for. */
export interface Layer {
  readonly node: ts.ObjectLiteralExpression;
  readonly scope: Scope;
}

export interface Value {
  /** Whose it may be; a thing made on the spot is nobody's. */
  readonly roots: readonly Root[];
  readonly functions: readonly Closure[];
  /** In the order in which a field is looked for. */
  readonly layers: readonly Layer[];
  /** What the elements of a list that was made on the spot may be. */
  readonly items: Value | null;
}

export const NOBODYS: Value = { roots: [], functions: [], layers: [], items: null };

let scopes = 0;

/** The names of a function that runs, or of a module. */
export class Scope {
  readonly module: Module;
  readonly id: number;
  private readonly outer: Scope | null;
  private readonly names = new Map<string, Value>();
  /** Grows when a name turns out to stand for more. */
  version = 0;

  constructor(module: Module, outer: Scope | null) {
    this.module = module;
    this.outer = outer;
    this.id = scopes++;
  }

  /** Undefined: the name is none of a function. */
  find(name: string): Value | undefined {
    return this.names.get(name) ?? this.outer?.find(name);
  }

  /** A name may stand for this as well; that of an outer scope where it is declared there. */
  add(name: string, value: Value): void {
    const known = this.names.get(name) ?? NOBODYS;
    const joined = join(known, value);
    if (this.names.has(name) && keyOf(known) === keyOf(joined)) return;
    this.names.set(name, joined);
    this.version++;
  }

  /** Where a name is declared; null: nowhere in a function. */
  holder(name: string): Scope | null {
    return this.names.has(name) ? this : (this.outer?.holder(name) ?? null);
  }
}

export function join(a: Value, b: Value): Value {
  if (a === NOBODYS || a === b) return b;
  if (b === NOBODYS) return a;
  return {
    roots: unique([...a.roots, ...b.roots], rootKey),
    functions: unique([...a.functions, ...b.functions], closureKey),
    layers: unique([...a.layers, ...b.layers], closureKey),
    items: a.items === null ? b.items : b.items === null ? a.items : join(a.items, b.items),
  };
}

export function joinAll(values: readonly Value[]): Value {
  return values.reduce(join, NOBODYS);
}

/** A list made on the spot. */
export function listOf(items: Value): Value {
  return items === NOBODYS ? NOBODYS : { ...NOBODYS, items };
}

/** Equal where two values may be the same things. */
export function keyOf({ roots, functions, layers, items }: Value): string {
  const parts = [
    roots.map(rootKey).sort().join(),
    functions.map(closureKey).sort().join(),
    layers.map(closureKey).join(),
  ];
  return `${parts.join(";")}[${items === null ? "" : keyOf(items)}]`;
}

const rootKey = (root: Root): string =>
  root.kind === "binding" ? root.id : `${root.param}.${root.field ?? ""}`;

export const closureKey = ({ node, scope }: Closure | Layer): string =>
  `${scope.module.path}:${node.pos}@${scope.id}`;

function unique<T>(list: readonly T[], key: (item: T) => string): readonly T[] {
  return [...new Map(list.map((item) => [key(item), item])).values()];
}

/** What is reached through a field: of an input, the first one is kept. */
export function through(root: Root, field: string | null): Root {
  return root.kind === "input" && root.field === null ? { ...root, field } : root;
}
