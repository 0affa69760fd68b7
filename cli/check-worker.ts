/** A worker thread of `check`: runs one job after the other. */
import { parentPort } from "node:worker_threads";
import { UsageError } from "../checkers/usage-error.ts";
import { checkVector } from "../checkers/explore/check.ts";
import { findDesign } from "./designs.ts";
import type { FromWorker, ToWorker } from "./jobs.ts";

const port = parentPort!;
const say = (message: FromWorker): void => port.postMessage(message);
let stopping: string | null = null;

port.on("message", (message: ToWorker) => {
  if (message.kind === "stop") stopping = message.reason;
  else void run(message);
});

async function run({ job, budget, only, search }: Extract<ToWorker, { kind: "run" }>): Promise<void> {
  try {
    const { design } = await findDesign(job.design);
    const report = await checkVector(design, job.vector, {
      ...search,
      budget,
      ...(only === null ? {} : { only: new Set(only) }),
      onProgress: (progress) => say({ kind: "progress", progress }),
      stop: () => stopping,
    });
    say({ kind: "done", run: report });
  } catch (error) {
    const usage = error instanceof UsageError;
    const text =
      error instanceof Error ? (usage ? error.message : (error.stack ?? error.message)) : String(error);
    say({ kind: "failed", usage, message: text });
  }
}
