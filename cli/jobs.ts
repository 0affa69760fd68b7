/** Jobs of a check, one for each design and vector, on as many threads as the machine has cores: this one, and others when there is more to do. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { UsageError } from "../checkers/usage-error.ts";
import type { RunReport } from "../checkers/explore/check.ts";
import type { Progress } from "../checkers/explore/sweep.ts";
import { designNames } from "../models/catalogue.ts";
import type { HowToRun, Job } from "./run-job.ts";

/** What a worker is told. */
export type ToWorker =
  | {
      readonly kind: "run";
      readonly job: Job;
      readonly how: HowToRun;
    }
  | { readonly kind: "stop"; readonly reason: string };

/** What it says. */
export type FromWorker =
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "done"; readonly run: RunReport }
  /** `usage`: what was asked for cannot be; otherwise a fault of this tool. */
  | { readonly kind: "failed"; readonly usage: boolean; readonly message: string };

export interface JobOptions extends Omit<HowToRun, "hands"> {
  /** Threads; as many as the machine has cores when absent. */
  readonly workers?: number | undefined;
  readonly onProgress: (job: Job, progress: Progress, done: number) => void;
  /** Told of each job when it is over, by its number. */
  readonly onDone?: (job: number, run: RunReport) => void;
  /** Asked now and then; a reason stops the running jobs and starts no further one. */
  readonly stop: () => string | null;
}

const ASK_STOP_MS = 100;

/** After this long it pays to start further threads; small jobs are over by then. */
const PATIENCE_MS = 250;

/** Where jobs run. */
interface Thread {
  run(job: Job, onProgress: (progress: Progress) => void): Promise<RunReport>;
  end(): Promise<void>;
}

/** The reports of all jobs, in their order; undefined for jobs that were never started. */
export async function runJobs(jobs: readonly Job[], options: JobOptions): Promise<(RunReport | undefined)[]> {
  const reports = new Array<RunReport | undefined>(jobs.length).fill(undefined);
  let next = 0;
  let done = 0;
  let failed = false;
  const stop = (): string | null => (failed ? "another run failed" : options.stop());
  const most = options.workers ?? availableParallelism();
  const workers = Math.min(most, jobs.length);
  const how = { ...options, hands: Math.floor(most / workers), stop };
  const workOff = async (thread: Thread): Promise<void> => {
    try {
      for (let i = next++; i < jobs.length && stop() === null; i = next++) {
        const run = await thread.run(jobs[i]!, (progress) => options.onProgress(jobs[i]!, progress, done));
        reports[i] = run;
        done++;
        options.onDone?.(i, run);
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      await thread.end();
    }
  };
  const hire = (count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => workOff(new CheckWorker(how))));
  // A design of the user's own may have a loop without an end, which only another thread can break.
  if (!jobs.every(({ design }) => designNames.includes(design))) {
    await hire(workers);
    return reports;
  }
  const here = workOff(new ThisThread(how));
  const others = new Promise<unknown>((resolve) => {
    const hiring = setTimeout(() => resolve(hire(Math.min(workers - 1, jobs.length - next))), PATIENCE_MS);
    const nothingLeft = (): void => {
      clearTimeout(hiring);
      resolve(null);
    };
    here.then(nothingLeft, nothingLeft);
  });
  await Promise.all([here, others]);
  return reports;
}

class ThisThread implements Thread {
  private readonly options: HowToRun & JobOptions;

  constructor(options: HowToRun & JobOptions) {
    this.options = options;
  }

  async run(job: Job, onProgress: (progress: Progress) => void): Promise<RunReport> {
    const { runJob } = await import("./run-job.ts");
    return runJob(job, this.options, onProgress, this.options.stop);
  }

  async end(): Promise<void> {}
}

class CheckWorker implements Thread {
  private readonly worker = new Worker(new URL("../bin/worker.mjs", import.meta.url));
  private readonly options: HowToRun & JobOptions;

  constructor(options: HowToRun & JobOptions) {
    this.options = options;
  }

  run(job: Job, onProgress: (progress: Progress) => void): Promise<RunReport> {
    const { budget, only, search, hands, stop } = this.options;
    return new Promise((resolve, reject) => {
      const asking = setInterval(() => {
        const reason = stop();
        if (reason !== null) this.say({ kind: "stop", reason });
      }, ASK_STOP_MS);
      const settle = (settled: () => void): void => {
        clearInterval(asking);
        // One by one: the worker has listeners of its own.
        this.worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        settled();
      };
      const onMessage = (message: FromWorker): void => {
        if (message.kind === "progress") onProgress(message.progress);
        else if (message.kind === "done") settle(() => resolve(message.run));
        else
          settle(() => reject(message.usage ? new UsageError(message.message) : new Error(message.message)));
      };
      const onError = (error: Error): void => settle(() => reject(error));
      const onExit = (code: number): void =>
        settle(() => reject(new Error(`a worker ended with code ${code} at ${job.design}`)));
      this.worker.on("message", onMessage).on("error", onError).on("exit", onExit);
      this.say({ kind: "run", job, how: { budget, only, search, hands } });
    });
  }

  private say(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}
