/** The runs of a check, done by workers of a queue: each by one of them, or each in shards by all. */
import { join } from "node:path";
import { checkVector, notDone, type RunReport } from "../../checkers/explore/check.ts";
import { isSequential } from "../../checkers/explore/mode.ts";
import type { Progress } from "../../checkers/explore/sweep.ts";
import { FolderBlobs } from "../../checkers/shards/blobs.ts";
import { exploreSharded, SHARDING } from "../../checkers/shards/search.ts";
import { Abandoned, type AnswerTo, type Doer, type ShardTask } from "../../checkers/shards/tasks.ts";
import { UsageError } from "../../checkers/usage-error.ts";
import { contentHash } from "../content.ts";
import { findDesign } from "../designs.ts";
import type { JobOptions } from "../jobs.ts";
import { makeFolder } from "../output.ts";
import type { Job } from "../run-job.ts";
import { Client, GivenUp, Withdrawn } from "./client.ts";
import type { QueueJob, ShardWork } from "./job.ts";
import { connect } from "./redis.ts";
import { RunOfOthers } from "./run.ts";

export interface Distribution {
  readonly redis: string;
  /** The folder that all machines share; runs are done whole, each by one worker, when absent. */
  readonly shared?: string;
  readonly shards?: number;
}

/** After this long ways to what was found are not waited for, where the run is to stop. */
const WAYS_MS = 30_000;

/** As `runJobs`: the reports of all jobs, in their order; undefined for those that were never done. */
export async function runJobsElsewhere(
  jobs: readonly Job[],
  options: JobOptions & { readonly command: string; readonly asked: unknown },
  to: Distribution,
): Promise<(RunReport | undefined)[]> {
  const redis = await connect(to.redis);
  const client = new Client(redis);
  const run = new RunOfOthers(redis, options.command, options.asked);
  try {
    await run.begin();
    const reports =
      to.shared === undefined
        ? await eachWhole(jobs, options, client, run)
        : await eachInShards(jobs, options, {
            client,
            run,
            folder: to.shared,
            shards: to.shards ?? SHARDING.shards,
          });
    const isDone = options.stop() === null && reports.every((report) => report !== undefined);
    if (isDone && to.shared !== undefined) await new FolderBlobs(to.shared).remove(run.id);
    await run.end(isDone ? "done" : "interrupted");
    return reports;
  } finally {
    run.close();
    await client.close();
    redis.disconnect();
  }
}

async function eachWhole(
  jobs: readonly Job[],
  { budget, only, search, stop, onDone }: JobOptions,
  client: Client,
  run: RunOfOthers,
): Promise<(RunReport | undefined)[]> {
  const queued = jobs.map((job): QueueJob => {
    const how = { budget, only, search, hands: 1 };
    return { run: run.id, content: contentHash(job.design), work: { kind: "run", job, how } };
  });
  const reports = new Array<RunReport | undefined>(jobs.length).fill(undefined);
  const givenUp: [number: number, why: string][] = [];
  let done = 0;
  const onAnswer = (number: number, answer: unknown): void => {
    reports[number] = answer as RunReport;
    run.progress(`${++done} of ${jobs.length} runs`);
    onDone?.(number, reports[number]);
  };
  const onGivenUp = (number: number, why: string): void => void givenUp.push([number, why]);
  try {
    await client.all(queued, { onAnswer, onGivenUp, stop });
    for (const [number, why] of givenUp) {
      const { design, vector } = jobs[number]!;
      onAnswer(number, notDone((await findDesign(design)).design, vector, why));
    }
    await client.forget(queued);
  } catch (error) {
    // What was answered is kept, for whoever takes the run up.
    if (!(error instanceof Withdrawn)) throw error;
  }
  return reports;
}

interface Shared {
  readonly client: Client;
  readonly run: RunOfOthers;
  readonly folder: string;
  readonly shards: number;
}

