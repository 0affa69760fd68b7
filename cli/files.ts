/** Reading files that a command names. */
import { readFileSync } from "node:fs";
import { UsageError } from "../checkers/usage-error.ts";

export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const here = `a path that is not relative to the folder you are in (${process.cwd()})`;
    if (code === "ENOENT") throw new UsageError(`there is no file ${path}\n  usual cause: ${here}`);
    throw new UsageError(
      `cannot read ${path}: ${message}\n  usual cause: a folder where a file is expected, or a file of somebody else`,
    );
  }
}
