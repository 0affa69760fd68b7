/** What designs are made of as they run: functions, and what these capture, found in the loaded objects and not in their text. */
import type { Node } from "acorn";
import { sourceOf, type AnyFunction } from "../../checkers/compile/source.ts";
import { entryNamed } from "../../models/catalogue.ts";

/** By design, the places (file:line) of all functions that it comes to. */
export async function placesOf(names: readonly string[]): Promise<Record<string, string[]>> {
  const places: Record<string, string[]> = {};
  for (const name of names) {
    const found = new Set<string>();
    visit((await entryNamed(name))!.design, new Set(), found);
    places[name] = [...found].sort();
  }
  return places;
}

function visit(value: unknown, seen: Set<unknown>, found: Set<string>): void {
  if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) return;
  seen.add(value);
  if (typeof value === "function") visitFunction(value as AnyFunction, seen, found);
  for (const inner of Object.values(value)) visit(inner, seen, found);
}

function visitFunction(fn: AnyFunction, seen: Set<unknown>, found: Set<string>): void {
  const source = sourceOf(fn);
  if (source === null) return;
  found.add(source.place(source.node));
  for (const name of namesIn(source.node)) {
    const captured = source.captured(name);
    if (captured !== undefined) visit(captured.value, seen, found);
  }
}

/** All words of a text that may be variables. */
function namesIn(node: Node): ReadonlySet<string> {
  const names = new Set<string>();
  const walk = (at: unknown): void => {
    if (Array.isArray(at)) return at.forEach(walk);
    if (typeof at !== "object" || at === null) return;
    const { type, name, computed, ...parts } = at as Record<string, unknown>;
    if (type === "Identifier") names.add(name as string);
    // `.name`, and `name:` of an object, are fields.
    if (type === "MemberExpression" && computed === false) delete parts["property"];
    if (type === "Property" && computed === false && parts["shorthand"] === false) delete parts["key"];
    Object.values(parts).forEach(walk);
  };
  walk(node);
  return names;
}
