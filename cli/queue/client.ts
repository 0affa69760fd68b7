/**
 * Has jobs done by whoever listens to the queue. Jobs are named by what they are, so that one that is asked for again, after a crash of
 * whoever asked, gives the answer that is there; and one that the queue has lost is put there again.
 */
import { Queue, QueueEvents, type Job as Queued } from "bullmq";
import type { Redis } from "ioredis";
import { UsageError } from "../../checkers/usage-error.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { nameOf, packed, unpacked, type Done, type QueueJob } from "./job.ts";
import { KEPT_SECONDS, queueOf } from "./names.ts";
import { versionOf } from "./version.ts";

/** Times that a job is begun before it is given up. */
export const TRIES = 5;
const AGAIN_MS = 500;
/** Between two looks at all that is not answered: events get lost where Redis is restarted. */
const LOOK_MS = 2_000;
/** Between two questions whether to stop. */
const STOP_MS = 200;

/** A job was given up. */
export class GivenUp extends Error {
  override readonly name = "GivenUp";
}

/** Nothing more is to be waited for. */
export class Withdrawn extends Error {
  override readonly name = "Withdrawn";
}

export interface Waiting {
  /** Told of each answer, by the number of its job. */
  readonly onAnswer?: (job: number, answer: unknown) => void;
  /** Told of jobs that were given up, and why; the first one ends it all when absent. */
  readonly onGivenUp?: (job: number, why: string) => void;
  /** Whether to wait no more: jobs that nobody has begun are taken back. */
  readonly stop: () => string | null;
}

export class Client {
  private readonly queue: Queue;
  private readonly events: QueueEvents;
  /** One that waits for events does nothing else. */
  private readonly listening: Redis;
  private readonly listeners = new Set<(id: string) => void>();

  constructor(redis: Redis) {
    const name = queueOf(versionOf());
    this.queue = new Queue(name, { connection: redis });
    this.listening = redis.duplicate({ lazyConnect: false });
    this.events = new QueueEvents(name, { connection: this.listening });
    const wake = ({ jobId }: { readonly jobId: string }): void => {
      for (const listener of this.listeners) listener(jobId);
    };
    this.events.on("completed", wake).on("failed", wake);
    // Both try again by themselves.
    this.queue.on("error", () => undefined);
    this.events.on("error", () => undefined);
  }

  /** The answers, in the order of the jobs. Throws GivenUp, Withdrawn, or what the job's design or arguments are at fault for. */
  async all(jobs: readonly QueueJob[], { onAnswer, onGivenUp, stop }: Waiting): Promise<unknown[]> {
    const numbers = new Map(jobs.map((job, i) => [nameOf(job), i]));
    const answers = new Array<unknown>(jobs.length);
    const left = new Set(numbers.keys());
    await this.put(jobs);
    const told = new Set(left);
    let wake = (): void => undefined;
    const listener = (id: string): void => {
      told.add(id);
      wake();
    };
    this.listeners.add(listener);
    try {
      for (let lookAt = 0; left.size > 0;) {
        const why = stop();
        if (why !== null) throw new Withdrawn(why);
        const all = performance.now() > lookAt;
        if (all) lookAt = performance.now() + LOOK_MS;
        const ids = [...(all ? left : told)].filter((id) => left.has(id));
        told.clear();
        for (const id of ids) {
          const number = numbers.get(id)!;
          const done = await this.look(id, jobs[number]!);
          if (done === null) continue;
          left.delete(id);
          if (done instanceof GivenUp) {
            if (onGivenUp === undefined) throw done;
            onGivenUp(number, done.message);
            continue;
          }
          answers[number] = answerOf(done);
          onAnswer?.(number, answers[number]);
        }
        if (left.size === 0 || told.size > 0) continue;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, STOP_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return answers;
    } catch (error) {
      if (error instanceof Withdrawn) await this.takeBack(left);
      throw error;
    } finally {
      this.listeners.delete(listener);
    }
  }

  /** What was answered is needed no more. */
  async forget(jobs: readonly QueueJob[]): Promise<void> {
    await Promise.all(jobs.map((job) => this.queue.remove(nameOf(job))));
  }

  private async put(jobs: readonly QueueJob[]): Promise<void> {
    const age = { age: KEPT_SECONDS };
    const opts = { attempts: TRIES, backoff: { type: "fixed", delay: AGAIN_MS } };
    await this.queue.addBulk(
      jobs.map((job) => ({
        name: job.work.kind,
        data: { run: job.run, design: job.work.job.design, packed: packed(job) },
        opts: { ...opts, jobId: nameOf(job), removeOnComplete: age, removeOnFail: age },
      })),
    );
    // One that was given up when it was asked for before is tried again.
    await Promise.all(jobs.map((job) => this.tryAgain(nameOf(job))));
  }

  private async tryAgain(id: string): Promise<void> {
    if ((await this.queue.getJobState(id)) !== "failed") return;
    await (await this.queue.getJob(id))?.retry("failed", { resetAttemptsMade: true });
  }

  private async look(id: string, job: QueueJob): Promise<Done | GivenUp | null> {
    // The state first: a job that was read before it ended has no answer.
    const state = await this.queue.getJobState(id);
    if (state === "unknown") await this.put([job]);
    if (state !== "completed" && state !== "failed") return null;
    const known: Queued | undefined = await this.queue.getJob(id);
    if (known === undefined) return null;
    if (state === "completed") return known.returnvalue as Done;
    return new GivenUp(
      `${TASK[job.work.kind]} of ${job.work.job.design} was given up after ${known.attemptsMade} tries: ${known.failedReason}`,
    );
  }

  private async takeBack(ids: Iterable<string>): Promise<void> {
    for (const id of ids) {
      const job = await this.queue.getJob(id);
      // One that is being done is left to whoever does it: its answer is kept.
      if (job !== undefined && !(await job.isActive())) await job.remove().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    // A connection that was given is left open.
    this.listening.disconnect();
    const closed = [this.queue.close(), this.events.close()];
    await Promise.all(closed.map((one) => one.catch(() => undefined)));
  }
}

const TASK = { run: "a run", shard: "a part of the search", mutate: "a mutant" } as const;

function answerOf(done: Done): unknown {
  if ("answer" in done) return unpacked(done.answer);
  const { of, message, place } = done.failed;
  throw of === "model" ? ModelError.told(message, place) : new UsageError(message);
}
