/** The benchmark's largest size in shards, while workers are killed at random and Redis is restarted with nothing of what it knew: the same counts. */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { numbers } from "../shards/hands.ts";
import { childrenOf, left, noRedis, Redis } from "./redis.ts";

const KILLS = 20;
const LARGE = "vms=2,files=2,pages=2,slots=1,gfns=3";

/** The worker, or the process that does its job. */
function victim(worker: ChildProcess, isWorker: boolean): number {
  const [child] = childrenOf(worker);
  return isWorker || child === undefined ? worker.pid! : child;
}

test.skipIf(noRedis !== null)(
  `${KILLS} kills and a restart of Redis change nothing`,
  async () => {
    const shared = mkdtempSync(join(tmpdir(), "gmemcheck-kills-"));
    const redis = await Redis.started();
    const below = numbers(20261122);
    try {
      const workers = [await redis.worker(), await redis.worker()];
      const args = ["check", "gmem-seq", "--bounds", LARGE, "--format", "json"];
      const { ended } = redis.run([...args, "--redis", redis.url, "--shared", shared]);
      let isOver = false;
      void ended.then(() => (isOver = true));
      let kills = 0;
      const orphans: number[] = [];
      for (; kills < KILLS && !isOver; kills++) {
        await setTimeout(500 + below(3_000));
        const one = below(workers.length);
        orphans.push(...childrenOf(workers[one]!));
        process.kill(victim(workers[one]!, below(2) === 0), "SIGKILL");
        await setTimeout(50);
        if (workers[one]!.signalCode !== null) workers[one] = await redis.worker();
        if (kills === KILLS / 2) {
          await redis.kill();
          await redis.start();
        }
      }
      const { code, out } = await ended;
      const [result] = (JSON.parse(out) as { results: Record<string, unknown>[] }).results;
      expect(kills).toBe(KILLS);
      expect(code).toBe(0);
      expect(result).toMatchObject({
        states: 14_675_409,
        transitions: 294_939_126,
        depth: 26,
        verdict: "holds",
      });
      for (const worker of workers) worker.kill("SIGKILL");
      expect(await left(orphans)).toEqual([]);
    } finally {
      await redis.close();
      rmSync(shared, { recursive: true, force: true });
    }
  },
  1_800_000,
);
