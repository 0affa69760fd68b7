/** `gmemcheck mutate` on a design with a known score: every way in which a mutant can end, with any number of threads, and bad input. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MutatePool } from "../../cli/mutate-pool.ts";
import type { MutateWork } from "../../cli/mutate-worker.ts";
import { ROOT, inProcess } from "../cli/gmemcheck.ts";
import { parking } from "./parking.ts";

interface Json {
  schemaVersion: number;
  design: string;
  complete: boolean;
  score: { killed: number; of: number };
  counts: Record<string, number>;
  kills: Record<string, number>;
  silent: string[];
  mutants: { id: string; line: number; before: string; after: string; fate: Fate }[];
}
interface Fate {
  kind: string;
  by?: string[];
  steps?: number | null;
  difference?: { from: string; to: string; traces: { b: { steps: { call: string }[] } } };
}

/** The car park in a folder of its own, so that nothing is known of it. */
function elsewhere(): { readonly path: string; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), "gmemcheck-parking-"));
  const text = readFileSync(join(ROOT, "test/mutate/parking.ts"), "utf8");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(folder, "parking.ts"),
    text.replaceAll("../../spec/", `${pathToFileURL(join(ROOT, "spec")).href}/`),
  );
  return { path: join(folder, "parking.ts"), folder };
}

describe("a car park", () => {
  const reports: Json[] = [];
  const codes: (number | null)[] = [];
  beforeAll(async () => {
    for (const options of [["--workers=2"], ["--workers=1", "--operator=drop-store"]]) {
      const { path, folder } = elsewhere();
      const { code, stdout } = await inProcess(["mutate", path, ...options, "--format", "json"]);
      codes.push(code);
      // Only the folder differs.
      reports.push(JSON.parse(stdout.replaceAll(/"[^"]*parking\.ts/g, '"parking.ts')) as Json);
      rmSync(folder, { recursive: true });
    }
  });
  const fate = (name: string): Fate => reports[0]!.mutants.find(({ id }) => id.endsWith(`#${name}`))!.fate;

  test("is judged alike by one thread and by two", () => {
    const stores = reports[0]!.mutants.filter(({ id }) => id.includes("/drop-store/"));
    expect(stores).toHaveLength(4);
    expect(reports[1]!.mutants).toEqual(stores);
    expect(codes).toEqual([1, 0]);
  });

  test("has its score", () => {
    const { design, score, counts, complete, schemaVersion } = reports[0]!;
    expect(design).toBe(parking.name);
    expect({ score, complete, schemaVersion }).toEqual({
      score: { killed: 12, of: 15 },
      complete: true,
      schemaVersion: 1,
    });
    expect(counts).toMatchObject({ promise: 6, language: 6, survived: 3, equivalent: 4, "not reached": 1 });
  });

  test("a promise kills, with the steps", () => {
    expect(fate("park/drop-store/2")).toMatchObject({ kind: "promise", by: ["count-is-right"], steps: 1 });
  });

  test("so does a breach that the design is known for, where it is gone", () => {
    expect(fate("park/drop-section/3")).toMatchObject({
      kind: "promise",
      by: ["a-bay-is-free"],
      steps: null,
    });
  });

  test("the language kills: a count below zero", () => {
    expect(fate("leave/drop-check/1").kind).toBe("language");
  });

  test("what no step tells apart is equivalent; what no step comes by is not reached", () => {
    expect(fate("park/drop-check/1").kind).toBe("equivalent");
    expect(fate("park/other-errno/1").kind).toBe("not reached");
  });

  test("what nothing notices survives, with the shortest way to see it", () => {
    const { difference } = fate("leave/other-errno/1");
    expect(difference).toMatchObject({ from: "ENOENT", to: "EPERM" });
    expect(difference!.traces.b.steps.map(({ call }) => call)).toEqual(["leave"]);
  });

  test("a promise that kills nothing, and one that never says anything", () => {
    expect(reports[0]!.kills).toMatchObject({ "no-bay-is-lost": 0, "count-is-right": 2 });
    expect(reports[0]!.silent).toEqual(["no-bay-is-lost"]);
  });
});

