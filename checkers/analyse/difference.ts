/** Where two texts of one declaration differ, as deep as what they hold has names. */
import { ts } from "ts-morph";
import { bare, fieldName, meaning } from "./meaning.ts";
import { designNamed, fieldIn, valueOf } from "./spine.ts";

/** A part that is in one of the two only, or says another thing. */
export interface Difference {
  /** The names on the way to it: fields, and elements that have one. */
  readonly path: readonly string[];
  readonly base: ts.Node | null;
  readonly head: ts.Node | null;
}

export function differencesOf(base: ts.Node, head: ts.Node): readonly Difference[] {
  return between(base, head, []);
}

function between(base: ts.Node, head: ts.Node, path: readonly string[]): readonly Difference[] {
  if (meaning(base) === meaning(head)) return [];
  const before = partsOf(base);
  const after = partsOf(head);
  const here: Difference = { path, base, head };
  if (before === null || after === null || before.frame !== after.frame) return [here];
  const found = namesOf(before, after).flatMap((name) => {
    const [was, is] = [before.parts.get(name) ?? null, after.parts.get(name) ?? null];
    const inner = name.startsWith(UNNAMED) ? path : [...path, name];
    return was !== null && is !== null ? between(was, is, inner) : [{ path: inner, base: was, head: is }];
  });
  // The order of sections is what they are; that of all else may be.
  return found.length === 0 || !inOneOrder(before, after) ? [here] : found;
}

/** What a node is made of, by name. */
interface Parts {
  /** What it says beside them. */
  readonly frame: string;
  readonly parts: ReadonlyMap<string, ts.Node>;
}

/** Of a part that is told from the others, and has no name. */
const UNNAMED = "\0";

function partsOf(node: ts.Node): Parts | null {
  const value = valueOf(node);
  if (value === null) return null;
  const made = bare(value);
  if (ts.isObjectLiteralExpression(made)) return partsOfObject(made);
  if (ts.isArrayLiteralExpression(made)) return partsOfList(made);
  if (ts.isCallExpression(made)) {
    const parts = new Map(made.arguments.map((argument, i) => [`${UNNAMED}${i}`, argument]));
    return { frame: `call ${meaning(made.expression)} of ${parts.size}`, parts };
  }
  if (ts.isPropertyAccessExpression(made))
    return { frame: `of ${made.name.text}`, parts: new Map([[UNNAMED, made.expression]]) };
  return null;
}

function partsOfObject({ properties }: ts.ObjectLiteralExpression): Parts | null {
  const parts = new Map<string, ts.Node>();
  for (const property of properties) {
    const name = ts.isSpreadAssignment(property)
      ? `${UNNAMED}...${meaning(property.expression)}`
      : fieldName(property.name);
    if (name === null || parts.has(name)) return null;
    parts.set(name, property);
  }
  return { frame: "object", parts };
}

function partsOfList({ elements }: ts.ArrayLiteralExpression): Parts | null {
  const parts = new Map<string, ts.Node>();
  for (const element of elements) {
    const name = nameOf(element);
    if (name === null || parts.has(name)) return null;
    parts.set(name, element);
  }
  return { frame: "list", parts };
}

/** Of an element of a list. */
function nameOf(element: ts.Expression): string | null {
  const made = bare(ts.isSpreadElement(element) ? element.expression : element);
  if (ts.isIdentifier(made)) return made.text;
  if (ts.isSpreadElement(element)) return `${UNNAMED}...${meaning(made)}`;
  return designNamed(made) ?? claimNamed(made);
}

/** The name of what is given as an object with one: a property, a breach that is known. */
export function claimNamed(made: ts.Expression): string | null {
  const objects = ts.isCallExpression(made) ? made.arguments : [made];
  for (const object of objects)
    for (const field of ["name", "property"]) {
      const name = fieldIn(bare(object), field);
      if (name !== null && ts.isStringLiteralLike(name)) return name.text;
    }
  return null;
}

/** Those of the head in its order, and those that are gone behind them. */
function namesOf(before: Parts, after: Parts): readonly string[] {
  const gone = [...before.parts.keys()].filter((name) => !after.parts.has(name));
  return [...after.parts.keys(), ...gone];
}

function inOneOrder(before: Parts, after: Parts): boolean {
  const was = [...before.parts.keys()].filter((name) => after.parts.has(name));
  const is = [...after.parts.keys()].filter((name) => before.parts.has(name));
  return was.every((name, i) => name === is[i]);
}
