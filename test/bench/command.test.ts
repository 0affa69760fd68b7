/** `npm run bench` as a command: its options, its part of the README, and its exit codes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { main } from "../../bench/command.ts";
import { withResults } from "../../bench/readme.ts";
import { optionsFrom } from "../../bench/options.ts";
import { emptyResults, readResults } from "../../bench/results.ts";
import { ROOT, captured } from "../cli/gmemcheck.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = (...args: readonly string[]): string =>
  optionsFrom(args)
    .vectors.map(({ name }) => name)
    .join(" ");

describe("options", () => {
  test("by default medium and all twos, three rounds; --quick, --large and --vectors choose others", () => {
    expect([names(), optionsFrom([]).rounds]).toEqual(["medium all-twos", 3]);
    expect([names("--quick"), optionsFrom(["--quick"]).rounds]).toEqual(["small medium", 1]);
    expect(optionsFrom(["--quick", "--rounds", "2"]).rounds).toBe(2);
    expect(names("--large")).toBe("medium all-twos large");
    expect(names("--vectors", "large,small", "--large")).toBe("large small");
  });
});

describe("wrong options are refused with exit code 2, and a word on what was possible", () => {
  test.each<[string, string]>([
    ["--vectors huge", '"huge" is not one of small, medium, all-twos, large'],
    ["--rounds 0", '--rounds: "0" is not a whole number from 1 to 99'],
    ["--rounds 1.5", '"1.5" is not a whole number'],
    ["--vectors small --rumur", "which is not among the sizes"],
    ["--quick --vectors small", "cannot be used with"],
    ["--readme --large", "cannot be used with"],
    ["--fast", "unknown option"],
    ["medium", "too many arguments"],
    ["--out /dev/null/results.json", "cannot write /dev/null"],
    ["--readme --out /nowhere/results.json", "nothing was measured yet"],
  ])("%s", async (line, message) => {
    const { code, stderr } = await captured(() => main(line.split(" ")));
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  test("as a process", () => {
    const args = ["--import", "tsx", "bench/main.ts", "--vectors", "huge"];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    expect(stderr).toContain('"huge" is not one of small, medium, all-twos, large');
    expect(status).toBe(2);
  });
});

describe("the README", () => {
  const machine = { cpu: "a CPU", cores: 2, memoryBytes: 1, node: "v20", programs: {} };
  const results = emptyResults({ date: "2026-11-21T00:00:00Z", commit: null, machine, rounds: 1 });

  test("has its part, and nothing else, written anew", () => {
    const text = "before\n<!-- bench -->\nold\n<!-- /bench -->\nbehind\n";
    const written = withResults(text, results);
    expect(written).toMatch(
      /^before\n<!-- bench -->\n\nMeasured 2026-11-21 .*\n\n<!-- \/bench -->\nbehind\n$/,
    );
    expect(withResults(written, results)).toBe(written);
  });

  test.each(["none", "<!-- bench -->", "<!-- /bench --> <!-- bench -->"])(
    "needs a place for it: %s",
    (text) => {
      expect(() => withResults(text, results)).toThrow("README.md has no place for what was measured");
    },
  );

  test("is not written from results of another version", () => {
    const path = join(folder, "results.json");
    writeFileSync(path, JSON.stringify(results));
    expect(readResults(path)).toEqual(results);
    writeFileSync(path, JSON.stringify({ ...results, schemaVersion: 0 }));
    expect(() => readResults(path)).toThrow("is not of version 1");
  });
});
