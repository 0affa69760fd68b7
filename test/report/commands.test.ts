/** The formats as the commands print them, on a machine and in a job of GitHub's. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { marked } from "marked";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { inProcess, ROOT } from "../cli/gmemcheck.ts";
import { commandsIn } from "./samples.ts";
import type { Log } from "./sarif-log.ts";

interface Line {
  readonly steps: readonly object[];
}

const CHECK = ["check", "forgotten-pin", "--quick"];
const TRACE = "counterexamples/forgotten-pin/host-never-maps-private.json";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(`${ROOT}out-`)));
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

/** A job's step: the files that the runner names, empty. */
function onGitHub(): { readonly summary: () => string; readonly outputs: () => string } {
  const [summary, outputs] = [join(folder, "summary.md"), join(folder, "outputs")];
  vi.stubEnv("GITHUB_ACTIONS", "true");
  vi.stubEnv("GITHUB_STEP_SUMMARY", summary);
  vi.stubEnv("GITHUB_OUTPUT", outputs);
  return { summary: () => readFileSync(summary, "utf8"), outputs: () => readFileSync(outputs, "utf8") };
}

describe("the formats", () => {
  test.each([
    ["sarif", /^\{\n {2}"\$schema"/],
    ["junit", /^<\?xml .*\n<testsuites name="gmemcheck check" tests="\d+" failures="1" errors="0"/],
    ["tap", /^TAP version 14\n1\.\.1\n[^]* {4}not ok \d+ - host-never-maps-private \(forgotten-pin\)\n/],
    ["ktap", /^KTAP version 1\n1\.\.1\n[^]* {2}not ok \d+ host-never-maps-private of forgotten-pin\n/],
    ["github", /^::error file=models\/proposals\/forgotten-pin\.ts,line=14,title=[^\n]*\n$/],
  ])("%s: the exit code is that of the check", async (format, shape) => {
    const { code, stdout, stderr } = await inProcess([...CHECK, "--format", format]);
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: expect.stringMatching(shape), stderr: "" });
  });

  test("SARIF points at the line that the proposal changes, and at the calls before it", async () => {
    const { stdout } = await inProcess([...CHECK, "--format", "sarif"]);
    const [result] = (JSON.parse(stdout) as Log).runs[0]!.results;
    const line = readFileSync(`${ROOT}models/proposals/forgotten-pin.ts`, "utf8").split("\n")[13]!;
    expect(result!.locations[0]!.physicalLocation).toEqual({
      artifactLocation: { uri: "models/proposals/forgotten-pin.ts" },
      region: { startLine: 14, startColumn: 5, endLine: 14, endColumn: line.length + 1 },
    });
    const steps = result!.codeFlows![0]!.threadFlows[0]!.locations;
    expect(steps.map(({ location }) => location.physicalLocation.artifactLocation.uri)).toContain(
      "models/guest-memfd/calls/create-vm.ts",
    );
    expect(steps.at(-1)!.location.message.text).toMatch(/^6\. convert\(/);
  });

  test("an unknown one is refused with those that there are", async () => {
    for (const args of [CHECK, ["replay", TRACE], ["fuzz", "forgotten-pin"], ["conform", "x.jsonl"]]) {
      const { code, stderr } = await inProcess([...args, "--format", "pdf"]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/"pdf" is not one of text, (json, )?(itf, )?sarif, junit, tap, ktap, github/);
    }
  });

  test("a live kernel has text and JSON, and says so", async () => {
    const { code, stderr } = await inProcess(["conform", "--live", "local", "--format", "tap"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("with --live and --matrix"),
    });
  });

  test("--out writes SARIF and JUnit beside the report, whatever is printed", async () => {
    const out = relative(process.cwd(), join(folder, "reports"));
    await inProcess([...CHECK, "--out", out]);
    const log = JSON.parse(readFileSync(join(out, "report.sarif"), "utf8")) as Log;
    expect(log.runs[0]!.results).toHaveLength(1);
    const xml = readFileSync(join(out, "junit.xml"), "utf8");
    expect(xml).toContain(`value="${join(out, "forgotten-pin/host-never-maps-private.json")}"`);
  });
});

