/** Checks that workers do, against the same ones here: the same, whoever works, dies or is restarted. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noRedis, Redis, type Ended } from "./redis.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-queue-"));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;

/** A design that takes down whoever works on it; not whoever asks. */
const DEADLY = `
import { entryNamed } from "${new URL("../../models/catalogue.ts", import.meta.url).href}";
const { design } = await entryNamed("gmem-seq");
const view = (...all) => {
  if (process.send !== undefined) process.kill(process.pid, "SIGKILL");
  return design.view(...all);
};
export const deadly = { ...design, name: "deadly", view };
`;
const fresh = (): string => join(folder, String(folders++));

/** Of a report what does not depend on the machine. */
function told({ out }: Ended): unknown {
  const machines = new Set(["times", "seconds", "bytes", "file"]);
  return JSON.parse(out, (key, value: unknown) => (machines.has(key) ? undefined : value));
}

describe.skipIf(noRedis !== null)(
  `with a Redis of its own${noRedis === null ? "" : ` (skipped: ${noRedis})`}`,
  () => {
    let redis: Redis;
    beforeAll(async () => void (redis = await Redis.started()));
    afterAll(() => redis.close());

    const QUICK = ["check", "overlap-unchecked", "straddling-punch-skipped", "--quick", "--format", "json"];
    const SHARDED = ["check", "gmem-seq", "--quick", "--format", "json"];

    test("each run by one worker", async () => {
      await redis.worker(2);
      const [here, there] = await Promise.all([
        redis.run(QUICK).ended,
        redis.run([...QUICK, "--redis", redis.url]).ended,
      ]);
      expect(there.code).toBe(here.code);
      expect(told(there)).toEqual(told(here));
    });

    test("a run in shards, by all workers; one is killed at work, and Redis is restarted without anything that it knew", async () => {
      const shared = fresh();
      const here = redis.run(SHARDED).ended;
      const first = await redis.worker();
      const { ended } = redis.run([...SHARDED, "--redis", redis.url, "--shared", shared, "--shards", "4"]);
      while (!readdirSync(folder).some((name) => name === "0") || readdirSync(shared).length === 0)
        await setTimeout(50);
      await setTimeout(1_000);
      first.kill("SIGKILL");
      await redis.kill();
      await redis.start();
      const there = await ended;
      expect(there.code).toBe(0);
      expect(told(there)).toEqual(told(await here));
      // Nothing is left of it.
      expect(readdirSync(shared)).toEqual([]);
    });

    test("interrupted, and taken up again by its id", async () => {
      const shared = fresh();
      const asked = [...SHARDED, "--redis", redis.url, "--shared", shared];
      const { child, ended } = redis.run(asked);
      let said = "";
      child.stderr!.on("data", (text: Buffer) => void (said += text.toString()));
      while (!/--attach/.test(said)) await setTimeout(20);
      await setTimeout(1_500);
      child.kill("SIGINT");
      const stopped = await ended;
      expect(stopped.code).toBe(130);
      const report = told(stopped) as { results: { reason: string; states: number }[] };
      expect(report.results[0]).toMatchObject({ reason: "interrupted by SIGINT" });
      expect(report.results[0]!.states).toBeLessThan(25_299);
      const id = /--attach (\S+)/.exec(said)![1]!;
      const status = await redis.run(["status", "--redis", redis.url, "--format", "json"]).ended;
      const { runs } = JSON.parse(status.out) as { runs: { id: string; state: string }[] };
      expect(runs.find((run) => run.id === id)!.state).toBe("interrupted");
      const attached = await redis.run(["check", "--attach", id, "--redis", redis.url, "--format", "json"])
        .ended;
      expect(attached.code).toBe(0);
      expect(told(attached)).toEqual(told(await redis.run(SHARDED).ended));
    });

    test("a run that kills whoever does it is given up, named, and the others are done", async () => {
      const path = join(folder, "deadly.ts");
      writeFileSync(path, DEADLY);
      const { code, out } = await redis.run([
        "check",
        path,
        "straddling-punch-skipped",
        "--quick",
        "--format",
        "json",
        "--redis",
        redis.url,
      ]).ended;
      const { results } = JSON.parse(out) as {
        results: { design: string; verdict: string; reason: string }[];
      };
      expect(results.map(({ verdict }) => verdict)).toEqual(["incomplete", "violated"]);
      expect(results[0]!.reason).toMatch(/a run of .*deadly.ts was given up after 5 tries: .*SIGKILL/);
      expect(code).toBe(1);
    });

    test("status says who works, and what runs", async () => {
      const args = ["status", "--redis", redis.url, "--format"];
      const [text, json, prometheus] = await Promise.all(
        ["text", "json", "prometheus"].map((format) => redis.run([...args, format]).ended),
      );
      expect(text!.out).toMatch(/1 jobs done|jobs done \(/);
      expect(text!.out).toContain("check overlap-unchecked straddling-punch-skipped --quick");
      const { workers } = JSON.parse(json!.out) as { workers: { done: number }[] };
      expect(workers.reduce((sum, { done }) => sum + done, 0)).toBeGreaterThan(0);
      for (const line of prometheus!.out.trim().split("\n"))
        expect(line).toMatch(/^(# (HELP|TYPE) gmemcheck_\w+ .+|gmemcheck_\w+\{(\w+="[^"]*",?)*\} \d+)$/);
    });
  },
);

describe.skipIf(noRedis !== null)("what cannot be", () => {
  let redis: Redis;
  beforeAll(async () => void (redis = await Redis.started("open-sesame")));
  afterAll(() => redis.close());
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, err } = await redis.run(args).ended;
    expect(code).toBe(2);
    return err;
  };

  test("a password that is wrong; it is told to nobody", async () => {
    const url = redis.url.replace("open-sesame", "wrong-password");
    const err = await refused("check", "gmem-seq", "--quick", "--redis", url);
    expect(err).toMatch(/no Redis answers at 127\.0\.0\.1:\d+: WRONGPASS/);
    expect(err).not.toContain("wrong-password");
  });

  test("the right one is in no report", async () => {
    const { out, err, code } = await redis.run(["status", "--redis", redis.url]).ended;
    expect(code).toBe(0);
    expect(out + err).not.toContain("open-sesame");
  });

  test.each([
    [["--redis", "redis://127.0.0.1:1"], /no Redis answers at 127\.0\.0\.1:1: .*ECONNREFUSED/],
    [["--redis", "http://127.0.0.1:1"], /http:\/\/ is not what Redis speaks; expected redis:/],
    [["--redis", "somewhere"], /"somewhere" is not a URL/],
    [["--shared", "/tmp/x"], /--shared: is of runs that others do; --redis says where/],
    [["--redis", "redis://127.0.0.1:1", "--shards", "4"], /--shards: where do the shards' states go/],
    [["--redis", "redis://127.0.0.1:1", "--workers", "4"], /--workers: is of runs on this machine/],
  ])("%j", async (args, message) => {
    expect(await refused("check", "gmem-seq", "--quick", ...args)).toMatch(message);
  });

  test("a search in shards of what is searched in one way only", async () => {
    const shared = ["--redis", redis.url, "--shared", fresh()];
    const overlap = ["--mode", "overlap", "--overlap", "2", "--scenario", "dying-file"];
    expect(await refused("check", "guest-memfd-7.3", ...overlap, ...shared)).toMatch(
      /calls overlap is not searched in shards/,
    );
    expect(await refused("check", "gmem-seq", "--quick", "--max-states", "9", ...shared)).toMatch(
      /--max-seconds ends it/,
    );
    expect(await refused("check", "gmem-seq", "--quick", "--symmetry", ...shared)).toMatch(
      /has no --symmetry/,
    );
  });

  test("a run that nobody knows", async () => {
    expect(await refused("check", "--attach", "abc", "--redis", redis.url)).toMatch(
      /there is no run abc; there are none/,
    );
  });
});
