/** A peer: another checker that searches gmem-seq, compiled anew for every size. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contestant } from "../contestant.ts";
import type { Program } from "../programs.ts";
import type { BenchVector } from "../vectors.ts";

export interface Peer {
  readonly name: string;
  readonly needs: readonly Program[];
  /** Builds it in a folder that is its own. */
  readonly build: (vector: BenchVector, folder: string) => readonly Contestant[];
}

/** A peer cannot be built here: it is left out, with the reason. */
export class CannotBuild extends Error {}

/** Runs one step of a build. */
export function build(folder: string, file: string, args: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd: folder, encoding: "utf8" });
  if (status === 0) return;
  const lines = `${stderr ?? ""}${stdout ?? ""}`.split("\n").filter((line) => line.trim() !== "");
  const said = lines.find((line) => /error/i.test(line)) ?? lines[0];
  throw new CannotBuild(`${file} failed: ${error?.message ?? said ?? `exit code ${status}`}`);
}

export function writeModel(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
}
