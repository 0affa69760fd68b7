/** What mutants of a design are made from, and what they are asked: its sources, and recordings of its kernel. */
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../checkers/usage-error.ts";
import type { Entry } from "../models/catalogue.ts";
import type { MutateWork } from "./mutate-worker.ts";
import { entryForKernel } from "./players.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** What is no part of a design: the language and the promises, and this tool. */
const SHARED = ["spec", "checkers", "cli"].map((folder) => join(ROOT, folder));
const RECORDINGS = join(ROOT, "recordings");

/** The same, in the same order, for the same sources. `plays`: whether recordings are asked. */
export async function workFor(
  asked: string,
  entry: Entry,
  plays: boolean,
): Promise<Omit<MutateWork, "folder">> {
  const { materialOf } = await import("../checkers/mutate/sources.ts");
  const path = placeOf(entry);
  const { sources, importers, mutants } = materialOf(path, ROOT, SHARED);
  const copied = { sources, importers, entry: path, name: entry.design.name };
  return { asked, copied, mutants, recordings: plays ? await recordingsOf(entry) : [] };
}

/** The file that declares a design. */
function placeOf({ design: { place, name } }: Entry): string {
  const path = resolve(ROOT, place.replace(/:\d+$/, ""));
  if (path.endsWith(".ts")) return path;
  throw new UsageError(`mutate: ${name} does not say which file declares it (${place})`);
}

/** The recordings of the kernel whose design this is. */
async function recordingsOf({ design, kernel, player }: Entry): Promise<string[]> {
  if (kernel === undefined || player === undefined) return [];
  const found: string[] = [];
  for (const name of readdirSync(RECORDINGS).sort()) {
    if (!name.endsWith(".jsonl")) continue;
    const path = join(RECORDINGS, name);
    const header = JSON.parse(readFileSync(path, "utf8").split("\n", 1)[0]!) as Parameters<
      typeof entryForKernel
    >[0];
    if (header.kernel.startsWith(`${kernel}.`) && (await entryForKernel(header, path)).design === design)
      found.push(path);
  }
  return found;
}
