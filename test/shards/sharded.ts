/** Runs of a design in shards, by machines that fail, and what is told of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { checkVector, type RunReport } from "../../checkers/explore/check.ts";
import { NO_LIMIT, type SearchOptions } from "../../checkers/explore/sweep.ts";
import { FolderBlobs } from "../../checkers/shards/blobs.ts";
import { exploreSharded, SHARDING, type Sharding } from "../../checkers/shards/search.ts";
import type { Doer } from "../../checkers/shards/tasks.ts";
import { entryNamed } from "../../models/catalogue.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { Unreliable } from "./hands.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-shards-"));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;
export const fresh = (): string => join(folder, String(folders++));

export const designNamed = async (name: string): Promise<AnyDesign> => (await entryNamed(name))!.design;

/** What does not depend on the machine. */
export function told(report: RunReport): unknown {
  const { times: _t, seconds: _s, bytes: _b, outcomes, decided, ...rest } = report;
  return { ...rest, outcomes: new Map([...outcomes].sort()), decided: new Set([...decided].sort()) };
}

export interface Setting {
  readonly sharding: Sharding;
  readonly hands: number;
  readonly seed: number;
  /** Bytes that a machine may keep of shards from one round to the next. */
  readonly bytes: number;
}

export const SETTING: Setting = {
  sharding: { ...SHARDING, shards: 5, slices: 3, least: 16 },
  hands: 3,
  seed: 7,
  bytes: 1e6,
};

/** `wrap`: whoever does the tasks in place of the machines. */
export async function sharded(
  design: AnyDesign,
  vector: Vector,
  { sharding, hands, seed, bytes }: Setting,
  more: Partial<SearchOptions> & { readonly path?: string; readonly wrap?: (doer: Doer) => Doer } = {},
): Promise<{ report: RunReport; done: Unreliable["done"]; path: string }> {
  const { path = fresh(), wrap = (doer: Doer) => doer, ...options } = more;
  const blobs = new FolderBlobs(path);
  let done!: Unreliable["done"];
  const report = await checkVector(design, vector, {
    budget: NO_LIMIT,
    ...options,
    elsewhere: (subject, given, onNotice) => {
      const doer = new Unreliable(subject, blobs, { shards: sharding.shards, bytes }, hands, seed);
      done = doer.done;
      return exploreSharded(subject, given, { doer: wrap(doer), blobs, onNotice, sharding });
    },
  });
  return { report, done, path };
}
