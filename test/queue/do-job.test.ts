/** A job as a worker's process does it: named designs, and nothing else. */
import { expect, test } from "vitest";
import { contentHash } from "../../cli/content.ts";
import { doJob } from "../../cli/queue/do-job.ts";
import { packed, unpacked, type QueueJob } from "../../cli/queue/job.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { designNamed } from "../shards/sharded.ts";

async function jobOf(name: string, content: string): Promise<{ readonly packed: string }> {
  const design = await designNamed("straddling-punch-skipped");
  const how = { budget: NO_LIMIT, only: null, search: {}, hands: 1 };
  const work = { kind: "run", job: { design: name, vector: design.vectors[0]! }, how } as const;
  return { packed: packed({ run: "a", content, work } satisfies QueueJob) };
}

test("is answered", async () => {
  const name = "straddling-punch-skipped";
  const done = await doJob(await jobOf(name, contentHash(name)));
  expect(unpacked((done as { answer: string }).answer)).toMatchObject({ design: name, states: 191 });
});

test("is refused where the design, or this tool, is another one", async () => {
  const job = await jobOf("straddling-punch-skipped", "another");
  await expect(doJob(job)).rejects.toThrow(/has another content on this machine/);
});

test("of a design that is not there, it says so to whoever asks", async () => {
  const job = await jobOf("no-such-design", contentHash("no-such-design"));
  expect(await doJob(job)).toMatchObject({ failed: { of: "user" } });
});
