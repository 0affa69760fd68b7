/** What is queued. Nothing of it is code: designs are named, and their content is compared. */
import { createHash } from "node:crypto";
import { deserialize, serialize } from "node:v8";
import type { Sharding } from "../../checkers/shards/search.ts";
import type { ShardTask } from "../../checkers/shards/tasks.ts";
import type { MutateTask } from "../mutate-worker.ts";
import type { HowToRun, Job } from "../run-job.ts";

/** A run of a design at a vector, from its beginning to its end. */
export interface RunWork {
  readonly kind: "run";
  readonly job: Job;
  readonly how: HowToRun;
}

/** A task of a search that many machines make. */
export interface ShardWork {
  readonly kind: "shard";
  readonly job: Job;
  readonly only: readonly string[] | null;
  readonly interpreted: boolean;
  readonly shards: Sharding["shards"];
  /** The folder that all machines share, as it is called on each. */
  readonly folder: string;
  /** The folder of the search, in it. */
  readonly name: string;
  readonly task: ShardTask;
}

/** A mutant that is tried; or what is asked of all. */
export interface MutateWork {
  readonly kind: "mutate";
  readonly job: Pick<Job, "design">;
  readonly asked: string;
  /** Whether recordings are asked, too. */
  readonly plays: boolean;
  readonly task: MutateTask;
  /** The longest that it may take; any time when null. The answer is null where that is over. */
  readonly seconds: number | null;
}

export interface QueueJob {
  readonly run: string;
  /** Of the design and the tool. */
  readonly content: string;
  readonly work: RunWork | ShardWork | MutateWork;
}

/** `answer` is what `unpacked` reads. */
export type Done =
  | { readonly answer: string }
  | { readonly failed: { readonly of: "model" | "user"; readonly message: string; readonly place: string } };

/** The same for what is the same, whoever asks, and when. */
export function nameOf(job: QueueJob): string {
  return `${job.run}-${digest(job)}`;
}

export function digest(of: unknown): string {
  const text = JSON.stringify(of, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  return createHash("sha256").update(text).digest("hex").slice(0, 24);
}

/** Vectors, reports and budgets hold 64-bit numbers, maps and Infinity, which JSON has not. */
export function packed(value: unknown): string {
  return serialize(value).toString("base64");
}

export function unpacked(text: string): unknown {
  return deserialize(Buffer.from(text, "base64"));
}
