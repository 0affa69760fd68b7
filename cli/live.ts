/** `gmemcheck conform --live`: made-up programs on a real kernel, against the design of its version. */
import { join } from "node:path";
import { drive, type Found, type LiveOptions, type LiveReport } from "../checkers/kernel/live/drive.ts";
import { UsageError } from "../checkers/usage-error.ts";
import type { Kernel } from "../checkers/kernel/live/kernel.ts";
import { claimText, liveText, type Again } from "../checkers/report/live.ts";
import { count } from "../checkers/report/text.ts";
import { programs } from "../models/guest-memfd/recording/programs.ts";
import type { Header } from "../spec/recording.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { Interrupt } from "./interrupt.ts";
import { anySeed, conformText, openKernel, type KernelOptions, type KernelPlace } from "./kernel-at.ts";
import { ProgressLine, makeFolder, print, tell, writeWhole } from "./output.ts";
import { entryForKernel, playerOf } from "./players.ts";

const LIVE_SCHEMA_VERSION = 1;

export interface LiveCommand extends KernelOptions {
  readonly live: KernelPlace;
  readonly design?: string;
  readonly seed?: number;
  readonly path?: string;
  readonly runs?: number;
  readonly operations?: number;
  readonly seconds?: number;
  /** So many different disagreements end the run. */
  readonly keepGoing?: number;
  readonly out?: string;
  readonly format: "text" | "json";
}

/** Operations where no budget is given. */
const DEFAULT_OPERATIONS = 10_000;
const DEFAULT_OUT = "disagreements";

export async function live(paths: readonly string[], options: LiveCommand): Promise<number> {
  if (paths.length > 0)
    throw new UsageError(
      "conform: recordings are compared without --live; with it, programs are made up\n  gmemcheck record --live runs programs of files",
    );
  const { out = DEFAULT_OUT } = options;
  if (options.out !== undefined) makeFolder(out);
  const interrupt = new Interrupt();
  interrupt.listen();
  const kernel = await openKernel(options.live, options);
  try {
    const report = await driven(kernel, options, interrupt);
    const files = writeFound(report, kernel.header, out);
    deliver(report, files, options);
    return interrupt.exitCode(report.found.length > 0 ? EXIT.violated : EXIT.asExpected);
  } finally {
    await kernel.close();
  }
}

async function driven(kernel: Kernel, options: LiveCommand, interrupt: Interrupt): Promise<LiveReport> {
  const entry =
    options.design === undefined
      ? await entryForKernel(kernel.header, kernel.where)
      : await findDesign(options.design);
  const player = await playerOf(entry);
  const line = new ProgressLine();
  try {
    return await drive(
      { kernel, design: entry.design, player, programs },
      {
        ...budgetOf(options),
        seed: options.seed ?? anySeed(),
        ...(options.path === undefined ? {} : { path: options.path }),
        licence: { poison: options.live === "qemu" },
        disagreements: options.keepGoing ?? 1,
        stop: () => interrupt.reason(),
        claimed: (claims) => {
          for (const claim of claims) tell(claimText(claim).trim());
        },
        told: ({ programs: made, operations, seconds, found, shrinking }) =>
          line.show(
            shrinking > 0
              ? `shrinking on the kernel: ${count(shrinking)} runs`
              : `${count(made)} programs, ${count(operations)} operations, ${seconds.toFixed(0)} s, ${found} disagreements`,
          ),
      },
    );
  } finally {
    line.clear();
  }
}

function budgetOf({ runs, operations, seconds, path, seed }: LiveCommand): Partial<LiveOptions> {
  if (path !== undefined && seed === undefined)
    throw new UsageError(
      "--path: a program of which run? expected: --seed with the number that the run printed",
    );
  if (runs === undefined && operations === undefined && seconds === undefined && path === undefined)
    return { operations: DEFAULT_OPERATIONS };
  return {
    ...(runs === undefined ? {} : { runs }),
    ...(operations === undefined ? {} : { operations }),
    ...(seconds === undefined ? {} : { seconds }),
  };
}

function writeFound(report: LiveReport, header: Header, out: string): ReadonlyMap<Found, string> {
  return new Map(
    report.found.map((found) => {
      const path = join(out, `${report.kernel}-seed-${report.seed}-program-${found.path}.jsonl`);
      writeWhole(path, recordingOf(found, header, report));
      return [found, path];
    }),
  );
}

function recordingOf(
  { steps, results, identity, path }: Found,
  header: Header,
  { kernel, seed }: LiveReport,
): string {
  const answered = steps.map((step, i) =>
    results[i] === undefined ? step : { ...step, result: results[i] },
  );
  const id = `live-${kernel}-${seed}-${path}`;
  const lines = [
    { ...header, set: "live", sequences: 1, steps: steps.length },
    { id, set: "live", title: identity, steps: answered },
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

function deliver(report: LiveReport, files: ReadonlyMap<Found, string>, options: LiveCommand): void {
  const again = (found: Found): Again => againOf(found, files.get(found)!, report, options);
  if (options.format === "text") return print(liveText(report, again));
  const found = report.found.map((one) => ({ ...one, ...again(one) }));
  print(JSON.stringify({ schemaVersion: LIVE_SCHEMA_VERSION, live: { ...report, found } }, null, 2));
}

function againOf(found: Found, file: string, { seed }: LiveReport, options: LiveCommand): Again {
  const design = options.design === undefined ? "" : ` --design ${options.design}`;
  return {
    file,
    seeded: `${conformText(options)} --seed ${seed} --path ${found.path}`,
    replay: found.results.length < found.steps.length ? null : `npx gmemcheck conform ${file}${design}`,
  };
}
