/** Turns are taken in rounds, runs are measured, and what goes wrong ends the bench or is left out. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { contest } from "../../bench/contest.ts";
import { Mismatch, type Contestant } from "../../bench/contestant.ts";
import { Interrupted, measureBy, usageFrom, type Measure } from "../../bench/measure.ts";
import { versionOf } from "../../bench/programs.ts";
import type { Heat, Skipped } from "../../bench/results.ts";
import { TINY } from "../../bench/vectors.ts";
import { buildRusage } from "../../bench/workshop.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const quiet = { say: () => {}, skip: () => {} };

const contestant = (name: string, more: Partial<Contestant> = {}): Contestant => ({
  name,
  peer: name,
  command: { argv: [name] },
  read: () => ({ ...TINY.counts }),
  broken: /broken/,
  ...more,
});

/** Takes as many CPU seconds as is said of a name; the order of the runs is written down. */
function stage(
  seconds: Readonly<Record<string, number>>,
  ends: Readonly<Record<string, [number, string]>> = {},
) {
  const heat: Heat = { vector: TINY, entries: [] };
  const order: string[] = [];
  const skipped: Skipped[] = [];
  const measure: Measure = ({ argv: [name = ""] }) => {
    order.push(name);
    const [code, stdout] = ends[name] ?? [0, ""];
    const cpuSeconds = seconds[name] ?? 1;
    return Promise.resolve({ code, stdout, stderr: "", wallSeconds: 1, cpuSeconds, peakBytes: 1 });
  };
  const run = (rounds: number, ...names: readonly Contestant[]): Promise<void> =>
    contest(heat, names, { rounds, measure, say: () => {}, skip: (one) => skipped.push(one) });
  return { heat, order, skipped, run };
}

describe("a contest", () => {
  test("alternates; of a peer's two the better of the first round stays; one that runs once does", async () => {
    const { heat, order, run } = stage({ slow: 3, fast: 2 });
    await run(
      3,
      contestant("C++"),
      contestant("slow", { peer: "Spin" }),
      contestant("fast", { peer: "Spin" }),
      contestant("Rumur", { once: true }),
      contestant("gmemcheck"),
    );
    expect(order.join(" ")).toBe("C++ slow fast Rumur gmemcheck C++ fast gmemcheck C++ fast gmemcheck");
    expect(heat.entries.map(({ name, runs }) => [name, runs.length])).toEqual([
      ["C++", 3],
      ["slow", 1],
      ["fast", 3],
      ["Rumur", 1],
      ["gmemcheck", 3],
    ]);
  });

  test("a peer that fails is left out, with the reason; the others go on", async () => {
    const { order, skipped, run } = stage({}, { Spin: [137, "out of memory"] });
    await run(2, contestant("Spin"), contestant("gmemcheck"));
    expect(order).toEqual(["Spin", "gmemcheck", "gmemcheck"]);
    expect(skipped).toEqual([{ what: "Spin", reason: "exit code 137 on tiny: out of memory" }]);
  });

  test("a wrong count, a broken invariant and a failure of gmemcheck end it", async () => {
    const wrong = contestant("Spin", { read: () => ({ ...TINY.counts, states: 21 }) });
    await expect(stage({}).run(1, wrong)).rejects.toThrow("Spin on tiny: states 21, but 22");
    await expect(stage({}, { Rumur: [1, "broken I4"] }).run(1, contestant("Rumur"))).rejects.toThrow(
      Mismatch,
    );
    await expect(stage({}, { gmemcheck: [5, "no"] }).run(1, contestant("gmemcheck"))).rejects.toThrow(
      Mismatch,
    );
  });
});

test("usage is wall, user, sys and, but for bash, kilobytes", () => {
  expect(usageFrom("2.5 1.25 0.5 1000\n")).toEqual({
    wallSeconds: 2.5,
    cpuSeconds: 1.75,
    peakBytes: 1_024_000,
  });
  expect(usageFrom("2.5 1.25 0.5\n").peakBytes).toBeNull();
  expect(() => usageFrom("")).toThrow("cannot be read");
});

describe("a run is measured", () => {
  const spin = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo out; echo err >&2; exit 3";
  const missing = versionOf("gcc") === null;

  test.skipIf(missing)(
    "by rusage.c: time, memory, outputs and exit code are the command's (needs gcc)",
    async () => {
      const rusage = buildRusage({ folder, install: false, ...quiet });
      const measure = measureBy(rusage, new AbortController().signal);
      const run = await measure({ argv: ["sh", "-c", spin], cwd: folder });
      expect(run).toMatchObject({ code: 3, stdout: "out\n", stderr: "err\n" });
      expect(run.cpuSeconds).toBeGreaterThan(0.005);
      expect(run.peakBytes).toBeGreaterThan(100_000);
      expect(run.peakBytes).toBeLessThan(20_000_000);
      expect((await measure({ argv: ["sh", "-c", "kill -9 $$"] })).code).toBe(137);
      expect(await measure({ argv: ["no-such-program"] })).toMatchObject({ code: 127 });
    },
  );

  test("by bash: the same without memory", async () => {
    const run = await measureBy(null, new AbortController().signal)({ argv: ["sh", "-c", spin] });
    expect(run).toMatchObject({ code: 3, stdout: "out\n", stderr: "err\n", peakBytes: null });
    expect(run.cpuSeconds).toBeGreaterThan(0.005);
  });

  test("and ends with all that it started when it is interrupted", async () => {
    const stop = new AbortController();
    const begin = performance.now();
    const run = measureBy(null, stop.signal)({ argv: ["sh", "-c", "sleep 100 & sleep 100"] });
    setTimeout(() => stop.abort("SIGINT"), 200);
    // It does not end before every process that could still write has.
    await expect(run).rejects.toThrow(Interrupted);
    await expect(measureBy(null, stop.signal)({ argv: ["sleep", "100"] })).rejects.toThrow(Interrupted);
    expect(performance.now() - begin).toBeLessThan(50_000);
  });
});
