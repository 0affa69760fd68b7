/** Places of the source as the repository at hand knows them, which need not be the one that this tool is in. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { placeOf } from "../checkers/report/blame.ts";
import type { SourcePlace } from "../checkers/report/cases.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** `models/x.ts:12` is relative to this tool; null for what is no place. */
export function locate(place: string): SourcePlace | null {
  const found = placeOf(place);
  return found === null ? null : { ...found, file: fileHere(resolve(ROOT, found.file)) };
}

/** A line of a file as `locate` names it; null where there is none. */
export function lineOf(file: string, line: number): string | null {
  return linesOf(resolve(repository(), file))[line - 1] ?? null;
}

/** A path in the repository at hand, relative to its root; of a file outside, the whole path. */
export function fileHere(path: string): string {
  const inside = relative(repository(), resolve(path));
  return inside.startsWith("..") || isAbsolute(inside) ? resolve(path) : inside.split(sep).join("/");
}

function repository(): string {
  return process.env["GITHUB_WORKSPACE"] ?? above(process.cwd()) ?? process.cwd();
}

function above(folder: string): string | null {
  if (existsSync(join(folder, ".git"))) return folder;
  return dirname(folder) === folder ? null : above(dirname(folder));
}

const known = new Map<string, readonly string[]>();

function linesOf(path: string): readonly string[] {
  const lines = known.get(path) ?? read(path);
  known.set(path, lines);
  return lines;
}

function read(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}
