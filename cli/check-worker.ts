/** A worker thread of `check`: runs one job after the other. */
import { parentPort } from "node:worker_threads";
import { UsageError } from "../checkers/usage-error.ts";
import type { FromWorker, ToWorker } from "./jobs.ts";
import { runJob } from "./run-job.ts";

const port = parentPort!;
const say = (message: FromWorker): void => port.postMessage(message);
let stopping: string | null = null;

port.on("message", (message: ToWorker) => {
  if (message.kind === "stop") stopping = message.reason;
  else void run(message);
});

async function run({ job, how }: Extract<ToWorker, { kind: "run" }>): Promise<void> {
  try {
    const onProgress = (progress: Parameters<Parameters<typeof runJob>[2]>[0]): void =>
      say({ kind: "progress", progress });
    say({ kind: "done", run: await runJob(job, how, onProgress, () => stopping) });
  } catch (error) {
    const usage = error instanceof UsageError;
    const text =
      error instanceof Error ? (usage ? error.message : (error.stack ?? error.message)) : String(error);
    say({ kind: "failed", usage, message: text });
  }
}
