/** What may happen to a run that workers do, and what is known of it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noRedis, Redis, told } from "./redis.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-queue-"));
afterAll(() => rmSync(folder, { recursive: true }));

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

describe.skipIf(noRedis !== null)("with a Redis of its own", () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await Redis.started();
    await redis.worker(2);
  });
  afterAll(() => redis.close());

  const SHARDED = ["check", "gmem-seq", "--quick", "--format", "json"];

  test("interrupted, and taken up again by its id", async () => {
    const shared = join(folder, "shared");
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
    expect(attached.err).toContain(id);
    expect(told(attached)).toEqual(told(await redis.run(SHARDED).ended));
  });

  test("a run that kills whoever does it is given up, named, and the others are done", async () => {
    const path = join(folder, "deadly.ts");
    writeFileSync(join(folder, "package.json"), `{"type":"module"}`);
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

  test("mutants are judged by workers as they are here", async () => {
    const bounds = "vms=1,files=1,pages=1,slots=1,gfns=1";
    const asked = ["mutate", "gmem-seq", "--bounds", bounds, "--format", "json"];
    const here = await redis.run(asked).ended;
    // Answers are kept by it: what was judged before would be told again by nobody's work.
    const seconds = String(1_000 + (Date.now() % 1_000_000));
    const there = await redis.run([...asked, "--redis", redis.url, "--max-seconds", seconds]).ended;
    expect(there.code).toBe(here.code);
    expect(JSON.parse(there.out)).toEqual(JSON.parse(here.out));
  });

  test("status says who works, and what runs", async () => {
    const args = ["status", "--redis", redis.url, "--format"];
    const [text, json, prometheus] = await Promise.all(
      ["text", "json", "prometheus"].map((format) => redis.run([...args, format]).ended),
    );
    expect(text!.out).toMatch(/1 jobs done|jobs done \(/);
    expect(text!.out).toContain(": done, run 1: ");
    expect(text!.out).toContain("npx gmemcheck check gmem-seq --quick");
    const { workers } = JSON.parse(json!.out) as { workers: { done: number }[] };
    expect(workers.reduce((sum, { done }) => sum + done, 0)).toBeGreaterThan(0);
    for (const line of prometheus!.out.trim().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) gmemcheck_\w+ .+|gmemcheck_\w+\{(\w+="[^"]*",?)*\} \d+)$/);
  });
});
