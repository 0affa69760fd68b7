/** Emitted programs: those of the corpus, what gcc says of them, and what they say on a kernel. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cProgram } from "../../checkers/emit/c.ts";
import { reproduce, type Reproduction } from "../../checkers/emit/reproduction.ts";
import { readTrace } from "../../checkers/trace/file.ts";
import { replay } from "../../checkers/trace/replay.ts";
import { findDesign } from "../../cli/designs.ts";
import { scribeOf } from "../../cli/players.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import type { SequentialTrace } from "../../spec/language/trace.ts";

const ROOT = fileURLToPath(new URL("../../counterexamples/", import.meta.url));

/** A sequential counterexample; `name` is its path without what is the same for all. */
export interface Stored {
  readonly name: string;
  readonly path: string;
  readonly trace: SequentialTrace;
}

export function sequentialTraces(): Stored[] {
  return readdirSync(ROOT, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".json"))
    .sort()
    .flatMap((path) => {
      const trace = readTrace(readFileSync(`${ROOT}${path}`, "utf8"), path);
      const name = path.replace(/\.json$/, "");
      return trace.mode === "sequential" ? [{ name, path: `${ROOT}${path}`, trace }] : [];
    });
}

export async function reproductionOf(
  design: AnyDesign,
  trace: SequentialTrace,
  name: string,
): Promise<Reproduction> {
  const replayed = replay(design, trace, name).trace as SequentialTrace;
  const told = { name, meaning: "Of a test.", command: "a test" };
  return reproduce(design, replayed, await scribeOf(design), told);
}

export async function programOf({ name, trace }: Stored): Promise<string> {
  const { design } = await findDesign(trace.design);
  return cProgram(await reproductionOf(design, trace, name.replace("/", "-")));
}

export const WARNINGS = ["-Wall", "-Wextra", "-Werror"];

/** Why there is no gcc for x86-64 Linux here; null where there is one. */
export const noCompiler: string | null =
  process.platform !== "linux" || process.arch !== "x64"
    ? `programs are for Linux on x86-64, and this is ${process.platform} on ${process.arch}`
    : spawnSync("gcc", ["--version"]).status === 0
      ? null
      : "there is no gcc";

/** In a folder of its own, which goes again. */
export function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "gmemcheck-emit-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What gcc says of programs, by name; it only reads them, unless it is told to see more: `-O2 -S`. */
export function complaints(
  programs: Readonly<Record<string, string>>,
  how: readonly string[] = ["-fsyntax-only"],
): string {
  return inFolder((folder) => {
    const files = Object.keys(programs).map((name) => `${name.replace(/\W/g, "_")}.c`);
    Object.values(programs).forEach((text, i) => writeFileSync(join(folder, files[i]!), text));
    const { stderr } = spawnSync("gcc", [...how, ...WARNINGS, ...files], {
      cwd: folder,
      encoding: "utf8",
    });
    return stderr;
  });
}

/** Builds a program as its head says. */
export function build(text: string, into: string): void {
  writeFileSync(`${into}.c`, text);
  const { status, stderr } = spawnSync("gcc", ["-O1", ...WARNINGS, "-static", "-o", into, `${into}.c`], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`gcc does not take it: ${stderr}`);
}

export interface Said {
  readonly code: number | null;
  readonly lines: readonly string[];
}

export function run(text: string): Said {
  return inFolder((folder) => {
    build(text, join(folder, "program"));
    const { status, stdout } = spawnSync(join(folder, "program"), { encoding: "utf8", timeout: 60_000 });
    return { code: status, lines: stdout.trimEnd().split("\n") };
  });
}
