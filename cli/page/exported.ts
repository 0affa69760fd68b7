/** Where a design stands in the source: the file that exports it, and the way to it from there, so that it can be bundled. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { placeOf } from "../../checkers/report/blame.ts";
import { UsageError } from "../../checkers/usage-error.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { fileOf } from "../designs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Exported {
  /** Absolute. */
  readonly file: string;
  /** The name of the export, and the keys that lead from it to the design. */
  readonly path: readonly [string, ...string[]];
}

/** `name`: as a user gives it, "guest-memfd-7.3" or "mine.ts#wanted". */
export async function exportOf(design: AnyDesign, name: string): Promise<Exported> {
  for (const file of filesFor(design, name)) {
    const exports = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    const path = pathTo(exports, design, DEEPEST);
    if (path !== null) return { file, path: path as [string, ...string[]] };
  }
  throw new UsageError(
    `${design.name} is exported by no file, so that it cannot go into a page\n` +
      `  usual cause: a design that a function makes; export it from ${design.place}, or name the file that does: --design mine.ts#name`,
  );
}

/** The file that was named, and that in which the design is declared. */
function filesFor({ place }: AnyDesign, name: string): string[] {
  const named = fileOf(name);
  const declared = placeOf(place)?.file;
  const start = named === null ? ROOT : dirname(resolve(named));
  return [
    ...(named === null ? [] : [resolve(named)]),
    ...(declared === undefined ? [] : above(start, declared)),
  ];
}

/** A path as it is relative to a checkout's root, in the folders above a file of that checkout. */
function above(folder: string, path: string): string[] {
  if (isAbsolute(path)) return [path];
  const found = join(folder, path);
  if (existsSync(found)) return [found];
  return dirname(folder) === folder ? [] : above(dirname(folder), path);
}

/** A file, a list in it, an entry of the list and the design in the entry. */
const DEEPEST = 4;

function pathTo(value: unknown, design: AnyDesign, depth: number): string[] | null {
  if (value === design) return [];
  if (depth === 0 || typeof value !== "object" || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const path = pathTo(inner, design, depth - 1);
    if (path !== null) return [key, ...path];
  }
  return null;
}