describe("in a job of GitHub's", () => {
  test("annotations stay out of what a program reads, and the step has a summary and values", async () => {
    const { summary, outputs } = onGitHub();
    const { code, stdout, stderr } = await inProcess([...CHECK, "--format", "sarif"]);
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as Log).version).toBe("2.1.0");
    expect(stderr).toMatch(/^::error file=models\/proposals\/forgotten-pin\.ts,line=14,/);
    expect(summary()).toContain("```mermaid\nsequenceDiagram\n");
    expect(summary()).toContain("npx gmemcheck check forgotten-pin --quick\n");
    expect(outputs()).toMatch(/^verdict=violated\nviolations=1\nstates=\d+\nreport=\n$/);
  });

  test("text is shut in, and annotations stand behind it", async () => {
    onGitHub();
    const { stdout } = await inProcess(CHECK);
    expect(stdout).toMatch(
      /^::stop-commands::([0-9a-f]{64})\nforgotten-pin {2}VIOLATED\n[^]*\n::\1::\n::error [^\n]*\n$/,
    );
  });

  test("a summary that cannot be written does not change the verdict", async () => {
    onGitHub();
    vi.stubEnv("GITHUB_STEP_SUMMARY", join(folder, "nowhere", "summary.md"));
    const { code, stderr } = await inProcess([...CHECK, "--format", "tap"]);
    expect(code).toBe(1);
    expect(stderr).toContain("cannot write $GITHUB_STEP_SUMMARY");
  });

  test("a proposal's names cannot speak to the runner", async () => {
    const { summary, outputs } = onGitHub();
    const path = join(folder, "mine.ts");
    writeFileSync(
      path,
      `import { propertiesOf, variant } from "../spec/language.ts";
      import { template } from "../models/proposals/template.ts";
      const { always } = propertiesOf<any>();
      const evil = "\\n::error::owned\\n##[error]owned\\n::set-output name=verdict::holds\\n\`\`\`\\n# owned";
      export const mine = variant(template, {
        name: "mine" + evil, says: evil, source: evil,
        statements: [always({ name: "p" + evil, says: evil, source: evil, over: {}, holds: () => false, why: () => evil })],
        vectors: template.vectors.filter(({ quick }) => quick).slice(0, 1),
      });`,
    );
    const own = /^::(error|warning) |^::stop-commands::[0-9a-f]{64}$|^::[0-9a-f]{64}::$/;
    const foreign = (log: string): string[] => commandsIn(log).filter((line) => !own.test(line));
    const { code, stdout, stderr } = await inProcess(["check", path]);
    expect(code).toBe(1);
    const inside = /^::stop-commands::([0-9a-f]{64})\n[^]*\n::\1::\n/;
    expect(foreign(stdout.replace(inside, "") + stderr)).toEqual([]);
    expect(stdout).toMatch(inside);
    expect(marked.parse(summary(), { async: false })).not.toContain("<h1");
    expect(outputs()).not.toMatch(/^verdict=holds/m);
  });
});

describe("other commands", () => {
  test("replay: a trace that is what it says passes; on another design it fails and points there", async () => {
    const passes = await inProcess(["replay", TRACE, "--format", "ktap"]);
    expect(passes).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ {2}ok 1 counterexamples/m) });
    const fails = await inProcess(["replay", TRACE, "--design", "template", "--format", "junit"]);
    expect(fails).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/<failure message="step \d+: convert [^"]*" type="NotAsTold">/),
    });
  });

  test("fuzz: what is found has its minimum as trace; nothing found is no promise kept", async () => {
    const found = await inProcess(["fuzz", "forgotten-pin", "--runs", "30", "--format", "sarif"]);
    const results = (JSON.parse(found.stdout) as Log).runs.flatMap((run) => run.results);
    expect(found.code).toBe(1);
    expect(results.map(({ ruleId }) => ruleId)).toContain("host-never-maps-private");
    expect(results.at(-1)!.codeFlows![0]!.threadFlows[0]!.locations).toHaveLength(6);
    const none = await inProcess(["fuzz", "template", "--runs", "3", "--format", "tap"]);
    expect(none).toMatchObject({ code: 0, stdout: expect.stringContaining("ok 1 - random-runs (template)") });
  });

  test("conform: a recording that disagrees is pointed at, line by line", async () => {
    const recording = readFileSync(`${ROOT}recordings/6.18.44-curated.jsonl`, "utf8").split("\n");
    const [header, first, second] = recording.slice(0, 3).map((line) => JSON.parse(line) as Line);
    const steps = second!.steps.with(0, { ...second!.steps[0]!, result: { errno: "EPERM" } });
    const count = first!.steps.length + steps.length;
    const lines = [{ ...header, sequences: 2, steps: count }, first, { ...second, steps }];
    const path = join(folder, "recording.jsonl");
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const { code, stdout } = await inProcess(["conform", path, "--format", "github"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^::error file=out-\w+\/recording\.jsonl,line=3,title=[^:]*kernel-answers::step 0: the kernel says/,
    );
  });
});
