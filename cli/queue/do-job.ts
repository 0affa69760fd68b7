/** A job, done in a process that a worker started for it and for those that follow. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bounded } from "../../checkers/explore/bounded.ts";
import { FolderBlobs } from "../../checkers/shards/blobs.ts";
import { ShardHand } from "../../checkers/shards/hand.ts";
import { UsageError } from "../../checkers/usage-error.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { contentHash } from "../content.ts";
import { findDesign } from "../designs.ts";
import { cacheFor, runJob } from "../run-job.ts";
import { workFor } from "../mutate-material.ts";
import { MutatePool, Overdue } from "../mutate-pool.ts";
import {
  packed,
  unpacked,
  type Done,
  type MutateWork,
  type QueueJob,
  type RunWork,
  type ShardWork,
} from "./job.ts";

/** For the states of shards that are kept from one round to the next. */
const KEPT_BYTES = 2 ** 30;

/** The search that this process was asked about last. */
let last: { readonly run: string; readonly hand: ShardHand } | null = null;

/** The design whose mutants it tried last. */
let tried: { readonly about: string; readonly pool: MutatePool } | null = null;

export async function doJob({ packed: text }: { readonly packed: string }): Promise<Done> {
  const queued = unpacked(text) as QueueJob;
  try {
    return { answer: packed(await answerTo(queued)) };
  } catch (error) {
    // Tried again, it would fail again.
    if (error instanceof ModelError)
      return { failed: { of: "model", message: error.message, place: error.place } };
    if (error instanceof UsageError) return { failed: { of: "user", message: error.message, place: "" } };
    throw error;
  }
}

function answerTo({ run, content, work }: QueueJob): Promise<unknown> {
  const { design } = work.job;
  if (contentHash(design) !== content)
    throw new Error(`${design} has another content on this machine than where the run was started`);
  if (work.kind === "run") return runOf(work);
  return work.kind === "shard" ? taskOf(run, work) : tryOf(work);
}

async function tryOf({ asked, plays, task, seconds }: MutateWork): Promise<unknown> {
  const about = `${asked} ${plays}`;
  if (tried?.about !== about) {
    await tried?.pool.close();
    const folder = mkdtempSync(join(tmpdir(), "gmemcheck-mutate-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const work = await workFor(asked, await findDesign(asked), plays);
    tried = { about, pool: new MutatePool({ ...work, folder }, 1) };
  }
  try {
    return await tried.pool.run(task, seconds, () => false);
  } catch (error) {
    if (error instanceof Overdue) return null;
    throw error;
  }
}

function runOf({ job, how }: RunWork): Promise<unknown> {
  return runJob(
    job,
    how,
    () => undefined,
    () => null,
  );
}

async function taskOf(run: string, work: ShardWork): Promise<unknown> {
  if (last?.run !== run) last = { run, hand: await handFor(work) };
  return last.hand.do(work.task);
}

async function handFor({ job, only, interpreted, shards, folder, name }: ShardWork): Promise<ShardHand> {
  const { design } = await findDesign(job.design);
  return new ShardHand(bounded(design, job.vector), new FolderBlobs(join(folder, name)), {
    shards,
    interpreted,
    bytes: KEPT_BYTES,
    ...(only === null ? {} : { only: new Set(only) }),
    ...cacheFor(job.design),
  });
}
