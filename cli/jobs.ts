/** Jobs of a check, one for each design and vector, on as many worker threads as the machine has cores. */
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
  /** Asked now and then; a reason stops the running jobs and starts no further one. */
  readonly stop: () => string | null;
}

const ASK_STOP_MS = 100;

/** The reports of all jobs, in their order; undefined for jobs that were never started. */
export async function runJobs(jobs: readonly Job[], options: JobOptions): Promise<(RunReport | undefined)[]> {
  const reports = new Array<RunReport | undefined>(jobs.length).fill(undefined);
  const [only] = jobs;
  // A single run needs no thread, whose start takes longer than a small search. A design of the user's own may have a loop without an end,
  // which only another thread can break.
  if (jobs.length === 1 && only !== undefined && designNames.includes(only.design)) {
    const onProgress = (progress: Progress): void => options.onProgress(only, progress, 0);
    const { runJob } = await import("./run-job.ts");
    const how = { ...options, hands: options.workers ?? availableParallelism() };
    return [options.stop() === null ? await runJob(only, how, onProgress, options.stop) : undefined];
  }
  let next = 0;
  let done = 0;
  let failed = false;
  const stop = (): string | null => (failed ? "another run failed" : options.stop());
  const most = options.workers ?? availableParallelism();
  const workers = Math.min(most, jobs.length);
  const workOff = async (): Promise<void> => {
    const worker = new CheckWorker({ ...options, hands: Math.floor(most / workers), stop });
    try {
      for (let i = next++; i < jobs.length && stop() === null; i = next++) {
        reports[i] = await worker.run(jobs[i]!, (progress) => options.onProgress(jobs[i]!, progress, done));
        done++;
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      await worker.end();
    }
  };
  await Promise.all(Array.from({ length: workers }, workOff));
  return reports;
}

class CheckWorker {
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
