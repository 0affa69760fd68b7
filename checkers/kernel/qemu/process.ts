/** Runs other programs to their end, and ends them, with all that they started, when asked to. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A program that did not end with 0. */
export class ProgramFailed extends Error {
  override readonly name = "ProgramFailed";
  /** What it said last. */
  readonly last: readonly string[];

  constructor(program: string, how: string, last: readonly string[]) {
    super(`${program} ${how}`);
    this.last = last;
  }
}

export interface RunOptions {
  readonly cwd?: string;
  /** Ends the program. The promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called for each line of its output and of its errors. */
  readonly onLine?: (line: string) => void;
}

/** How many lines a failed program is quoted with. */
const QUOTED = 12;

/** Whether a program can be called by its name. */
export function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, program)));
}

/** Gives what it wrote to its standard output. Throws `ProgramFailed`. */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, signal, onLine }: RunOptions = {},
): Promise<string> {
  signal?.throwIfAborted();
  // A group of its own, so that a program can be ended together with its children, and no terminal ends it behind our back.
  const child = spawn(program, args, {
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
  });
  const end = (): void => endGroup(child);
  process.on("exit", end);
  signal?.addEventListener("abort", end);
  const output: string[] = [];
  const last: string[] = [];
  const heard = (line: string): void => {
    last.push(line);
    if (last.length > QUOTED) last.shift();
    onLine?.(line);
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    output.push(line);
    heard(line);
  });
  createInterface({ input: child.stderr }).on("line", heard);
  try {
    const how = await ended(child);
    signal?.throwIfAborted();
    if (how !== null) throw new ProgramFailed(program, how, last);
    return output.join("\n");
  } finally {
    process.off("exit", end);
    signal?.removeEventListener("abort", end);
  }
}

/** How a program failed, or null. */
function ended(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(`cannot be started: ${error.message}`));
    child.on("close", (code, signal) => {
      if (signal !== null) resolve(`was ended by ${signal}`);
      else resolve(code === 0 ? null : `failed with ${code}`);
    });
  });
}

export function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself a moment ago.
  }
}
