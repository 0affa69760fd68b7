/** Checks that workers do, against the same ones here: the same, whoever works, dies or is restarted. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inProcess } from "../cli/gmemcheck.ts";
import { childrenOf, left, noRedis, Redis, told } from "./redis.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-queue-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(noRedis !== null)(
  `with a Redis of its own${noRedis === null ? "" : ` (skipped: ${noRedis})`}`,
  () => {
    let redis: Redis;
    beforeAll(async () => void (redis = await Redis.started()));
    afterAll(() => redis.close());

    const QUICK = [
      "check",
      "range-math-nonzero-offset",
      "straddling-punch-skipped",
      "--quick",
      "--format",
      "json",
    ];
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
      const shared = join(folder, "shared");
      const here = redis.run(SHARDED).ended;
      const first = await redis.worker();
      const { ended } = redis.run([...SHARDED, "--redis", redis.url, "--shared", shared, "--shards", "4"]);
      while (!existsSync(shared) || readdirSync(shared).length === 0) await setTimeout(50);
      await setTimeout(1_000);
      const orphans = childrenOf(first);
      first.kill("SIGKILL");
      await redis.kill();
      await redis.start();
      const there = await ended;
      expect(there.code).toBe(0);
      expect(told(there)).toEqual(told(await here));
      // Nothing is left of it, nor of who was killed.
      expect(orphans.length).toBeGreaterThan(0);
      expect(await left(orphans)).toEqual([]);
      expect(readdirSync(shared)).toEqual([]);
    });
  },
);

describe.skipIf(noRedis !== null)("what cannot be", () => {
  let redis: Redis;
  beforeAll(async () => void (redis = await Redis.started("open-sesame")));
  afterAll(() => redis.close());
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await inProcess(args);
    expect(code).toBe(2);
    return stderr;
  };

  test("a password that is wrong; it is told to nobody", async () => {
    const url = redis.url.replace("open-sesame", "wrong-password");
    const err = await refused("check", "gmem-seq", "--quick", "--redis", url);
    expect(err).toMatch(/no Redis answers at 127\.0\.0\.1:\d+: WRONGPASS/);
    expect(err).not.toContain("wrong-password");
  });

  test("the right one is in no report", async () => {
    const { stdout, stderr, code } = await inProcess(["status", "--redis", redis.url]);
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain("open-sesame");
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
    const shared = ["--redis", redis.url, "--shared", join(folder, "refused")];
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
      /there is no run abc; there (is|are) /,
    );
  });
});
