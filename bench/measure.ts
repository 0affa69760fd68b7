/** Runs a program and measures it: CPU seconds and peak memory of the process, by rusage.c or, without a compiler, by bash. */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

export interface Measured {
  readonly wallSeconds: number;
  /** User and system time together. */
  readonly cpuSeconds: number;
  /** Null where only bash could be had. */
  readonly peakBytes: number | null;
}

export interface MeasuredRun extends Measured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly argv: readonly string[];
  readonly cwd?: string;
}

/** Runs a command to its end. */
export type Measure = (command: Command) => Promise<MeasuredRun>;

/** The run was broken off: whoever asked for that knows why. */
export class Interrupted extends Error {}

/** What bash's `time` says, in the words of rusage.c; the command's own stderr stays what it is. */
const BY_BASH = 'TIMEFORMAT="%3R %3U %3S"; { time "$@" 2>&4; } 4>&2 2>&3';

/** Measures by the compiled rusage.c at this path; by bash, and without memory, where it is null. */
export function measureBy(rusage: string | null, stop: AbortSignal): Measure {
  const prefix = rusage === null ? ["bash", "-c", BY_BASH, "bash"] : [rusage];
  return async ({ argv, cwd }) => {
    const run = await runToEnd({ argv: [...prefix, ...argv], ...(cwd === undefined ? {} : { cwd }) }, stop);
    return { ...usageFrom(run.usage), code: run.code, stdout: run.stdout, stderr: run.stderr };
  };
}

/** "wall user sys peak", in seconds and kilobytes; bash knows no peak. */
export function usageFrom(text: string): Measured {
  const [wall, user, sys, kilobytes] = text.trim().split(/\s+/).map(Number);
  if (wall === undefined || user === undefined || sys === undefined || !Number.isFinite(wall + user + sys))
    throw new Error(`what a run took cannot be read: "${text}"`);
  return {
    wallSeconds: wall,
    cpuSeconds: user + sys,
    peakBytes: kilobytes === undefined ? null : kilobytes * 1024,
  };
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What was written to file descriptor 3. */
  readonly usage: string;
}

/** In a process group of its own, so that it can be ended with all that it started. */
function runToEnd({ argv: [file, ...args], cwd }: Command, stop: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    if (stop.aborted) return reject(new Interrupted());
    const child = spawn(file!, args, { cwd, detached: true, stdio: ["ignore", "pipe", "pipe", "pipe"] });
    const end = (): void => endGroup(child.pid);
    stop.addEventListener("abort", end, { once: true });
    const streams = [child.stdout!, child.stderr!, child.stdio[3] as Readable];
    const texts = streams.map(collect);
    child.on("error", reject).on("close", (code) => {
      stop.removeEventListener("abort", end);
      if (stop.aborted) return reject(new Interrupted());
      const [stdout, stderr, usage] = texts.map((text) => text()) as [string, string, string];
      resolve({ code: code ?? 1, stdout, stderr, usage });
    });
  });
}

function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    // It has just ended by itself.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function collect(stream: Readable): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  return () => text;
}
