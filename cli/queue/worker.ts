/**
 * `gmemcheck worker`: does jobs of the queue, each in a process of its own, which is kept for further ones. This process takes jobs and says that
 * it is still there, whatever those do.
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "bullmq";
import { Interrupt } from "../interrupt.ts";
import { EXIT } from "../exit.ts";
import { tell } from "../output.ts";
import { queueOf, WORKER_SECONDS, workerKey, type WorkerNote } from "./names.ts";
import { connect, placeOf } from "./redis.ts";
import { versionOf } from "./version.ts";
import { TRIES } from "./client.ts";

export interface WorkerCommand {
  readonly redis: string;
  readonly concurrency: number;
}

const PROCESSOR = fileURLToPath(new URL("../../bin/queue-worker.mjs", import.meta.url));
/** A job whose worker has not been heard of for so long is another one's. */
const LOCK_MS = 5_000;
const NOTE_MS = 3_000;
const STOP_MS = 200;

export async function worker({ redis: url, concurrency }: WorkerCommand): Promise<number> {
  const redis = await connect(url);
  const interrupt = new Interrupt();
  interrupt.listen();
  const version = versionOf();
  const id = `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`;
  const counts = { active: 0, done: 0, failed: 0 };
  const taking = redis.duplicate({ lazyConnect: false });
  const jobs = new Worker(queueOf(version), PROCESSOR, {
    connection: taking,
    concurrency,
    name: id,
    lockDuration: LOCK_MS,
    stalledInterval: LOCK_MS,
    maxStalledCount: TRIES - 1,
  });
  jobs.on("active", () => void counts.active++);
  jobs.on("completed", () => void (counts.active--, counts.done++));
  jobs.on("failed", (job, error) => {
    counts.active--;
    counts.failed++;
    tell(`job ${job?.id ?? "?"} of ${String(job?.data?.design)} failed: ${error.message.split("\n")[0]}`);
  });
  // It tries again by itself.
  jobs.on("error", () => undefined);
  const since = new Date().toISOString();
  const note = async (): Promise<void> => {
    const about: WorkerNote = {
      id,
      host: hostname(),
      pid: process.pid,
      version,
      since,
      concurrency,
      ...counts,
    };
    await redis.set(workerKey(id), JSON.stringify(about), "EX", WORKER_SECONDS);
  };
  await note();
  tell(`worker ${id} does ${concurrency} jobs at once of ${placeOf(url)}, version ${version}`);
  const noting = setInterval(() => void note().catch(() => undefined), NOTE_MS);
  while (interrupt.reason() === null) await setTimeout(STOP_MS);
  clearInterval(noting);
  tell(`worker ${id} ends what it has begun, and takes no more`);
  await jobs.close();
  await redis.del(workerKey(id)).catch(() => undefined);
  taking.disconnect();
  redis.disconnect();
  return interrupt.exitCode(EXIT.asExpected);
}
