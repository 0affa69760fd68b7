/** `gmemcheck conform --matrix`: the recorded programs, and made-up ones, on every kernel at hand. */
import { readdirSync } from "node:fs";
import * as fc from "fast-check";
import { UsageError } from "../checkers/usage-error.ts";
import { rowsOf } from "../checkers/kernel/live/made-up.ts";
import { matrix, type Column, type MatrixProgram } from "../checkers/kernel/live/matrix.ts";
import { NotHere, type Kernel } from "../checkers/kernel/live/kernel.ts";
import { cachedKernels } from "../checkers/kernel/qemu/cache.ts";
import { readRecording } from "../checkers/kernel/recording.ts";
import { matrixText, type NotAsked } from "../checkers/report/matrix.ts";
import { count } from "../checkers/report/text.ts";
import { programs } from "../models/guest-memfd/recording/programs.ts";
import { versions } from "../models/catalogue.ts";
import type { Header, RecordedStep } from "../spec/recording.ts";
import { EXIT } from "./exit.ts";
import { readText } from "./files.ts";
import { Interrupt } from "./interrupt.ts";
import { openKernel, type KernelPlace } from "./kernel-at.ts";
import { ProgressLine, print } from "./output.ts";
import { anyVersion, entryForKernel, playerOf } from "./players.ts";

const MATRIX_SCHEMA_VERSION = 1;

export interface MatrixCommand {
  readonly runs?: number;
  readonly seed?: number;
  readonly format: "text" | "json";
}

/** Made-up programs for each kernel. */
const DEFAULT_RUNS = 100;
const DEFAULT_SEED = 1;
const RECORDINGS = new URL("../recordings/", import.meta.url);

export async function kernelMatrix(
  paths: readonly string[],
  { runs, seed, format }: MatrixCommand,
): Promise<number> {
  if (paths.length > 0)
    throw new UsageError("conform --matrix: takes the recordings that come with gmemcheck, and no others");
  const interrupt = new Interrupt();
  interrupt.listen();
  const line = new ProgressLine();
  const opened: Column[] = [];
  try {
    const notAsked = await openAll(opened, (name) => line.show(`${name} is started`));
    if (opened.length === 0) throw new NotHere(notAsked.map(({ name, why }) => `${name}: ${why}`).join("; "));
    const headers = opened.map(({ kernel }) => kernel.header);
    const all = [...(await corpus()), ...madeUp(headers, runs ?? DEFAULT_RUNS, seed ?? DEFAULT_SEED)];
    const result = await matrix(opened, all, {
      stop: () => interrupt.reason(),
      told: (name, n) => line.show(`${count(n)} of ${count(all.length)} programs, ${name}`),
    });
    line.clear();
    if (format === "text") print(matrixText(result, notAsked));
    else print(JSON.stringify({ schemaVersion: MATRIX_SCHEMA_VERSION, ...result, notAsked }, null, 2));
    return interrupt.exitCode(result.odd.length > 0 ? EXIT.violated : EXIT.asExpected);
  } finally {
    line.clear();
    for (const { kernel } of opened) await kernel.close();
  }
}

/** Opens what there is; gives back what there is not. */
async function openAll(opened: Column[], told: (name: string) => void): Promise<readonly NotAsked[]> {
  const places: readonly (readonly [name: string, KernelPlace, { readonly kernel?: string }])[] = [
    ["local", "local", {}],
    ...cachedKernels().map(({ name }) => [name, "qemu", { kernel: name }] as const),
  ];
  const notAsked: NotAsked[] = [];
  for (const [name, place, options] of places) {
    told(name);
    try {
      opened.push(await columnOf(name, place, await openKernel(place, options)));
    } catch (error) {
      if (!(error instanceof NotHere)) throw error;
      notAsked.push({ name, why: error.message.split("\n")[0]! });
    }
  }
  const asked = opened.map(({ kernel }) => kernel.header.kernel);
  const without = (await versions.load()).flatMap(({ kernel }) =>
    kernel === undefined || asked.some((of) => of.startsWith(`${kernel}.`)) ? [] : [kernel],
  );
  return [...notAsked, ...without.map((name) => ({ name, why: "no kernel of this version is here" }))];
}

async function columnOf(name: string, place: KernelPlace, kernel: Kernel): Promise<Column> {
  const entry = await entryForKernel(kernel.header, kernel.where);
  const takes = (steps: readonly RecordedStep[]): boolean => place === "qemu" || !programs.poisons(steps);
  return { name, kernel, design: entry.design, player: await playerOf(entry), programs, takes };
}

/** The sequences of all recordings, each once, without what was answered. */
async function corpus(): Promise<readonly MatrixProgram[]> {
  const player = await playerOf(await anyVersion());
  const known = new Map<string, MatrixProgram>();
  for (const name of readdirSync(RECORDINGS)
    .filter((file) => file.endsWith(".jsonl"))
    .sort()) {
    const path = new URL(name, RECORDINGS).pathname;
    for (const { id, steps } of readRecording(readText(path), path, player, "answered").sequences) {
      const asked = steps.map(({ result: _, note: __, ...step }) => step as RecordedStep);
      const key = JSON.stringify(asked);
      if (!known.has(key)) known.set(key, { id, steps: asked });
    }
  }
  return [...known.values()];
}

/** So many for each kernel, of what that kernel can do. */
function madeUp(headers: readonly Header[], runs: number, seed: number): readonly MatrixProgram[] {
  const drawn = fc.sample(rowsOf(programs), { seed, numRuns: runs });
  return headers.flatMap((header) =>
    drawn.map((rows, n) => ({
      id: `made up for ${header.kernel}, ${n}`,
      steps: programs.program(header, rows, { poison: false }),
    })),
  );
}
