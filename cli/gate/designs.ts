/** The designs of a tree: what its catalogue lists, and what its other files export. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UsageError } from "../../checkers/usage-error.ts";
import type { Entry, Part } from "../../models/catalogue.ts";
import type { Pins } from "../../spec/language/pin.ts";
import { findDesign } from "../designs.ts";

/** The checkout that this tool runs from: what it lists is asked for by name. */
const OWN = resolve(fileURLToPath(new URL("../../", import.meta.url)));
const CATALOGUE = "models/catalogue.ts";

export interface Designs {
  readonly root: string;
  /** Those of the catalogue. */
  readonly names: readonly string[];
  readonly pins: Pins;
  /** What is wrong with the catalogue, or with the pins; null where nothing is. */
  readonly fault: string | null;
}

export async function designsOf(root: string): Promise<Designs> {
  const none = { root, names: [], pins: {} };
  const file = join(root, CATALOGUE);
  if (!existsSync(file))
    return {
      ...none,
      fault: `there is no ${CATALOGUE} in ${root}\n  usual cause: a commit from before there were models, or another repository`,
    };
  try {
    const { catalogue } = (await import(pathToFileURL(file).href)) as { readonly catalogue: readonly Part[] };
    const names = catalogue.flatMap((part) => part.names);
    return { root, names, ...pinsOf(root) };
  } catch (error) {
    return { ...none, fault: `${file} cannot be loaded: ${(error as Error).message}` };
  }
}

function pinsOf(root: string): { readonly pins: Pins; readonly fault: string | null } {
  const file = join(root, "models/pins.json");
  if (!existsSync(file)) return { pins: {}, fault: `there is no ${file}: nothing is pinned` };
  try {
    return { pins: JSON.parse(readFileSync(file, "utf8")) as Pins, fault: null };
  } catch (error) {
    return {
      pins: {},
      fault: `${file} is not JSON: ${(error as Error).message}\n  usual cause: a merge that was not resolved`,
    };
  }
}

/** How a design of a tree is asked for, in commands and by jobs; `file` exports it where the catalogue does not list it. */
export function askedFor({ root, names }: Designs, name: string, file = CATALOGUE): string {
  if (!names.includes(name)) return `${join(root, file)}#${name}`;
  return resolve(root) === OWN ? name : `${join(root, CATALOGUE)}#${name}`;
}

/** The design's entry, or what keeps it from being loaded. */
export async function loaded(asked: string): Promise<Entry | { readonly fault: string }> {
  try {
    return await findDesign(asked);
  } catch (error) {
    const { name, message } = error as Error;
    const usual =
      error instanceof UsageError ? "" : "\n  usual cause: a file of models that throws when it is loaded";
    return { fault: `${error instanceof UsageError ? "" : `${name}: `}${message}${usual}` };
  }
}
