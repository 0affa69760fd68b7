/**
 * What of a woven design its calls are made of: the mutants in the text of the sections' functions and of all that these refer to, and the
 * sections themselves. What a later version replaced is none of it.
 */
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { sourceOf, type AnyFunction } from "../compile/source.ts";
import type { Board } from "./board.ts";
import { ON } from "./weave.ts";

export interface Reach {
  /** By call: mutants that are switched on while it runs. */
  readonly mutants: ReadonlyMap<string, ReadonlySet<number>>;
  /** By call: its sections, by their numbers. */
  readonly parts: ReadonlyMap<string, ReadonlySet<number>>;
}

export function reachOf(design: AnyDesign, board: Board): Reach {
  const mutants = new Map<string, ReadonlySet<number>>();
  const parts = new Map<string, ReadonlySet<number>>();
  const direct = new Map<AnyFunction, Found>();
  for (const [name, call] of Object.entries(design.calls)) {
    const sections = sectionsOf(call);
    mutants.set(
      name,
      mutantsIn(
        sections.flatMap((one) => functionsIn(one)),
        direct,
      ),
    );
    parts.set(name, new Set(sections.flatMap((section) => board.parts.get(section as object) ?? [])));
  }
  return { mutants, parts };
}

export function sectionsOf(call: AnyCall): unknown[] {
  return [...Object.values(call.sections), ...Object.values(call.finally)];
}

/** What one function's own text says. */
interface Found {
  readonly mutants: readonly number[];
  readonly refers: readonly AnyFunction[];
}

const ASKS = new RegExp(`${ON}\\((\\d+)\\)`, "g");

function mutantsIn(roots: readonly AnyFunction[], direct: Map<AnyFunction, Found>): Set<number> {
  const found = new Set<number>();
  const seen = new Set<AnyFunction>(roots);
  for (const fn of seen) {
    let own = direct.get(fn);
    if (own === undefined) direct.set(fn, (own = lookInto(fn)));
    for (const number of own.mutants) found.add(number);
    for (const other of own.refers) seen.add(other);
  }
  return found;
}

function lookInto(fn: AnyFunction): Found {
  const source = sourceOf(fn);
  if (source === null) return { mutants: [], refers: [] };
  const mutants = [...fn.toString().matchAll(ASKS)].map(([, number]) => Number(number));
  const refers = [...namesIn(source.node)]
    .filter((name) => !name.startsWith("__gmemcheck"))
    .flatMap((name) => functionsIn(source.captured(name)?.value));
  return { mutants, refers };
}

function namesIn(node: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(node)) for (const one of node) namesIn(one, names);
  else if (typeof node === "object" && node !== null) {
    const { type, name } = node as { type?: unknown; name?: unknown };
    if (type === "Identifier") names.add(String(name));
    else for (const [key, value] of Object.entries(node)) if (key !== "type") namesIn(value, names);
  }
  return names;
}

/** A function, or those in a record of some. */
function functionsIn(value: unknown, depth = 3): AnyFunction[] {
  if (typeof value === "function") return [value as AnyFunction];
  if (depth === 0 || typeof value !== "object" || value === null) return [];
  const { constructor } = value;
  if (constructor !== Object && constructor !== Array && constructor !== undefined) return [];
  return Object.values(value).flatMap((one) => functionsIn(one, depth - 1));
}
