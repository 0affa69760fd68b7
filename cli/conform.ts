/** `gmemcheck conform`: recordings of real kernels against designs. `gmemcheck run`: a program on a design. */
import { basename } from "node:path";
import { UsageError } from "../checkers/usage-error.ts";
import { conform as compare, play, type Conformance, type Disagreement } from "../checkers/kernel/conform.ts";
import { readRecording } from "../checkers/kernel/recording.ts";
import { count } from "../checkers/report/text.ts";
import { registry, type Entry } from "../models/registry.ts";
import type { Player } from "../spec/recording.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { readText } from "./files.ts";
import { print } from "./output.ts";

const CONFORM_SCHEMA_VERSION = 1;
/** Disagreements of one recording that are shown in full; the rest are counted. */
const SHOWN = 10;

export async function conform(
  paths: readonly string[],
  { design: name, format }: { readonly design?: string; readonly format: "text" | "json" },
): Promise<number> {
  const results: Conformance[] = [];
  for (const path of paths) results.push(await conformOne(path, name));
  if (format === "json") print(JSON.stringify({ schemaVersion: CONFORM_SCHEMA_VERSION, results }, null, 2));
  else print(results.map(conformText).join("\n"));
  return results.some(({ disagreements }) => disagreements.length > 0) ? EXIT.violated : EXIT.asExpected;
}

async function conformOne(path: string, name: string | undefined): Promise<Conformance> {
  const text = readText(path);
  // The recording says which kernel it is of; any player can read its header.
  const reader = await playerOf(name === undefined ? firstPlayable() : await findDesign(name));
  const recording = readRecording(text, path, reader, "answered");
  const entry = name === undefined ? entryForKernel(recording.header.kernel, path) : await findDesign(name);
  return compare(basename(path), recording, entry.design, await playerOf(entry));
}

function firstPlayable(): Entry {
  return registry.find(({ player }) => player !== undefined)!;
}

/** The design of a kernel version: 6.18.44 is of 6.18. */
function entryForKernel(kernel: string, path: string): Entry {
  const entry = registry.find(
    (e) => e.kernel !== undefined && (kernel === e.kernel || kernel.startsWith(`${e.kernel}.`)),
  );
  if (entry !== undefined) return entry;
  const known = registry.flatMap((e) => (e.kernel === undefined ? [] : [e.kernel]));
  throw new UsageError(
    `${path}: there is no design for kernel ${kernel}; there are ${known.join(", ")}\n  name one: --design guest-memfd-${known.at(-1)}`,
  );
}

async function playerOf({ design, player }: Entry): Promise<Player> {
  if (player !== undefined) return player();
  throw new UsageError(
    `recordings cannot be played on ${design.name}\n  they can on ${registry.flatMap((e) => (e.player === undefined ? [] : [e.design.name])).join(", ")}`,
  );
}

function conformText({
  recording,
  kernel,
  design,
  sequences,
  operations,
  disagreements,
}: Conformance): string {
  const head = `${recording}: kernel ${kernel} against ${design}: ${count(sequences)} sequences, ${count(operations)} operations, ${disagreements.length} disagreements`;
  const shown = disagreements.slice(0, SHOWN).flatMap(disagreementLines);
  const more =
    disagreements.length > SHOWN ? [`  and ${disagreements.length - SHOWN} more; --format json has all`] : [];
  return [head, ...shown, ...more].join("\n");
}

function disagreementLines({ sequence, step, operation, kernel, design }: Disagreement): string[] {
  const { result: _, ...call } = operation;
  return [
    `  ${sequence}, step ${step}: ${JSON.stringify(call)}`,
    `    kernel says ${JSON.stringify(kernel)}`,
    `    design says ${JSON.stringify(design)}`,
  ];
}

/** Prints a program's recording as the design answers it. */
export async function run(path: string, { design: name }: { readonly design?: string }): Promise<number> {
  const text = readText(path);
  const reader = await playerOf(name === undefined ? firstPlayable() : await findDesign(name));
  const program = readRecording(text, path, reader, "any");
  const entry = name === undefined ? entryForKernel(program.header.kernel, path) : await findDesign(name);
  const player = await playerOf(entry);
  const lines = program.sequences.map((sequence, i) => {
    const answers = play(program.header, sequence, entry.design, player, `${path}:${i + 2}`);
    return JSON.stringify({
      ...sequence,
      steps: sequence.steps.map((step, n) => ({ ...step, result: answers[n] })),
    });
  });
  print([JSON.stringify(program.header), ...lines].join("\n"));
  return EXIT.asExpected;
}
