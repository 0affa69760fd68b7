/** `gmemcheck emit`: a trace as something that others run or read. */
import { basename } from "node:path";
import { InputError } from "../checkers/input.ts";
import { readTrace } from "../checkers/trace/file.ts";
import { fileName } from "../checkers/trace/text.ts";
import { replay, type Replayed } from "../checkers/trace/replay.ts";
import { UsageError } from "../checkers/usage-error.ts";
import type { Entry } from "../models/catalogue.ts";
import type { SequentialTrace, Trace } from "../spec/language/trace.ts";
import { findDesign } from "./designs.ts";
import type { EmitKind } from "./emit-kinds.ts";
import { EXIT } from "./exit.ts";
import { readText } from "./files.ts";
import { print, tell, writeWhole } from "./output.ts";
import { scribeOf } from "./players.ts";

export interface EmitOptions {
  readonly out?: string;
  readonly design?: string;
  /** The line that writes it again. */
  readonly rerun: string;
}

export async function emit(kind: EmitKind, path: string, options: EmitOptions): Promise<number> {
  const stored = readTrace(readText(path), path);
  const entry = await findDesign(options.design ?? stored.design);
  const replayed = replay(entry.design, stored, path);
  checkReplayed(replayed, stored, path, entry);
  const text = await textOf(kind, path, entry, replayed, options);
  if (options.out === undefined) print(text.replace(/\n$/, ""));
  else writeWhole(options.out, text);
  return EXIT.asExpected;
}

/** What is written is what the design does now; a trace that tells otherwise is told of. */
function checkReplayed(
  { trace, differences }: Replayed,
  stored: Trace,
  path: string,
  { design }: Entry,
): void {
  if (trace.steps.length < stored.steps.length)
    throw new InputError(
      `${path}: steps[${trace.steps.length}]`,
      `${differences.at(-1)!.what} on ${design.name}`,
      "a trace of another design, or of an older version of this one",
    );
  for (const { step, what } of differences)
    tell(`gmemcheck: note: ${path}: steps[${step}]: on ${design.name}, ${what}`);
}

async function textOf(
  kind: EmitKind,
  path: string,
  entry: Entry,
  replayed: Replayed,
  options: EmitOptions,
): Promise<string> {
  const trace = withBreachThatIsThere(replayed);
  switch (kind) {
    case "mermaid":
      return (await import("../checkers/report/mermaid.ts")).mermaid(trace);
    case "itf":
      return `${(await import("./itf.ts")).traceItf(trace, entry.design)}\n`;
    case "c":
    case "kselftest":
      if (trace.mode !== "sequential") throw overlapsIn(kind, path);
      return program(kind, path, entry, trace, options);
  }
}

/** On another design than its own, a trace may end in no breach. */
function withBreachThatIsThere({ trace, broken }: Replayed): Trace {
  return broken === false ? { ...trace, breach: null } : trace;
}

function overlapsIn(kind: EmitKind, path: string): UsageError {
  return new UsageError(
    `emit ${kind}: the calls of ${path} overlap, and no program can tell a kernel how its threads take turns\n` +
      `  expected: a sequential trace, or one of emit mermaid, emit itf`,
  );
}

async function program(
  kind: "c" | "kselftest",
  path: string,
  entry: Entry,
  trace: SequentialTrace,
  { rerun }: EmitOptions,
): Promise<string> {
  const { reproduce } = await import("../checkers/emit/reproduction.ts");
  const name = fileName(`${entry.design.name}-${basename(path).replace(/\..*$/, "")}`);
  const run = reproduce(entry.design, trace, await scribeOf(entry.design), {
    name,
    meaning: meaningOf(entry),
    command: rerun,
  });
  return kind === "c"
    ? (await import("../checkers/emit/c.ts")).cProgram(run)
    : (await import("../checkers/emit/kselftest.ts")).kselftestPatch(run);
}

/** What a kernel is that answers as the design does. */
function meaningOf({ kind, kernel, bug, isDelta }: Entry): string {
  switch (kind) {
    case "shipped":
      return `So does Linux ${kernel}${isDelta === true ? " on shadow page tables" : ""}.`;
    case "mutant":
      return `The design is a kernel with a bug put back (${bug}): one without it ends a step otherwise, where an answer shows it at all.`;
    case "proposal":
    case "benchmark":
      return "The design is in no kernel: one that ends a step otherwise is another design, and need not be wrong.";
  }
}
