/** `gmemcheck check`: verdicts, exit codes, formats, files, interruption, and the same output with any number of threads. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { astray } from "./astray.ts";
import { ROOT, gmemcheck, inProcess, withoutTimes, type Ran } from "./gmemcheck.ts";

const SMALL = "vms=2,files=1,pages=2,slots=2,gfns=2";
const temporary = (): string => mkdtempSync(join(tmpdir(), "gmemcheck-"));

interface Json {
  schemaVersion: number;
  results: {
    design: string;
    bounds: Record<string, number | string>;
    mode: string;
    verdict: string;
    complete: boolean;
    states: number;
    transitions: number;
    depth: number;
    seconds: number;
    properties: { name: string; verdict: string; steps?: number; trace?: object; traceFile?: string }[];
  }[];
}

describe("exit codes", () => {
  const said = (code: number, text: string): object => ({
    code,
    stdout: expect.stringContaining(text) as string,
  });
  test("of a process: what main comes to", async () => {
    const args = ["check", "gmem-seq", "--bounds", SMALL, "--max-states", "1k"];
    expect(await gmemcheck(args)).toMatchObject(said(3, "NOT exhausted (more than 1000 states)"));
  });

  test.each([
    ["holds and is exhausted", ["gmem-seq", "--bounds", SMALL], 0, "HOLDS"],
    ["is violated", ["gmem-seq-m2", "--bounds", SMALL], 1, "VIOLATED I4 after 5 calls"],
    [
      "is violated and incomplete",
      ["gmem-seq-m2", "--bounds", SMALL, "--max-states", "20k"],
      1,
      "NOT exhausted",
    ],
    [
      "has nothing to say of the property that was asked for",
      ["guest-memfd-7.3", "--scenario", "slots", "--track", "skeleton", "--property", "guest-maps-no-poison"],
      5,
      "was not decided",
    ],
    [
      "goes astray where nothing is trusted",
      ["test/cli/astray.ts", "--paranoid"],
      5,
      'stray: section "go astray" sets on[-1]; the table has 2 entries, from 0 on\n    at test/cli/astray.ts:',
    ],
    ["goes astray unseen", ["test/cli/astray.ts"], 0, `${astray.name} (test/cli/astray.ts)  HOLDS`],
  ])("a design that %s", async (_name, args, code, text) => {
    expect(await inProcess(["check", ...args])).toMatchObject(said(code, text));
  });
});

describe("formats", () => {
  test("JSON has what it promises", async () => {
    const { code, stdout } = await inProcess([
      "check",
      "gmem-seq-m2",
      "gmem-seq",
      "--bounds",
      SMALL,
      "--format",
      "json",
    ]);
    const report = JSON.parse(stdout) as Json;
    expect(report.schemaVersion).toBe(1);
    expect(report.results[0]).toMatchObject({
      design: "gmem-seq-m2",
      bounds: { vms: 2, files: 1, pages: 2, slots: 2, gfns: 2 },
      mode: "sequential",
      verdict: "violated",
      complete: true,
      states: 28_863,
      transitions: 339_084,
      seconds: expect.any(Number) as number,
    });
    const broken = report.results[0]!.properties.find(({ name }) => name === "I4")!;
    expect(broken).toMatchObject({
      verdict: "violated",
      steps: 5,
      trace: { format: "gmemcheck-trace/1", design: "gmem-seq-m2" },
    });
    expect(broken.traceFile).toBeUndefined();
    expect(report.results[1]).toMatchObject({ design: "gmem-seq", verdict: "holds", depth: 14 });
    expect(code).toBe(1);
  });

  test("--out writes each trace, replayable, and the report; no half file stays", async () => {
    const folder = temporary();
    const { stdout } = await inProcess([
      "check",
      "guest-memfd-6.12",
      "--scenario",
      "use",
      "--format",
      "json",
      "--out",
      folder,
    ]);
    const report = JSON.parse(stdout) as Json;
    const written = report.results.flatMap(({ properties }) =>
      properties.flatMap(({ traceFile }) => traceFile ?? []),
    );
    expect(written.length).toBe(2);
    for (const file of written) expect((await inProcess(["replay", file])).code).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, "report.json"), "utf8"))).toEqual(report);
    expect(
      readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith(".partial")),
    ).toEqual([]);
  });

  test("ITF is the shortest trace", async () => {
    const { stdout } = await inProcess(["check", "forgotten-pin", "--quick", "--format", "itf"]);
    expect(stdout).toBe(readFileSync(`${ROOT}test/trace/golden/forgotten-pin.itf.json`, "utf8"));
  });

  test("--property asks one property only", async () => {
    const { stdout } = await inProcess([
      "check",
      "guest-memfd-6.12",
      "--scenario",
      "use",
      "--property",
      "no-page-beyond-size",
      "--format",
      "json",
    ]);
    expect((JSON.parse(stdout) as Json).results[0]!.properties.map(({ name }) => name)).toEqual([
      "no-page-beyond-size",
    ]);
  });
});

test("the output is the same with any number of threads", async () => {
  const args = ["check", "gmem-seq-m1", "forgotten-pin", "gmem-seq-m2", "--quick", "--format", "json"];
  const three = await gmemcheck([...args, "--workers", "3"]);
  const one = await inProcess([...args, "--workers", "1"]);
  expect(withoutTimes(three.stdout)).toBe(withoutTimes(one.stdout));
  expect([one.code, three.code]).toEqual([1, 1]);
});

describe("interruption", () => {
  const interrupted = async (name: NodeJS.Signals, ran: (args: readonly string[]) => Promise<Ran>) => {
    const folder = temporary();
    const bounds = "vms=2,files=2,pages=2,gfns=2";
    const asked = ["check", "guest-memfd-6.12", "--bounds", bounds, "--workers", "1"];
    const { code, stdout } = await ran([...asked, "--format", "json", "--out", folder]);
    const report = JSON.parse(stdout) as Json;
    expect(report.results[0]).toMatchObject({ complete: false, reason: `interrupted by ${name}` });
    expect(report.results[0]!.states).toBeGreaterThan(0);
    expect(report.results[0]!.verdict).not.toBe("holds");
    expect(JSON.parse(readFileSync(join(folder, "report.json"), "utf8"))).toEqual(report);
    return code;
  };

  test("SIGINT ends a process with 130, and what was found is reported and written", async () => {
    const signal = { name: "SIGINT", afterCpuSeconds: 3 } as const;
    expect(await interrupted("SIGINT", (args) => gmemcheck(args, { signal }))).toBe(130);
  });

  test("SIGTERM ends a run with 143", async () => {
    const listeners = process.listenerCount("SIGTERM");
    let begun = process.cpuUsage();
    const asking = setInterval(() => {
      if (process.listenerCount("SIGTERM") === listeners) begun = process.cpuUsage();
      // Microseconds; by then it searches.
      if (process.cpuUsage(begun).user < 1e6) return;
      clearInterval(asking);
      process.emit("SIGTERM");
    }, 20);
    expect(await interrupted("SIGTERM", inProcess)).toBe(143);
  });
});

describe("a design in a file", () => {
  test("is checked by its path, and one of several by its name", async () => {
    const { code, stdout } = await inProcess(["check", "models/proposals/forgotten-pin.ts", "--quick"]);
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining("VIOLATED host-never-maps-private after 6 calls"),
    ]);
    const small = ["--scenario", "windows", "--bounds", "types=default"];
    const one = await inProcess(["check", "models/guest-memfd/versions.ts#guest-memfd-7.3", ...small]);
    expect(one).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(
        "guest-memfd-7.3 (models/guest-memfd/versions.ts#guest-memfd-7.3)  HOLDS",
      ) as string,
    });
  });

  const file = (text: string): string => {
    const path = join(mkdtempSync(join(ROOT, "out-")), "mine.ts");
    writeFileSync(path, text);
    return path;
  };

  test.each([
    [
      "several designs and no name",
      "models/guest-memfd/versions.ts",
      "name one: models/guest-memfd/versions.ts#guest-memfd-6.",
    ],
    [
      "a name that it has not",
      "models/guest-memfd/versions.ts#nine",
      'exports no design "nine"; it exports guest-memfd-6.',
    ],
    ["no design", "models/pins.ts", "exports no design"],
    ["nothing there", "models/nothing.ts", "there is no file models/nothing.ts"],
  ])("%s: one message", async (_name, path, message) => {
    const { code, stderr } = await inProcess(["check", path]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(stderr).not.toMatch(/\n\s+at .*\.ts:\d+:\d+/);
  });

  test("is the file's own, also under a name of the registry", async () => {
    const copied = file(
      readFileSync(`${ROOT}models/proposals/template.ts`, "utf8")
        .replaceAll('"../../', '"../')
        .replaceAll('"../guest-memfd', '"../models/guest-memfd')
        .replace("positions(s.inodes[inode].size)", "positions(0)"),
    );
    try {
      const { code, stdout } = await inProcess(["check", copied]);
      expect([code, stdout]).toEqual([
        1,
        expect.stringContaining("VIOLATED host-never-maps-private after 5 calls"),
      ]);
      const again = /again: npx gmemcheck (.*)/.exec(stdout)![1]!;
      expect(await inProcess(again.split(" "))).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("after 5 calls") as string,
      });
    } finally {
      rmSync(dirname(copied), { recursive: true });
    }
  });

  test("a syntax error is a message, and a predicate that throws is an invalid model", async () => {
    const broken = file("export const x = ;");
    const throwing = file(`
      import { propertiesOf, variant } from "../spec/language.ts";
      import { guestMemfd7_3 } from "../models/guest-memfd/versions.ts";
      const { always } = propertiesOf<any>();
      export const mine = variant(guestMemfd7_3, {
        name: "mine", says: "x", source: "x",
        statements: [always({ name: "throws", says: "x", source: "x", over: {}, holds: (m) => m.nothing.there })],
        vectors: [{ bounds: {}, scenario: "core", quick: true }],
      });`);
    try {
      expect(await gmemcheck(["check", broken])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("cannot be loaded") as string,
      });
      const { code, stdout } = await inProcess(["check", throwing, "--quick"]);
      expect(code).toBe(5);
      expect(stdout).toMatch(/^mine \(.*mine\.ts\)  INVALID/);
      expect(stdout).toMatch(
        /property throws threw TypeError: .*\n.*at out-\w+\/mine\.ts:7\n.*usual cause: /,
      );
    } finally {
      for (const path of [broken, throwing]) rmSync(dirname(path), { recursive: true });
    }
    expect(existsSync(broken)).toBe(false);
  });
});
