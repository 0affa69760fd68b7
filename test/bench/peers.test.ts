/** The peers' models, where their programs are: they compile, give the known counts, and are broken by a bug that is planted in them. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { expectCounts } from "../../bench/contestant.ts";
import { limit } from "../../bench/peers/limit.ts";
import { murphi } from "../../bench/peers/murphi.ts";
import { build, writeModel, type Peer } from "../../bench/peers/peer.ts";
import { promela } from "../../bench/peers/promela.ts";
import { rumur } from "../../bench/peers/rumur.ts";
import { spin } from "../../bench/peers/spin.ts";
import { versionOf, type Program } from "../../bench/programs.ts";
import { SMALL, TINY, type BenchVector } from "../../bench/vectors.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FILES: BenchVector = {
  name: "files",
  size: { vms: 2, files: 2, pages: 1, slots: 1, gfns: 1 },
  counts: { states: 1_481, transitions: 14_578, depth: 12 },
};

const lacking = (...programs: readonly Program[]): Program[] =>
  programs.filter((name) => versionOf(name) === null);
const why = (missing: readonly Program[]): string =>
  missing.length === 0 ? "" : ` (left out: ${missing.join(", ")} not installed)`;

const execute = (argv: readonly string[], cwd = folder): string =>
  spawnSync(argv[0]!, argv.slice(1), { cwd, encoding: "utf8" }).stdout;

describe.each<[Peer]>([[limit], [spin], [rumur]])("$name", (peer) => {
  const missing = lacking(...peer.needs);
  // The others take long to compile.
  const vectors = peer === limit ? [TINY, FILES, SMALL] : [TINY];
  test.skipIf(missing.length > 0).each(vectors)(
    `gives the known counts of $name${why(missing)}`,
    (vector) => {
      const contestants = peer.build(vector, join(folder, `${peer.name}-${vector.name}`));
      expect(contestants.length).toBeGreaterThan(0);
      for (const { name, command, read } of contestants)
        expectCounts(name, read(execute(command.argv, command.cwd)), vector.counts);
    },
  );
});

/** A place of a model, and what stands there when a bug is planted. */
type Change = readonly [RegExp, string];

function planted(text: string, [place, instead]: Change): string {
  const changed = text.replace(place, instead);
  expect(changed).not.toBe(text);
  return changed;
}

describe.each<{ bug: string; breaks: string; cpp: Change; promela: Change; murphi: Change }>([
  {
    bug: "a punch leaves the guests' mappings",
    breaks: "I4",
    cpp: [/if \(guestMaps\)/, "if (false)"],
    promela: [/; if :: spte\[0\] == 2 -> spte\[0\]=0 :: else fi/, ""],
    murphi: [/for v: VM do for g: GFN do if [^;]* then zap\(v, g\); end; end; end;/, ""],
  },
  {
    bug: "a changed attribute leaves the guest's mapping",
    breaks: "I4",
    cpp: [/emit\(zapped \^/, "emit(state ^"],
    promela: [/(priv\[0\]=1-priv\[0\]); spte\[0\]=0/, "$1"],
    murphi: [/(1 - priv\[v\]\[g\];) zap\(v, g\);/, "$1"],
  },
  {
    bug: "an unbound slot leaves the guest's mappings",
    breaks: "I4",
    cpp: [/emit\(emptied & [^;]*;/, "emit(emptied);"],
    promela: [/if :: \(npages\[0\] && gfn[^>]*-> spte\[0\]=0 :: else fi; npages/, "npages"],
    murphi: [/for g: GFN do if [^;]* then zap\(v, g\); end; end;\s+vacate/, "vacate"],
  },
  {
    bug: "the host maps what a guest has mapped",
    breaks: "I2",
    cpp: [/!hostMaps && !guestMaps/, "!hostMaps"],
    promela: [/ && \(spte\[0\] != 2\)/, ""],
    murphi: [/& !\(exists v: VM do exists g: GFN do [^\n]* end end\)/, ""],
  },
])("$bug: $breaks is broken", ({ bug, breaks, ...changes }) => {
  const at = join(folder, bug.replace(/\W/g, "-"));

  const inC = lacking(...limit.needs);
  test.skipIf(inC.length > 0)(`in the C++ program${why(inC)}`, () => {
    const source = readFileSync(new URL("../../bench/peers/limit.cpp", import.meta.url), "utf8");
    writeModel(at, "bug.cpp", planted(source, changes.cpp));
    const sizes = Object.keys(TINY.size).map((name) => `-D${name.toUpperCase()}=1`);
    build(at, "g++", ["-O1", ...sizes, "bug.cpp", "-o", "limit"]);
    expect(execute([join(at, "limit")])).toBe(`violated ${breaks}\n`);
  });

  const inPromela = lacking(...spin.needs);
  test.skipIf(inPromela.length > 0)(`in Promela${why(inPromela)}`, () => {
    writeModel(at, "bug.pml", planted(promela(TINY.size), changes.promela));
    build(at, "spin", ["-a", "bug.pml"]);
    build(at, "gcc", ["-O0", "-DSAFETY", "-DNOREDUCE", "-DBFS", "pan.c", "-o", "pan"]);
    const output = execute([join(at, "pan"), "-w10"], at);
    // Create, bind, setattr, gfault, and what has the bug.
    expect(output).toMatch(/assertion violated.*\(at depth 5\)/);
    // The invariant is printed, not its name; only I2 speaks of the host.
    expect(/assertion violated.*host/.test(output)).toBe(breaks === "I2");
    expect(output).toContain("errors: 1");
  });

  const inMurphi = lacking(...rumur.needs);
  test.skipIf(inMurphi.length > 0)(`in Murphi${why(inMurphi)}`, () => {
    writeModel(at, "bug.m", planted(murphi(TINY.size), changes.murphi));
    build(at, "rumur", ["--threads", "1", "-o", "bug.c", "bug.m"]);
    build(at, "gcc", ["-O0", "-std=c11", "-mcx16", "bug.c", "-o", "bug", "-lpthread", "-latomic"]);
    const output = execute([join(at, "bug")], at);
    expect(output).toContain(`invariant "${breaks}" failed`);
    expect(output).toContain("1 error(s) found");
  });
});

test("a build that fails says why", () => {
  expect(() => build(folder, "sh", ["-c", "echo no such thing >&2; exit 3"])).toThrow(
    "sh failed: no such thing",
  );
  expect(() => build(folder, "no-such-program", [])).toThrow(
    "no-such-program failed: spawnSync no-such-program ENOENT",
  );
  expect(readdirSync(folder)).not.toContain("no-such-program");
});
