/**
 * Translations of earlier runs. A file is named by what it was made from (the text of the tool and of the models, and the run); it holds the
 * hash of what it holds, and one that does not match is not used.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ground } from "../explore/interpreted.ts";
import type { Compiled } from "./expander.ts";

/** A folder, and what stands for the text of everything that a translation is made from. */
export interface CacheOptions {
  readonly folder: string;
  readonly content: () => string;
}

/** What was made in an earlier run, or else now. */
export function cached(cache: CacheOptions, ground: Ground, make: () => Compiled): Compiled {
  const path = pathOf(cache, ground);
  const known = read(path);
  if (known !== null) return known;
  const made = make();
  write(cache.folder, path, made);
  return made;
}

/** What was made in an earlier run; null where there is none. */
export function cachedEarlier(cache: CacheOptions, ground: Ground): Compiled | null {
  return read(pathOf(cache, ground));
}

function pathOf({ folder, content }: CacheOptions, { subject, tracking, only }: Ground): string {
  const run = {
    design: subject.design.name,
    bounds: subject.bounds,
    scenario: subject.scenario,
    // Runs with symmetry have further calls.
    calls: subject.instances.length,
    tracking,
    only: only === undefined ? null : [...only].sort(),
    node: process.version,
  };
  return join(folder, `${sha256(content() + JSON.stringify(run))}.json`);
}

function read(path: string): Compiled | null {
  try {
    const text = readFileSync(path, "utf8");
    const end = text.indexOf("\n");
    const body = text.slice(end + 1);
    return text.slice(0, end) === sha256(body) ? (JSON.parse(body) as Compiled) : null;
  } catch {
    // Not there, not readable: it is made again.
    return null;
  }
}

/** A folder that cannot be written to is no reason not to go on. */
function write(folder: string, path: string, made: Compiled): void {
  try {
    mkdirSync(folder, { recursive: true });
    const body = JSON.stringify(made);
    const half = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    writeFileSync(half, `${sha256(body)}\n${body}`);
    renameSync(half, path);
  } catch {
    return;
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
