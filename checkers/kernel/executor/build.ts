/** Builds the executor with the machine's own gcc, once for each state of its sources. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { NotHere } from "../live/kernel.ts";

const SOURCES = fileURLToPath(new URL(".", import.meta.url));
const BUILT = fileURLToPath(new URL("../../../build/executor/", import.meta.url));
/** Static: it also runs where there is nothing else, as the only program of a guest. */
const FLAGS = ["-static", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread"];

/** The path of the executor, built if it is not there yet. Throws `NotHere`. */
export function executorPath(): string {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new NotHere(
      `the executor is for Linux on x86-64, and this is ${process.platform} on ${process.arch}`,
    );
  const files = readdirSync(SOURCES).filter((file) => /\.[ch]$/.test(file));
  const path = `${BUILT}executor-${hashOf(files)}`;
  if (!existsSync(path)) build(files, path);
  return path;
}

function hashOf(files: readonly string[]): string {
  const hash = createHash("sha256").update(FLAGS.join(" "));
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(`${SOURCES}${file}`));
  return hash.digest("hex").slice(0, 16);
}

/** By way of a name of its own, so that what has the final name is whole. */
function build(files: readonly string[], path: string): void {
  mkdirSync(BUILT, { recursive: true });
  const partial = `${path}.${process.pid}.partial`;
  const sources = files.filter((file) => file.endsWith(".c"));
  const { error, status, stderr } = spawnSync("gcc", [...FLAGS, "-o", partial, ...sources], {
    cwd: SOURCES,
    encoding: "utf8",
  });
  if (status === 0) return renameSync(partial, path);
  rmSync(partial, { force: true });
  if (error !== undefined) throw new NotHere("there is no gcc, which the executor is built with");
  if (!/cannot find -l|No such file or directory/.test(stderr))
    throw new Error(`gcc does not take the executor's sources\n${stderr}`);
  throw new NotHere(
    `gcc has not what the executor is built with; usual cause: the C library's headers or its static library are missing\n${stderr}`,
  );
}
