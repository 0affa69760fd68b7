/** Programs that peers are built with: found, or installed where that is possible. */
import { spawnSync } from "node:child_process";

export type Program = "g++" | "gcc" | "spin" | "rumur";

/** Words that make a program say its version. */
const VERSION: Readonly<Record<Program, string>> = {
  "g++": "--version",
  gcc: "--version",
  spin: "-V",
  rumur: "--version",
};

const INSTALL_SECONDS = 180;

export type Say = (text: string) => void;

/** The first line that a program says of itself; null where it is not there. */
export function versionOf(program: Program): string | null {
  const { status, stdout } = spawnSync(program, [VERSION[program]], { encoding: "utf8", timeout: 10_000 });
  return status === 0 ? stdout.split("\n")[0]!.trim() : null;
}

/** Why a program cannot be had; null when it is there. Debian's packages have the programs' names. */
export function obtain(program: Program, install: boolean, say: Say): string | null {
  if (versionOf(program) !== null) return null;
  if (!install) return `${program} is not installed, and --no-install was said`;
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  say(`${program} is not installed: apt-get install ${program}`);
  const failed = apt(sudo, ["install", "-y", program]);
  if (failed === null) return missing(program);
  // Lists of packages may be missing or old.
  apt(sudo, ["update"]);
  const failedAgain = apt(sudo, ["install", "-y", program]);
  return failedAgain === null
    ? missing(program)
    : `${program} is not installed, and apt-get install failed: ${failedAgain}`;
}

const missing = (program: Program): string | null =>
  versionOf(program) === null ? `${program} was installed, but cannot be run` : null;

/** The last line of what went wrong; null where nothing did. */
function apt(sudo: readonly string[], args: readonly string[]): string | null {
  const [file, ...rest] = [...sudo, "apt-get", ...args] as [string, ...string[]];
  const { status, stderr, error } = spawnSync(file, rest, {
    encoding: "utf8",
    timeout: INSTALL_SECONDS * 1000,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (status === 0) return null;
  return error?.message ?? stderr.trim().split("\n").at(-1) ?? `exit code ${status}`;
}