/** One after the other: each has all workers. */
async function eachInShards(
  jobs: readonly Job[],
  options: JobOptions,
  shared: Shared,
): Promise<(RunReport | undefined)[]> {
  const reports = new Array<RunReport | undefined>(jobs.length).fill(undefined);
  makeFolder(shared.folder);
  for (const job of jobs) refuseWhatShardsCannot(job, options);
  for (const [i, job] of jobs.entries()) {
    if (options.stop() !== null) break;
    reports[i] = await inShards(job, i, options, shared);
    options.onDone?.(i, reports[i]);
  }
  return reports;
}

function refuseWhatShardsCannot({ design, vector }: Job, { search, budget }: JobOptions): void {
  const refuse = (why: string): never => {
    throw new UsageError(`--shared: ${design}: ${why}; without --shared, each run is one worker's`);
  };
  if (!isSequential(vector)) refuse("a run in which calls overlap is not searched in shards");
  if (budget.states !== Infinity)
    refuse(
      "a search in shards ends between two rounds, and not at a number of states; --max-seconds ends it",
    );
  const { symmetry, spill, checkpoint, resume, compaction, paranoid, profile, sections } = search;
  const without = { symmetry, spill, checkpoint, resume, compaction, paranoid, profile, sections };
  for (const [name, value] of Object.entries(without))
    if (value !== undefined && value !== false) refuse(`a search in shards has no --${name}`);
}

async function inShards(
  job: Job,
  number: number,
  { budget, only, search, stop, onProgress }: JobOptions,
  { client, run, folder, shards }: Shared,
): Promise<RunReport> {
  const { design } = await findDesign(job.design);
  const name = join(run.id, String(number));
  const blobs = new FolderBlobs(join(folder, name));
  const work = {
    kind: "shard",
    job,
    only,
    interpreted: search.interpreted === true,
    shards,
    folder,
  } as const;
  const ask = (task: ShardTask): QueueJob => ({
    run: name.replace("/", "-"),
    content: contentHash(job.design),
    work: { ...work, name, task } satisfies ShardWork,
  });
  const doer = new QueueDoer(client, ask, stop);
  const report = await checkVector(design, job.vector, {
    ...search,
    budget,
    ...(only === null ? {} : { only: new Set(only) }),
    stop,
    onProgress: (progress: Progress) => {
      onProgress(job, progress, number);
      run.progress(`run ${number + 1}: ${progress.states} states, depth ${progress.depth}`);
    },
    elsewhere: (subject, options, onNotice) =>
      exploreSharded(subject, options, { doer, blobs, onNotice, sharding: { ...SHARDING, shards } }),
  });
  // What is not at its end can be taken up again.
  if (report.complete) await blobs.remove("");
  return report;
}

class QueueDoer implements Doer {
  private readonly client: Client;
  private readonly ask: (task: ShardTask) => QueueJob;
  private readonly stop: () => string | null;

  constructor(client: Client, ask: (task: ShardTask) => QueueJob, stop: () => string | null) {
    this.client = client;
    this.ask = ask;
    this.stop = stop;
  }

  async all<T extends ShardTask>(
    tasks: readonly T[],
    onAnswer?: (done: number) => void,
  ): Promise<AnswerTo<T>[]> {
    const jobs = tasks.map(this.ask);
    let done = 0;
    const stop = tasks[0]?.kind === "seek" ? this.stopLate() : this.stop;
    try {
      const answers = await this.client.all(jobs, { stop, onAnswer: () => onAnswer?.(++done) });
      await this.client.forget(jobs);
      return answers as AnswerTo<T>[];
    } catch (error) {
      if (error instanceof GivenUp || error instanceof Withdrawn)
        throw new Abandoned(tasks[0]!.kind, error.message);
      throw error;
    }
  }

  /** Ways to what was found are looked for also where the search is to stop. */
  private stopLate(): () => string | null {
    let since: number | null = null;
    return () => {
      const why = this.stop();
      if (why === null) return null;
      since ??= performance.now();
      return performance.now() - since > WAYS_MS ? why : null;
    };
  }
}
