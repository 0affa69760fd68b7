/** Writing: results to stdout, progress to stderr, files whole or not at all. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { harmless, oneLine } from "../checkers/report/clean.ts";
import { UsageError } from "../checkers/usage-error.ts";

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** To people, beside the results: what names of a proposal are made of is neither for their terminal nor for GitHub's runner to act on. */
export function tell(text: string): void {
  process.stderr.write(`${harmless(text)}\n`);
}

/** Writes a file by way of a temporary one beside it, so that what stands there is always whole. */
export function writeWhole(path: string, text: string): void {
  const partial = `${path}.${process.pid}.partial`;
  makeFolder(dirname(path));
  try {
    writeFileSync(partial, text);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw cannotWrite(path, error);
  }
}

export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): UsageError {
  return new UsageError(
    `cannot write ${path}: ${(error as Error).message}\n  usual cause: a folder without permission, a full disk, or a file where a folder should be`,
  );
}

/** Milliseconds between two lines of progress where there is no terminal. */
const QUIET = 10_000;

/** One line that is rewritten on a terminal, a line now and then elsewhere. */
export class ProgressLine {
  private readonly terminal = process.stderr.isTTY === true;
  private last = performance.now();
  private shown = false;

  show(text: string): void {
    const now = performance.now();
    if (this.terminal) {
      process.stderr.write(`\r\u001b[2K${oneLine(text).slice(0, (process.stderr.columns ?? 100) - 1)}`);
      this.shown = true;
    } else if (now - this.last > QUIET) {
      tell(text);
      this.last = now;
    }
  }

  clear(): void {
    if (this.shown) process.stderr.write("\r\u001b[2K");
    this.shown = false;
  }
}
