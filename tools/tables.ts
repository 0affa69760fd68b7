/** Documents with tables that are made: each between `<!-- name -->` and `<!-- end name -->`. */
import { readFileSync } from "node:fs";
import { stepsText } from "../checkers/explore/mode.ts";
import { vectorKey } from "../checkers/explore/pin.ts";
import { pins } from "../models/pins.ts";
import type { AnyDesign, Vector } from "../spec/language/design.ts";

export const root = new URL("../", import.meta.url);
export const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

/** By name, what makes it. */
export type Parts = Readonly<Record<string, () => string>>;

/** A document with these parts as they should be. */
export function filled(path: string, parts: Parts): string {
  let text = read(path);
  for (const [name, make] of Object.entries(parts)) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- end ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from)
      throw new Error(`${path} has no place for the part "${name}": ${begin} … ${end}`);
    text = `${text.slice(0, from + begin.length)}\n\n${make()}\n\n${text.slice(to)}`;
  }
  return text;
}

type Cells = readonly (string | number)[];

export function table(head: Cells, rows: readonly Cells[]): string {
  const line = (cells: Cells): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Promise → length of the shortest trace that breaks it: "3 calls", or "12 steps" where calls overlap. */
export function lengths({ name: design, vectors }: AnyDesign): ReadonlyMap<string, string> {
  const shortest = new Map<string, { readonly vector: Vector; readonly steps: number }>();
  for (const vector of vectors) {
    for (const [name, steps] of Object.entries(pins[design]![vectorKey(vector)]!.violated))
      if (steps < (shortest.get(name)?.steps ?? Infinity)) shortest.set(name, { vector, steps });
  }
  const text = ({ mode = "sequential" }: Vector, steps: number): string => stepsText({ mode }, steps);
  return new Map([...shortest].map(([name, { vector, steps }]) => [name, text(vector, steps)]));
}
