/** Reading files that a command names. */
import { readFileSync } from "node:fs";
import { UsageError } from "../checkers/explore/bounded.ts";

export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code === "ENOENT" ? `there is no file ${path}` : `cannot read ${path}: ${message}`;
    throw new UsageError(
      `${what}\n  usual cause: a path that is not relative to the folder you are in (${process.cwd()})`,
    );
  }
}