describe("bad input", () => {
  const path = "test/mutate/parking.ts";
  test.each([
    ["a mutant that is not there", ["--only", "x#y/z/1"], '--only: there is no mutant "x#y/z/1"'],
    [
      "an operator that is not there",
      ["--operator", "drop"],
      '--operator: there is no "drop"; there are drop-check',
    ],
    ["a property that is not asked", ["--property", "x"], 'parking has no property "x"'],
    ["a file that is not the design's", ["--file", "region"], "no mutant of the design is of that file"],
    ["bounds that cannot be", ["--bounds", "bays=0"], "bays=0 is impossible"],
    ["a scenario that is not there", ["--scenario", "x"], 'parking has no scenario "x"'],
  ])("%s", async (_what, options, message) => {
    const { code, stderr } = await inProcess(["mutate", path, ...options]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
  });
});

test("a design that is no model: said so, once, as check says it", async () => {
  const { code, stderr } = await inProcess(["mutate", "test/cli/offices.ts#broken-office"]);
  expect(code).toBe(5);
  expect(stderr).toMatch(/the model is invalid: broken-office is no valid model: taken was set to 3/);
  expect(stderr.match(/usual cause/g)).toHaveLength(1);
});

test("where the design itself is too big at every vector, nothing is judged, and nothing said to be killed", async () => {
  const { path, folder } = elsewhere();
  const { code, stdout } = await inProcess(["mutate", path, "--max-states=1", "--then-states=1"]);
  rmSync(folder, { recursive: true });
  expect(code).toBe(3);
  expect(stdout).toContain("NOTHING judged: at every vector the design itself has more states than allowed");
});

test("what is judged only at larger vectors ends alike, compared in lockstep where steps were not", async () => {
  const { path, folder } = elsewhere();
  const { stdout } = await inProcess(["mutate", path, "--max-states=1", "--format=json"]);
  rmSync(folder, { recursive: true });
  const { counts } = JSON.parse(stdout) as Json;
  expect(counts).toMatchObject({ promise: 6, language: 6, survived: 3, equivalent: 4, "not reached": 1 });
});

const KEPT = join(ROOT, "node_modules/.cache/gmemcheck/mutate");
const kept = (): string[] => (existsSync(KEPT) ? readdirSync(KEPT) : []);

/** Interrupts this process as soon as a file of answers that is new has a first mutant. */
function interruptAtFirstMutant(): NodeJS.Timeout {
  const before = new Set(kept());
  const asking = setInterval(() => {
    const fresh = kept().find((name) => !before.has(name));
    if (fresh === undefined || !readFileSync(join(KEPT, fresh), "utf8").includes('["judge ')) return;
    clearInterval(asking);
    process.emit("SIGINT");
  }, 5);
  return asking;
}

test("interrupted: what was judged is told, and the next run goes on from there", async () => {
  const { path, folder } = elsewhere();
  const asking = interruptAtFirstMutant();
  const first = await inProcess(["mutate", path, "--workers=1", "--format=json"]);
  clearInterval(asking);
  expect(first.code).toBe(130);
  const report = JSON.parse(first.stdout) as Json;
  expect(report).toMatchObject({ complete: false, reason: "interrupted by SIGINT" });
  expect(report.counts["not judged"]).toBeGreaterThan(0);

  const second = await inProcess(["mutate", path, "--workers=1", "--format=json"]);
  rmSync(folder, { recursive: true });
  const { counts, complete } = JSON.parse(second.stdout) as Json;
  expect(complete).toBe(true);
  expect(counts).toMatchObject({ promise: 6, language: 6, survived: 3, equivalent: 4, "not reached": 1 });
});

describe("a process that ends by itself", () => {
  const folder = mkdtempSync(join(tmpdir(), "gmemcheck-pool-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const asked = join(folder, "ends.ts");
  writeFileSync(asked, "process.exit(7);\n");
  const copied = { sources: [], importers: new Map<never, never>(), entry: asked, name: "ends" };
  const work: MutateWork = { asked, copied, mutants: [], recordings: [], folder };

  test.each([
    ["at a mutant: no answer in time", 5, "Overdue"],
    ["at the design itself: a fault, with its code", null, "a process of mutate ended with code 7 at reach"],
  ])("%s", async (_what, seconds, message) => {
    const pool = new MutatePool(work, 1);
    const error: unknown = await pool.run({ kind: "reach" }, seconds, () => false).catch((e: unknown) => e);
    pool.close();
    expect(String(error)).toContain(message);
  });

  test("once it is closed, nothing is begun any more", async () => {
    const pool = new MutatePool(work, 1);
    const both = [1, 2].map(() => pool.run({ kind: "reach" }, null, () => false).catch((e: Error) => e.name));
    pool.close();
    expect((await Promise.all(both))[1]).toBe("Stopped");
  });
});
