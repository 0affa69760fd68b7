/**
 * Threads that try mutants. One that does not answer in time is ended, for a mutant may go round for ever; each is started anew now and
 * then, for what it has loaded stays.
 */
import { Worker } from "node:worker_threads";
import type { MutateAnswer, MutateTask, MutateWork } from "./mutate-worker.ts";

/** Mutants after which a thread is started anew. */
const MOST_TASKS = 150;

/** Nothing more is to be begun, and what was begun has been ended. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

const ASK_STOP_MS = 200;

/** A task took longer than it may. */
export class Overdue extends Error {
  override readonly name = "Overdue";
}

export class MutatePool {
  /** How many threads there are. */
  readonly size: number;
  private readonly idle: Hand[];
  private readonly waiting: ((hand: Hand) => void)[] = [];

  constructor(work: MutateWork, workers: number) {
    this.size = workers;
    this.idle = Array.from({ length: workers }, () => new Hand(work));
  }

  /** `seconds`: how long it may take; any time when null. `stop`: whether nothing more is to be begun. */
  async run(task: MutateTask, seconds: number | null, stop: () => boolean): Promise<MutateAnswer> {
    const hand = this.idle.pop() ?? (await new Promise<Hand>((take) => this.waiting.push(take)));
    try {
      if (stop()) throw new Stopped();
      return await hand.run(task, seconds, stop);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(hand);
      else next(hand);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.idle.map((hand) => hand.end()));
  }
}

class Hand {
  private readonly work: MutateWork;
  private worker: Worker | null = null;
  private tasks = 0;

  constructor(work: MutateWork) {
    this.work = work;
  }

  async run(task: MutateTask, seconds: number | null, stop: () => boolean): Promise<MutateAnswer> {
    if (++this.tasks > MOST_TASKS) await this.end();
    this.worker ??= new Worker(new URL("../bin/mutate-worker.mjs", import.meta.url), {
      workerData: this.work,
    });
    const { worker } = this;
    let settle = (): void => {};
    try {
      return await new Promise<MutateAnswer>((resolve, reject) => {
        const end = seconds === null ? Infinity : performance.now() + seconds * 1000;
        const timer = setInterval(() => {
          if (stop()) reject(new Stopped());
          else if (performance.now() > end) reject(new Overdue());
        }, ASK_STOP_MS);
        const onMessage = ({ done, failed }: { done?: MutateAnswer; failed?: string }): void =>
          done === undefined ? reject(new Error(failed)) : resolve(done);
        worker.on("message", onMessage).on("error", reject);
        // One by one: the worker has listeners of its own.
        settle = () => {
          clearInterval(timer);
          worker.off("message", onMessage).off("error", reject);
        };
        worker.postMessage(task);
      });
    } catch (error) {
      await this.end();
      throw error;
    } finally {
      settle();
    }
  }

  async end(): Promise<void> {
    await this.worker?.terminate();
    this.worker = null;
    this.tasks = 0;
  }
}
