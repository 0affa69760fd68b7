/** `gmemcheck conform --live … --races`: random racing blocks on a real kernel, against all that the design of its version allows. */
import { join } from "node:path";
import { raceRecording } from "../checkers/kernel/live/race-recording.ts";
import { runRaces, type RacesReport } from "../checkers/kernel/live/races.ts";
import type { Kernel } from "../checkers/kernel/live/kernel.ts";
import { racesText } from "../checkers/report/races.ts";
import { UsageError } from "../checkers/usage-error.ts";
import { races } from "../models/guest-memfd/recording/races.ts";
import type { Entry } from "../models/catalogue.ts";
import type { AnyDesign } from "../spec/language/design.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { Interrupt } from "./interrupt.ts";
import { anySeed, conformText, openKernel, type KernelOptions, type KernelPlace } from "./kernel-at.ts";
import { ProgressLine, makeFolder, print, writeWhole } from "./output.ts";
import { entryForKernel, playerOf } from "./players.ts";

const RACES_SCHEMA_VERSION = 1;

export interface RacesCommand extends KernelOptions {
  readonly live: KernelPlace;
  readonly design?: string;
  readonly seed?: number;
  /** This block of the seed alone. */
  readonly path?: string;
  /** Blocks. */
  readonly runs?: number;
  /** Runs of each block. */
  readonly iterations?: number;
  readonly seconds?: number;
  /** Of programs, not of blocks. */
  readonly operations?: number;
  readonly keepGoing?: number;
  readonly out?: string;
  readonly format: "text" | "json";
}

const DEFAULT_BLOCKS = 100;
const DEFAULT_ITERATIONS = 200;
const DEFAULT_OUT = "disagreements";
/** For the shrinking of one finding: a hang costs a boot at each try. */
const SHRINK_SECONDS = 300;

export async function liveRaces(paths: readonly string[], options: RacesCommand): Promise<number> {
  if (options.operations !== undefined || options.keepGoing !== undefined)
    throw new UsageError(
      "--operations and --keep-going are of programs\n  expected with --races: --runs, --iterations, --seconds",
    );
  if (paths.length > 0)
    throw new UsageError(
      "conform: with --races, blocks are made up\n  gmemcheck record --live runs blocks of files",
    );
  const { out = DEFAULT_OUT, seed = anySeed() } = options;
  if (options.out !== undefined) makeFolder(out);
  const only = blockOf(options);
  const interrupt = new Interrupt();
  interrupt.listen();
  const kernel = await openKernel(options.live, options);
  try {
    const { design, report } = await raced(kernel, { ...options, seed }, only, interrupt);
    const path = join(out, `${kernel.header.kernel}-races-seed-${seed}.jsonl`);
    if (report.findings.length > 0) writeWhole(path, raceRecording(kernel.header, report.findings));
    const command = `${conformText(options)} --races --seed ${seed}`;
    if (options.format === "json") print(jsonText(kernel, design, seed, report));
    else print(racesText(report, { kernel, design, command, path }));
    return interrupt.exitCode(report.findings.length > 0 ? EXIT.violated : EXIT.asExpected);
  } finally {
    await kernel.close();
  }
}

function blockOf({ path, seed }: RacesCommand): number | null {
  if (path === undefined) return null;
  if (seed === undefined)
    throw new UsageError(
      "--path: a block of which run? expected: --seed with the number that the run printed",
    );
  if (/^\d{1,6}$/.test(path)) return Number(path);
  throw new UsageError(
    `--path: ${path} is no block of a run\n  expected: the number that the run printed, from 0`,
  );
}

async function raced(
  kernel: Kernel,
  options: RacesCommand & { readonly seed: number },
  only: number | null,
  interrupt: Interrupt,
): Promise<{ readonly design: AnyDesign; readonly report: RacesReport }> {
  const own = (): Promise<Entry> => entryForKernel(kernel.header, kernel.where);
  const entry = await (options.design === undefined ? own() : findDesign(options.design));
  const { runs, iterations = DEFAULT_ITERATIONS, seconds = Infinity, seed, live } = options;
  const end = performance.now() + 1000 * seconds;
  const line = new ProgressLine();
  try {
    const report = await runRaces(
      { kernel, design: entry.design, player: await playerOf(entry) },
      {
        races,
        runs: runs ?? DEFAULT_BLOCKS,
        only,
        iterations,
        seed,
        licence: { poison: live === "qemu" },
        careful: live === "local" ? (await own()).design : null,
        shrinkSeconds: SHRINK_SECONDS,
        stop: () => interrupt.reason() ?? (performance.now() > end ? "time is up" : null),
        told: (text) => line.show(text),
      },
    );
    return { design: entry.design, report };
  } finally {
    line.clear();
  }
}

function jsonText({ header, where }: Kernel, design: AnyDesign, seed: number, report: RacesReport): string {
  const races = { kernel: header.kernel, where, design: design.name, seed, ...report };
  const notRun = Object.fromEntries(report.notRun);
  return JSON.stringify({ schemaVersion: RACES_SCHEMA_VERSION, races: { ...races, notRun } }, null, 2);
}
