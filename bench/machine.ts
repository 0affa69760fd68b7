/** Where and when it was measured. */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { versionOf, type Program } from "./programs.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
  /** What each program says of itself; null where it is not there. */
  readonly programs: Readonly<Partial<Record<Program, string | null>>>;
}

const PROGRAMS: readonly Program[] = ["g++", "gcc", "spin", "rumur"];

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  node: process.version,
  programs: Object.fromEntries(PROGRAMS.map((program) => [program, versionOf(program)])),
});

export function commit(): string | null {
  const cwd = fileURLToPath(new URL("../", import.meta.url));
  const git = (...args: readonly string[]): string | null => {
    const { status, stdout } = spawnSync("git", args, { cwd, encoding: "utf8" });
    return status === 0 ? stdout.trim() : null;
  };
  const head = git("rev-parse", "HEAD");
  if (head === null) return null;
  return git("status", "--porcelain") === "" ? head : `${head}+changes`;
}
