/** Finding designs: by name in the registry, or in a file that exports one. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../checkers/usage-error.ts";
import type { AnyDesign } from "../spec/language/design.ts";
import { designNames, entryNamed, type Entry, type Part } from "../models/catalogue.ts";

/**
 * `models/proposals/mine.ts`, or `models/proposals/mine.ts#name` where the file exports several designs, or is the catalogue of another
 * checkout.
 */
const FILE = /^(.*\.m?ts)(?:#(.+))?$/;

/** The file of such a name; null for a name of the registry. */
export function fileOf(name: string): string | null {
  return FILE.exec(name)?.[1] ?? null;
}

export async function findDesign(name: string): Promise<Entry> {
  const file = FILE.exec(name);
  if (file !== null) return fromFile(file[1]!, file[2]);
  const entry = await entryNamed(name);
  if (entry !== undefined) return entry;
  const near = designNames.filter((known) => known.includes(name) || name.includes(known));
  throw new UsageError(
    `there is no design "${name}"${near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`}\n` +
      `  there are: ${designNames.join(", ")}\n  or a file that exports a design: models/proposals/template.ts (of a trace: --design FILE)`,
  );
}

async function fromFile(path: string, wanted: string | undefined): Promise<Entry> {
  const exported = await load(path);
  const listed = wanted === undefined ? undefined : await entryIn(exported["catalogue"], wanted);
  if (listed !== undefined) return listed;
  const found = Object.values(exported).filter(isDesign);
  const names = found.map((design) => design.name).join(", ");
  const design = wanted === undefined ? found[0] : found.find(({ name }) => name === wanted);
  if (design === undefined) {
    throw new UsageError(
      `${path} exports no design${wanted === undefined ? "" : ` "${wanted}"; it exports ${names}`}\n  usual cause: a missing \`export\` before \`design({…})\` or \`variant(…)\``,
    );
  }
  if (wanted === undefined && found.length > 1) {
    throw new UsageError(`${path} exports several designs: ${names}\n  name one: ${path}#${design.name}`);
  }
  // A file's design is what the file says, also where it has a name that the registry knows.
  const entry = await entryNamed(design.name);
  return entry?.design === design ? entry : { design, kind: "proposal", breaks: [] };
}

/** The entry of a design in the catalogue that a file exports. */
async function entryIn(catalogue: unknown, name: string): Promise<Entry | undefined> {
  if (!Array.isArray(catalogue)) return undefined;
  const part = (catalogue as readonly Part[]).find(({ names }) => names.includes(name));
  return (await part?.load())?.find(({ design }) => design.name === name);
}

async function load(path: string): Promise<Record<string, unknown>> {
  if (!existsSync(path)) {
    throw new UsageError(
      `there is no file ${path}\n  usual cause: a path that is not relative to the folder you are in (${process.cwd()})`,
    );
  }
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(
      `${path} cannot be loaded: ${(error as Error).message}\n  usual cause: a syntax error or a wrong import; npm run types names the line`,
    );
  }
}

function isDesign(value: unknown): value is AnyDesign {
  return (
    typeof value === "object" && value !== null && "calls" in value && "vectors" in value && "state" in value
  );
}
