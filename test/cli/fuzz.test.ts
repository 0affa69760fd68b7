/** gmemcheck fuzz, from the command line. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { inProcess } from "./gmemcheck.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

const MUTANT = "attr-read-without-retry";
const PROMISE = "mapping-agrees-with-attribute";

describe("a breach", () => {
  const out = join(folder, "out");
  const args = ["fuzz", MUTANT, "--property", PROMISE, "--runs", "200", "--out", out];

  test("is told with its certificate, written, replayed by one line and run again by the other", async () => {
    const first = await inProcess(args);
    expect(first.code).toBe(1);
    expect(first.stdout).toContain("(sampled: nothing is said to hold)");
    expect(first.stdout).toMatch(new RegExp(`VIOLATED ${PROMISE} after 9 steps \\(known\\)`));
    expect(first.stdout).toMatch(/minimal: each of the \d+ single deletions/);
    expect(first.stdout).toContain(`stored counterexamples, run first: 1; still broken: ${PROMISE}`);
    const [, file] = /again: npx gmemcheck replay (\S+)/.exec(first.stdout)!;
    expect((await inProcess(["replay", file!])).code).toBe(0);
    const [, line] = /the run: npx gmemcheck (.*)/.exec(first.stdout)!;
    const again = await inProcess(line!.replaceAll('"', "").split(" "));
    expect(again.stdout).toContain("1 breach in 1 run");
    const calls = (text: string): string => text.slice(text.indexOf("shrunk from"), text.indexOf("minimal"));
    expect(calls(again.stdout)).toBe(calls(first.stdout));
  });

  test("is the same in JSON", async () => {
    const { stdout } = await inProcess([...args, "--format", "json"]);
    const { schemaVersion, complete, results } = JSON.parse(stdout);
    expect([schemaVersion, complete, results.length]).toEqual([1, false, 1]);
    const [finding] = results[0].findings;
    expect(finding).toMatchObject({ property: PROMISE, known: true, steps: 9 });
    const trace = JSON.parse(readFileSync(finding.traceFile, "utf8"));
    expect(finding.trace).toEqual(trace);
  });
});

test("goals that are required and not reached end with exit 3, those that are reached with 0", async () => {
  const args = ["fuzz", "direct-map", "--mode", "sections", "--runs", "20", "--require-coverage"];
  const all = await inProcess([...args, "all"]);
  const never = /never reached: (.*)/.exec(all.stdout)?.[1]?.split(", ") ?? [];
  expect([all.code, never.length > 0]).toEqual(never.length > 0 ? [3, true] : [0, false]);
});

describe("bad input", () => {
  test.each([
    [["fuzz", MUTANT, "--seed", "-1"], '--seed: "-1" is not a whole number from 0 to 2147483647'],
    [["fuzz", MUTANT, "--seed", "1.5"], '--seed: "1.5" is not a whole number'],
    [["fuzz", MUTANT, "--path", "3"], "--path and --replay-path go together"],
    [["fuzz", MUTANT, "--path", "3:1", "--replay-path", ":"], '"3:1" is not the number of a run'],
    [["fuzz", MUTANT, "--path", "3", "--replay-path", "?"], '--replay-path: "?" is none'],
    [["fuzz", MUTANT, "--runs", "3", "--seconds", "3"], "--seconds or --runs, not both"],
    [["fuzz", MUTANT, "--mode", "sequential", "--overlap", "3"], "--overlap is for --mode sections"],
    [["fuzz", MUTANT, "--bounds", "gfns=99"], "gfns=99 is impossible"],
    [["fuzz", MUTANT, "--scenario", "none"], 'has no scenario "none"'],
    [["fuzz", MUTANT, "--property", "none"], 'has no property "none"'],
    [
      ["fuzz", MUTANT, "--require-coverage", "none:0", "--runs", "1"],
      '"none:0" is nothing that these runs could reach',
    ],
    [["fuzz", "no-such-design"], 'there is no design "no-such-design"'],
  ] as const)("%j", async (args, says) => {
    const { code, stdout, stderr } = await inProcess(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(says);
  });
});
