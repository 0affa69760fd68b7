/** Calls that overlap, from the command line: modes, what each asks, what is printed, and what is refused. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkVector, summary } from "../../checkers/explore/check.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { sectionCoverage } from "../../checkers/report/check-coverage.ts";
import { inProcess } from "./gmemcheck.ts";
import { twoLocks } from "./two-locks.ts";

const file = "test/cli/two-locks.ts";

interface Json {
  readonly results: readonly {
    readonly mode: string;
    readonly overlap?: number;
    readonly states: number;
    readonly verdict: string;
    readonly properties: readonly { readonly name: string; readonly verdict: string }[];
  }[];
}
interface Counted {
  readonly designs: readonly { readonly sections: Record<string, Record<string, number>> }[];
}
async function json(...args: readonly string[]): Promise<Json["results"]> {
  const { stdout } = await inProcess(["check", file, ...args, "--workers", "1", "--format", "json"]);
  return (JSON.parse(stdout) as Json).results;
}
/** All runs of the design, and one in which two calls overlap. */
const all = await json();
const two = await json("--overlap", "2");

test("--sections counts in every mode, the same in however many threads", async () => {
  const { stdout } = await inProcess(["check", file, "--sections", "--workers", "2", "--format", "json"]);
  const { sections } = (JSON.parse(stdout) as Counted).designs[0]!;
  const runs = [];
  for (const vector of twoLocks.vectors)
    runs.push(await checkVector(twoLocks, vector, { budget: NO_LIMIT, sections: true }));
  expect(sections).toEqual(sectionCoverage(summary(twoLocks, twoLocks.vectors, runs, "nothing")));
  // The two calls differ in the names of their locks alone.
  expect(sections["up"]).toEqual(sections["down"]);
  expect(Object.keys(sections["up"]!)).toEqual(["take the outer one", "take the inner one", "drop both"]);
  // In each run from one state alone: nothing is made, and nobody else holds a lock.
  expect(sections["up"]!["drop both"]).toBe(runs.length);
});

test("--mode runs the design's vectors of that mode; --overlap says how many calls overlap", async () => {
  const modes = (results: Json["results"]): unknown[] => results.map(({ mode, overlap }) => [mode, overlap]);
  expect(all.length).toBe(twoLocks.vectors.length);
  expect(modes(all)).toEqual([
    ["sequential", undefined],
    ["overlap", 2],
    ["overlap", 1],
    ["full", 3],
  ]);
  expect(modes(await json("--mode", "full"))).toEqual([["full", 3]]);
  expect(modes(await json("--overlap", "3"))).toEqual([["overlap", 3]]);
  expect(modes(await json("--overlap", "2", "--bounds", "most=2"))).toEqual([["overlap", 2]]);
});

test("a run asks what its mode has: of whole calls in sequence, of locks where calls overlap", async () => {
  const [sequential, overlap] = all;
  const own = ["counted"];
  const always = ["no-use-after-free", "no-warning", "calls-end"];
  expect(sequential!.properties.map(({ name }) => name)).toEqual([
    ...own,
    "grows",
    "failed-call-changes-nothing",
    ...always,
  ]);
  expect(overlap!.properties.map(({ name }) => name)).toEqual([
    ...own,
    ...always,
    "no-deadlock",
    "lock-order",
    "linearizable",
  ]);
  const [without] = await json("--overlap", "2", "--no-orders");
  expect(without!.properties.map(({ name }) => name)).not.toContain("linearizable");
});

test("--no-merge lets others in before local sections too", async () => {
  const [merged, apart] = [two, await json("--overlap", "2", "--no-merge")];
  expect(merged[0]!.states).toBeLessThan(apart[0]!.states);
  expect(merged[0]!.properties.map(({ verdict }) => verdict)).toEqual(
    apart[0]!.properties.map(({ verdict }) => verdict),
  );
});

test("a breach is told, can be seen again, and its trace is replayed and explained", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gmemcheck-"));
  const { code, stdout } = await inProcess(["check", file, "--overlap", "2"]);
  expect(code).toBe(1);
  expect(stdout).toContain("tasks=2 most=1; overlap 2, scenario everything, everything tracked");
  expect(stdout).toContain("VIOLATED no-deadlock after 2 steps");
  expect(stdout).toContain("VIOLATED lock-order after 2 steps (known)");
  const again = /again: npx gmemcheck (.* --overlap 2 --property no-deadlock)/.exec(stdout)![1]!;
  const seen = await inProcess([...again.split(" "), "--out", folder]);
  expect(seen.stdout).toContain("VIOLATED no-deadlock after 2 steps");
  const trace = join(folder, "two-locks", "no-deadlock.json");
  expect(await inProcess(["replay", trace, "--design", file])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("2 steps on two-locks; every step answers and changes") as string,
  });
  const explained = await inProcess(["explain", trace, "--design", file]);
  expect(explained.stdout).toContain("✗ waits for lock_b[0], held by task 1");
});

test("one property of a whole mode: those runs alone that ask it", async () => {
  const deadlock = await json("--property", "no-deadlock");
  expect(deadlock.map(({ mode, verdict }) => [mode, verdict])).toEqual([
    ["overlap", "violated"],
    ["overlap", "holds"],
    ["full", "violated"],
  ]);
  expect((await json("--property", "grows")).map(({ mode }) => mode)).toEqual(["sequential"]);
});

test.each([
  ["half a call", ["--overlap", "1.5"], '--overlap: "1.5" is not a whole number from 1 to 64'],
  ["no call", ["--overlap", "0"], '--overlap: "0" is not a whole number'],
  ["a word", ["--overlap", "two"], '--overlap: "two" is not a whole number'],
  ["a mode that is none", ["--mode", "parallel"], "is not one of sequential, overlap, full"],
  ["overlaps in sequence", ["--mode", "sequential", "--overlap", "2"], "no calls overlap"],
  ["a number of all", ["--mode", "full", "--overlap", "2"], "as many calls overlap as there are actors"],
  ["a mode without vectors", ["--mode", "full", "--quick"], "has no vector of mode full marked quick"],
  [
    "a profile",
    ["--mode", "overlap", "--scenario", "rising", "--track", "skeleton"],
    "mode overlap tracks everything",
  ],
  [
    "a property of whole calls",
    ["--mode", "overlap", "--property", "grows"],
    "grows is asked in runs of --mode sequential, and this is none",
  ],
  [
    "a property of overlaps",
    ["--mode", "sequential", "--property", "no-deadlock"],
    "no-deadlock is asked in runs of --mode overlap",
  ],
])("%s is refused, with what was possible", async (_name, args, said) => {
  const { code, stderr } = await inProcess(["check", file, ...args]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
});
