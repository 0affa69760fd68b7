/** The peers' models, where their programs are: that they give the known counts, and are broken by a bug that is planted in them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
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
import { TINY, type BenchVector } from "../../bench/vectors.ts";

export const folder = mkdtempSync(join(tmpdir(), "gmemcheck-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lacking = (...programs: readonly Program[]): Program[] =>
  programs.filter((name) => versionOf(name) === null);
const why = (missing: readonly Program[]): string =>
  missing.length === 0 ? "" : ` (left out: ${missing.join(", ")} not installed)`;

const execute = (argv: readonly string[], cwd = folder): string =>
  spawnSync(argv[0]!, argv.slice(1), { cwd, encoding: "utf8" }).stdout;

export function describeCounts(peer: Peer, vectors: readonly BenchVector[]): void {
  describe(peer.name, () => {
    const missing = lacking(...peer.needs);
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
}

/** A place of a model, and what stands there when a bug is planted. */
type Change = readonly [RegExp, string];

function planted(text: string, [place, instead]: Change): string {
  const changed = text.replace(place, instead);
  expect(changed).not.toBe(text);
  return changed;
}

interface Bug {
  readonly bug: string;
  readonly breaks: string;
  readonly cpp: Change;
  readonly promela: Change;
  readonly murphi: Change;
}
export const bugs: readonly Bug[] = [
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
];

const at = (bug: string): string => join(folder, bug.replace(/\W/g, "-"));

export function describeInC({ bug, breaks, ...changes }: Bug): void {
  const place = at(bug);
  const inC = lacking(...limit.needs);
  test.skipIf(inC.length > 0)(`in the C++ program, when ${bug}, ${breaks} is broken${why(inC)}`, () => {
    const source = readFileSync(new URL("../../bench/peers/limit.cpp", import.meta.url), "utf8");
    writeModel(place, "bug.cpp", planted(source, changes.cpp));
    const sizes = Object.keys(TINY.size).map((name) => `-D${name.toUpperCase()}=1`);
    build(place, "g++", ["-O1", ...sizes, "bug.cpp", "-o", "limit"]);
    expect(execute([join(place, "limit")])).toBe(`violated ${breaks}\n`);
  });
}

export function describeInPromela({ bug, breaks, ...changes }: Bug): void {
  const place = at(bug);
  const inPromela = lacking(...spin.needs);
  test.skipIf(inPromela.length > 0)(`in Promela, when ${bug}, ${breaks} is broken${why(inPromela)}`, () => {
    writeModel(place, "bug.pml", planted(promela(TINY.size), changes.promela));
    build(place, "spin", ["-a", "bug.pml"]);
    build(place, "gcc", ["-O0", "-DSAFETY", "-DNOREDUCE", "-DBFS", "pan.c", "-o", "pan"]);
    const output = execute([join(place, "pan"), "-w10"], place);
    // Create, bind, setattr, gfault, and what has the bug.
    expect(output).toMatch(/assertion violated.*\(at depth 5\)/);
    // The invariant is printed, not its name; only I2 speaks of the host.
    expect(/assertion violated.*host/.test(output)).toBe(breaks === "I2");
    expect(output).toContain("errors: 1");
  });
}

export function describeInMurphi({ bug, breaks, ...changes }: Bug): void {
  const place = at(bug);
  const inMurphi = lacking(...rumur.needs);
  test.skipIf(inMurphi.length > 0)(`in Murphi, when ${bug}, ${breaks} is broken${why(inMurphi)}`, () => {
    writeModel(place, "bug.m", planted(murphi(TINY.size), changes.murphi));
    build(place, "rumur", ["--threads", "1", "-o", "bug.c", "bug.m"]);
    build(place, "gcc", ["-O0", "-std=c11", "-mcx16", "bug.c", "-o", "bug", "-lpthread", "-latomic"]);
    const output = execute([join(place, "bug")], place);
    expect(output).toContain(`invariant "${breaks}" failed`);
    expect(output).toContain("1 error(s) found");
  });
}
