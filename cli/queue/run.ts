/** A run that others do the work of: what is known of it in Redis, and whether anybody does. */
import { hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import type { Redis } from "ioredis";
import { UsageError } from "../../checkers/usage-error.ts";
import { tell } from "../output.ts";
import { digest, packed, unpacked } from "./job.ts";
import { KEPT_SECONDS, leadKey, RUNS, runKey, WORKERS, type RunNote, type WorkerNote } from "./names.ts";
import { connect } from "./redis.ts";
import { versionOf } from "./version.ts";

const NOTE_MS = 1_000;
/** After so long without anybody who listens it is said that there is nobody. */
const LONELY_MS = 5_000;
/** Whoever leads a run and is not heard of for so long leads it no more. */
const LEAD_MS = 6_000;

export async function notesOf<T>(redis: Redis, pattern: string): Promise<T[]> {
  const keys: string[] = [];
  for (let cursor = "0"; ;) {
    const [next, found] = await redis.scan(cursor, "MATCH", pattern, "COUNT", 1000);
    keys.push(...found);
    if (next === "0") break;
    cursor = next;
  }
  const texts = await Promise.all([...new Set(keys)].sort().map((key) => redis.get(key)));
  return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as T]));
}

/** What a run was asked for, by its id, and the line that asked. Throws UsageError. */
export async function attached(
  url: string,
  id: string,
): Promise<{ readonly asked: unknown; readonly command: string }> {
  const redis = await connect(url);
  try {
    return await askedOf(redis, id);
  } finally {
    redis.disconnect();
  }
}

async function askedOf(
  redis: Redis,
  id: string,
): Promise<{ readonly asked: unknown; readonly command: string }> {
  const text = await redis.get(runKey(id));
  if (text !== null) {
    const note = JSON.parse(text) as RunNote;
    if (note.version === versionOf()) return { asked: unpacked(note.asked), command: note.command };
    throw new UsageError(
      `--attach: the run ${id} is of version ${note.version}, and this is ${versionOf()}: they would not search the same`,
    );
  }
  const known = (await notesOf<RunNote>(redis, RUNS)).map((note) => note.id);
  const which = known.length === 0 ? "there are none" : `there are ${known.join(", ")}`;
  throw new UsageError(`--attach: there is no run ${id}; ${which}`);
}

export class RunOfOthers {
  readonly id: string;
  private readonly redis: Redis;
  private note: RunNote;
  private noted = 0;
  private readonly lonely: NodeJS.Timeout;
  private leading: NodeJS.Timeout | undefined;

  /** `asked`: all that the run is made from. The same is the same run. */
  constructor(redis: Redis, command: string, asked: unknown) {
    const version = versionOf();
    this.id = digest([version, asked]).slice(0, 12);
    this.redis = redis;
    const now = new Date().toISOString();
    const about = { id: this.id, version, host: hostname(), command, asked: packed(asked) };
    this.note = { ...about, state: "running", progress: "", since: now, updated: now };
    this.lonely = setInterval(() => void this.askForHelp().catch(() => undefined), LONELY_MS);
    this.lonely.unref();
  }

  /** Throws UsageError where another process leads it. */
  async begin(): Promise<void> {
    await this.lead();
    tell(`run ${this.id}; where it is interrupted, --attach ${this.id} takes it up again`);
    await this.write({});
  }

  /** Told often; written now and then. */
  progress(text: string): void {
    if (performance.now() - this.noted < NOTE_MS) return;
    this.noted = performance.now();
    void this.write({ progress: text }).catch(() => undefined);
  }

  async end(state: "interrupted" | "done"): Promise<void> {
    await this.write({ state });
    await this.redis.del(leadKey(this.id));
  }

  /** Whatever became of it. */
  close(): void {
    clearInterval(this.lonely);
    clearInterval(this.leading);
  }

  /** Of whoever led it before nothing is heard soon, where it has died. */
  private async lead(): Promise<void> {
    const { redis, id } = this;
    const me = `${hostname()}, process ${process.pid}`;
    for (const end = performance.now() + 2 * LEAD_MS; ;) {
      if ((await redis.set(leadKey(id), me, "PX", LEAD_MS, "NX")) !== null) break;
      const other = await redis.get(leadKey(id));
      if (performance.now() > end && other !== null)
        throw new UsageError(`the run ${id} is led by ${other} already; gmemcheck status says how far it is`);
      await setTimeout(LEAD_MS / 10);
    }
    const renew = (): void => void redis.set(leadKey(id), me, "PX", LEAD_MS).catch(() => undefined);
    this.leading = setInterval(renew, LEAD_MS / 3);
  }

  private async write(more: Partial<RunNote>): Promise<void> {
    this.note = { ...this.note, ...more, updated: new Date().toISOString() };
    await this.redis.set(runKey(this.id), JSON.stringify(this.note), "EX", KEPT_SECONDS);
  }

  private async askForHelp(): Promise<void> {
    const workers = await notesOf<WorkerNote>(this.redis, WORKERS);
    const { version } = this.note;
    if (workers.some((worker) => worker.version === version)) return;
    const others = workers.map(({ id, version: other }) => `\n  worker ${id} has version ${other}`).sort();
    tell(`no worker of version ${version} listens: gmemcheck worker --redis … starts one${others.join("")}`);
  }
}
