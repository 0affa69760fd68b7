/** `gmemcheck conform`: recordings of real kernels against designs. `gmemcheck run`: a program on a design. */
import { basename } from "node:path";
import { UsageError } from "../checkers/usage-error.ts";
import { conform as compare } from "../checkers/kernel/conform.ts";
import { play } from "../checkers/kernel/play.ts";
import { readRecording } from "../checkers/kernel/recording.ts";
import type { Compared } from "../checkers/report/conform-cases.ts";
import { conformanceText, disagreementsOf } from "../checkers/report/conformance.ts";
import { count } from "../checkers/report/text.ts";
import type { CaseFormat } from "./case-formats.ts";
import { deliverCases } from "./deliver-cases.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { readText } from "./files.ts";
import { fileHere } from "./locate.ts";
import { anyVersion, entryForKernel, playerOf } from "./players.ts";
import { ProgressLine, print } from "./output.ts";

const CONFORM_SCHEMA_VERSION = 1;

export async function conform(
  paths: readonly string[],
  {
    design: name,
    format,
    rerun,
  }: { readonly design?: string; readonly format: "text" | "json" | CaseFormat; readonly rerun?: string },
): Promise<number> {
  if (paths.length === 0)
    throw new UsageError("conform: name recordings, or say --live local or --live qemu, or --matrix");
  const compared: Compared[] = [];
  const progress = new ProgressLine();
  try {
    for (const path of paths) compared.push(await conformOne(path, name, progress));
  } finally {
    progress.clear();
  }
  const results = compared.map(({ conformance }) => conformance);
  const disagrees = results.some((result) => disagreementsOf(result) > 0);
  const exitCode = disagrees ? EXIT.violated : EXIT.asExpected;
  await deliverCases({
    format,
    own: () =>
      format === "json"
        ? JSON.stringify({ schemaVersion: CONFORM_SCHEMA_VERSION, results }, null, 2)
        : results.map(conformanceText).join("\n"),
    cases: async () => {
      const { conformCases } = await import("../checkers/report/conform-cases.ts");
      return conformCases(compared, { exitCode, rerun: rerun ?? null });
    },
  });
  return exitCode;
}

async function conformOne(path: string, name: string | undefined, progress: ProgressLine): Promise<Compared> {
  const text = readText(path);
  // The recording says which kernel it is of; any player can read its header.
  const reader = await playerOf(name === undefined ? await anyVersion() : await findDesign(name));
  const recording = readRecording(text, path, reader, "answered");
  const entry = name === undefined ? await entryForKernel(recording.header, path) : await findDesign(name);
  const conformance = compare(basename(path), recording, entry.design, await playerOf(entry), (line, nodes) =>
    progress.show(`${path}: ${line}${nodes === 0 ? "" : `, ${count(nodes)} states`}`),
  );
  const entries = [...recording.sequences, ...recording.blocks];
  return { conformance, file: fileHere(path), lines: new Map(entries.map(({ id, line }) => [id, line])) };
}

/** Prints a program's recording as the design answers it. */
export async function run(path: string, { design: name }: { readonly design?: string }): Promise<number> {
  const text = readText(path);
  const reader = await playerOf(name === undefined ? await anyVersion() : await findDesign(name));
  const program = readRecording(text, path, reader, "any");
  const entry = name === undefined ? await entryForKernel(program.header, path) : await findDesign(name);
  const player = await playerOf(entry);
  const lines = program.sequences.map(({ line, ...sequence }) => {
    const answers = play(program.header, sequence, entry.design, player, `${path}:${line}`);
    return JSON.stringify({
      ...sequence,
      steps: sequence.steps.map((step, n) => ({ ...step, result: answers[n] })),
    });
  });
  print([JSON.stringify(program.header), ...lines].join("\n"));
  return EXIT.asExpected;
}
