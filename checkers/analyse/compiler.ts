/** What the compiler says against the models of a tree. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../usage-error.ts";
import type { Tree, TypeProblem } from "./change.ts";
import { Sources } from "./sources.ts";

/** This project: its compiler, and its options where a tree has none. */
const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const COMPILER = join(PROJECT, "node_modules/typescript/bin/tsc");

/** `models/a.ts(3,7): error TS2322: Type … is not …`; lines that go on begin with a space. */
const PROBLEM = /^(?:(.+)\((\d+),(\d+)\): )?error (TS\d+): (.*)$/;

/**
 * The errors of spec/, models/ and folders beside them, in the compiler's order; empty where there are none. Takes the compiler some
 * seconds, in a process of its own that ends with `signal`.
 * @throws UsageError where there is no compiler, or it does not say what is wrong
 */
export async function typeProblems(tree: Tree, signal?: AbortSignal): Promise<readonly TypeProblem[]> {
  if (!existsSync(COMPILER)) {
    throw new UsageError(
      `types cannot be checked: there is no ${COMPILER}\n  usual cause: npm ci --omit=dev; npm ci installs the compiler as well`,
    );
  }
  signal?.throwIfAborted();
  const root = realpathSync(tree.root);
  const folders = new Sources({ root }).folders.map((name) => join(root, name));
  // The compiler takes it for an error to have nothing to do.
  if (folders.length === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), "gmemcheck-types-"));
  try {
    const config = join(folder, "tsconfig.json");
    writeFileSync(config, JSON.stringify(configOf(root, folders)));
    const { status, out } = await compile(config, root, signal);
    const problems = problemsIn(out, root);
    if (status === 0 || problems.length > 0) return problems;
    throw new UsageError(
      `types of ${tree.root} cannot be checked: ${out.trim() || `tsc ended with ${status}`}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The models alone: what checks them is the same for all. */
function configOf(root: string, folders: readonly string[]): object {
  const own = join(root, "tsconfig.json");
  return {
    extends: existsSync(own) ? own : join(PROJECT, "tsconfig.json"),
    compilerOptions: { noEmit: true, typeRoots: [join(PROJECT, "node_modules/@types")] },
    include: folders,
  };
}

function compile(
  config: string,
  cwd: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly status: number; readonly out: string }> {
  return new Promise((resolve, reject) => {
    // A group of its own: the compiler may be started by the process that is started here.
    const child = spawn(process.execPath, [COMPILER, "--pretty", "false", "-p", config], {
      cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stop = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    };
    let out = "";
    const add = (data: Buffer): void => void (out += data.toString());
    child.stdout.on("data", add);
    child.stderr.on("data", add);
    signal?.addEventListener("abort", stop, { once: true });
    child.once("error", reject);
    child.once("close", (code) => {
      signal?.removeEventListener("abort", stop);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve({ status: code ?? 1, out });
    });
  });
}

function problemsIn(out: string, root: string): readonly TypeProblem[] {
  const problems: TypeProblem[] = [];
  for (const line of out.split(/\r?\n/)) {
    const found = PROBLEM.exec(line);
    if (found !== null) problems.push(problemOf(found, root));
    else if (/^\s+\S/.test(line) && problems.length > 0) {
      const last = problems.pop()!;
      problems.push({ ...last, message: `${last.message}\n${line}` });
    }
  }
  return problems;
}

function problemOf([, path, line, column, code, message]: RegExpExecArray, root: string): TypeProblem {
  const file =
    path === undefined ? "tsconfig.json" : relative(root, isAbsolute(path) ? path : join(root, path));
  return { file, line: Number(line ?? 1), column: Number(column ?? 1), code: code!, message: message! };
}
