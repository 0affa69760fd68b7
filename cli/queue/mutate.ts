/** Mutants that workers of a queue try. */
import type { Redis } from "ioredis";
import { contentHash } from "../content.ts";
import { Overdue, Stopped, type MutateHands } from "../mutate-pool.ts";
import type { MutateAnswer, MutateTask } from "../mutate-worker.ts";
import { Client, GivenUp, Withdrawn } from "./client.ts";
import { digest, type MutateWork, type QueueJob } from "./job.ts";
import { WORKERS, type WorkerNote } from "./names.ts";
import { connect } from "./redis.ts";
import { notesOf } from "./run.ts";
import { versionOf } from "./version.ts";

/** Nobody may listen yet. */
const LEAST = 4;
/** So that none of them waits for whoever asks. */
const FOR_EACH = 2;

export class QueuedHands implements MutateHands {
  readonly size: number;
  private readonly redis: Redis;
  private readonly client: Client;
  private readonly about: Pick<MutateWork, "asked" | "plays">;

  static async at(url: string, about: Pick<MutateWork, "asked" | "plays">): Promise<QueuedHands> {
    const redis = await connect(url);
    const workers = await notesOf<WorkerNote>(redis, WORKERS);
    const version = versionOf();
    const hands = workers.reduce((sum, one) => sum + (one.version === version ? one.concurrency : 0), 0);
    return new QueuedHands(redis, Math.max(LEAST, FOR_EACH * hands), about);
  }

  private constructor(redis: Redis, size: number, about: Pick<MutateWork, "asked" | "plays">) {
    this.redis = redis;
    this.size = size;
    this.about = about;
    this.client = new Client(redis);
  }

  async run(task: MutateTask, seconds: number | null, stop: () => boolean): Promise<MutateAnswer> {
    const { asked } = this.about;
    const work: MutateWork = { kind: "mutate", job: { design: asked }, ...this.about, task, seconds };
    const job: QueueJob = { run: `mutate-${digest(this.about)}`, content: contentHash(asked), work };
    try {
      const [answer] = await this.client.all([job], { stop: () => (stop() ? "stopped" : null) });
      await this.client.forget([job]);
      if (answer === null) throw new Overdue();
      return answer as MutateAnswer;
    } catch (error) {
      if (error instanceof Withdrawn) throw new Stopped();
      // It takes down whoever tries it.
      if (error instanceof GivenUp && seconds !== null) throw new Overdue();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.client.close();
    this.redis.disconnect();
  }
}
