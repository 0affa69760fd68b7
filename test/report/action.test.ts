/** action.yml and the workflow that uses it: what they may use, that no text of others gets into a shell, and what the script does. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { outputs } from "../../checkers/report/github.ts";
import { inProcess, ROOT } from "../cli/gmemcheck.ts";
import { sample } from "./samples.ts";

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Action {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: unknown }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: unknown;
  readonly jobs: Readonly<
    Record<string, { readonly permissions?: unknown; readonly steps: readonly Step[] }>
  >;
}

const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");
const action = parse(read("action.yml")) as Action;
const workflow = parse(read(".github/workflows/gate.yml")) as Workflow;
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
const gate = action.runs.steps.find(({ id }) => id === "gate")!;

describe("action.yml", () => {
  test("is a composite action, whose inputs are described, have a text as default, and are used", () => {
    expect(action.runs.using).toBe("composite");
    const used = [...read("action.yml").matchAll(/\binputs\.([\w-]+)/g)].map(([, name]) => name!);
    expect(new Set(used)).toEqual(new Set(Object.keys(action.inputs)));
    for (const { description, default: value } of Object.values(action.inputs)) {
      expect(description).toMatch(/\S/);
      expect(value).toBeTypeOf("string");
    }
  });

  test("uses nobody's actions but GitHub's", () => {
    const others = [...action.runs.steps, ...steps].flatMap(({ uses }) => uses ?? []);
    for (const uses of others)
      expect(uses).toMatch(/^(\.\/|actions\/[\w-]+@v\d+|github\/codeql-action\/upload-sarif@v\d+)$/);
  });

  test("no expression is part of a script, and every variable of it is given", () => {
    for (const { run, shell, env = {} } of [...action.runs.steps, ...steps]) {
      if (run === undefined) continue;
      expect(run).not.toContain("${{");
      expect(shell).toBe("bash");
      const variables = [...run.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => name!);
      const given = [...Object.keys(env), "GITHUB_ACTION_PATH"];
      expect(variables.filter((name) => !given.includes(name))).toEqual([]);
      // Each use is quoted.
      expect(run.replaceAll(/"[^"\n]*"/g, "")).not.toMatch(/\$[A-Za-z{]/);
    }
  });

  test("hands on the values that a command writes", () => {
    const written = outputs(sample, null).trimEnd().split("\n");
    expect(Object.keys(action.outputs)).toEqual(written.map((line) => line.split("=")[0]));
    for (const [name, { value }] of Object.entries(action.outputs))
      expect(value).toBe(`\${{ steps.gate.outputs.${name} }}`);
  });

  test("calls the gate with options that it has", async () => {
    const { stdout } = await inProcess(["gate", "--help"]);
    const options = [...gate.run!.matchAll(/"(--[\w-]+)=/g)].map(([, option]) => option!);
    expect(options.length).toBeGreaterThan(3);
    for (const option of options) expect(stdout).toContain(`${option} <`);
    for (const path of gate.run!.matchAll(/\$GITHUB_ACTION_PATH\/([\w./-]+)/g))
      expect([path[1], existsSync(`${ROOT}${path[1]}`)]).toEqual([path[1], true]);
  });
});

describe("the action's script", () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "gmemcheck-action-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Run as GitHub runs it, with a `node` that says what it was called with. */
  function run(
    code: number,
    env: Readonly<Record<string, string>> = {},
  ): { readonly status: number | null; readonly calls: readonly string[][] } {
    const log = join(folder, "calls");
    const node = join(folder, "node");
    const last = `case "$1" in *gmemcheck.mjs) exit ${code};; esac`;
    writeFileSync(
      node,
      `#!/bin/bash\nprintf '%s\\0' "$@" >> "${log}"\nprintf '\\n\\0' >> "${log}"\n${last}\n`,
    );
    chmodSync(node, 0o755);
    const script = join(folder, "script.sh");
    writeFileSync(script, gate.run!);
    const { status } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", script], {
      cwd: folder,
      env: {
        PATH: `${folder}${delimiter}${process.env["PATH"]}`,
        GITHUB_ACTION_PATH: "/action",
        ...{ BASE: "main", BUDGET: "5m", FORMAT: "text", OUT: "out", ACCEPT_INCOMPLETE: "false" },
        ...env,
      },
    });
    const calls = readFileSync(log, "utf8").split("\n\0").slice(0, -1);
    return { status, calls: calls.map((call) => call.split("\0").slice(0, -1)) };
  }

  test("sets up, calls the gate, and ends as the gate does", () => {
    for (const code of [0, 1, 3, 5]) expect(run(code).status).toBe(code);
    expect(run(0).calls.slice(-2)).toEqual([
      ["/action/tools/setup.mjs"],
      ["/action/bin/gmemcheck.mjs", "gate", "--base=main", "--budget=5m", "--format=text", "--out=out"],
    ]);
  });

  test("accepts what is incomplete where that is asked for, and nothing else", () => {
    const ends = [0, 1, 3, 5].map((code) => run(code, { ACCEPT_INCOMPLETE: "true" }).status);
    expect(ends).toEqual([0, 1, 0, 5]);
  });

  test("takes whatever a branch is called for a name", () => {
    const names = ["$(touch owned)", "`touch owned`", "a b'\"", "--help", "; touch owned", "*"];
    for (const BASE of names) expect(run(0, { BASE }).calls.at(-1)![2]).toBe(`--base=${BASE}`);
    expect(existsSync(join(folder, "owned"))).toBe(false);
  });
});

describe("the workflow", () => {
  test("runs on pull requests, with nothing but the right to read, and all of the history", () => {
    expect(Object.keys(workflow.on)).toEqual(["pull_request"]);
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(Object.values(workflow.jobs).map(({ permissions }) => permissions)).toEqual([undefined]);
    const checkout = steps.find(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkout!.with).toEqual({ "fetch-depth": 0, "persist-credentials": false });
  });

  test("uses the action of this repository, with inputs that it has", () => {
    const own = steps.find(({ uses }) => uses === "./")!;
    const unknown = Object.keys(own.with ?? {}).filter((name) => !(name in action.inputs));
    expect(unknown).toEqual([]);
    const artifact = steps.find(({ uses }) => uses?.startsWith("actions/upload-artifact@"));
    expect(artifact!.with!["path"]).toBe(action.inputs["out"]!.default);
  });
});
