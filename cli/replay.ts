/** `gmemcheck replay`: makes a trace's calls again. `gmemcheck explain`: says what each call did. */
import { readTrace } from "../checkers/trace/file.ts";
import { replay as replayTrace, type Replayed } from "../checkers/trace/replay.ts";
import { certificateText } from "../checkers/report/certificate.ts";
import { explain as explainTrace } from "../checkers/report/explain.ts";
import type { AnyDesign } from "../spec/language/design.ts";
import type { Trace } from "../spec/language/trace.ts";
import type { CaseFormat } from "./case-formats.ts";
import { deliverCases } from "./deliver-cases.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { readText } from "./files.ts";
import { locate } from "./locate.ts";
import { print } from "./output.ts";

export interface ReplayOptions {
  readonly design?: string;
  /** Whether a trace is asked to be the minimum that its certificate says. */
  readonly certificate?: boolean;
  readonly format: "text" | CaseFormat;
  /** The line that asks for the same again. */
  readonly rerun?: string;
}

/** Exit 0: the trace is what it says; 1: it is not, on this design. */
export async function replay(
  path: string,
  { design: name, certificate = false, format, rerun }: ReplayOptions,
): Promise<number> {
  const trace = readTrace(readText(path), path);
  const { design } = await findDesign(name ?? trace.design);
  const replayed = replayTrace(design, trace, path);
  const minimum = certificate ? await minimumOf(design, trace) : { isAsTold: true, lines: [] };
  const isAsTold = replayed.differences.length === 0 && replayed.broken !== false;
  const exitCode = isAsTold && minimum.isAsTold ? EXIT.asExpected : EXIT.violated;
  const text = [replayText(path, replayed, trace), ...minimum.lines].join("\n");
  await deliverCases({
    format,
    own: () => text,
    cases: async () => {
      const { replayCases } = await import("../checkers/report/replay-cases.ts");
      const trial = { path, design, replayed, isMinimal: minimum.isAsTold, text };
      return replayCases(trial, { exitCode, rerun: rerun ?? null }, locate);
    },
  });
  return exitCode;
}

interface Minimum {
  readonly isAsTold: boolean;
  readonly lines: readonly string[];
}

async function minimumOf(design: AnyDesign, trace: Trace): Promise<Minimum> {
  const { certified } = await import("../checkers/fuzz/certified.ts");
  const { certificate, smaller } = certified(design, trace) ?? { certificate: null, smaller: null };
  const told = trace.certificate;
  if (certificate === null) {
    const why =
      smaller === null ? "its calls, made again, do not end in a breach" : `${smaller}, it fails still`;
    return { isAsTold: false, lines: [`  NOT a minimum: ${why}`] };
  }
  const isAsTold = told === undefined || certificateText(told) === certificateText(certificate);
  const lines = [`  a minimum: ${certificateText(certificate)}`];
  if (!isAsTold) lines.push(`  NOT what its certificate says: ${certificateText(told)}`);
  return { isAsTold, lines };
}

function replayText(path: string, { trace, differences, broken }: Replayed, { mode, steps }: Trace): string {
  const one = mode === "sequential" ? "call" : "step";
  const lines = differences.map(({ step, what }) => `  ${one} ${step + 1}: ${what}`);
  const { breach, design } = trace;
  if (breach !== null) {
    const shown = broken === true ? "is broken at the end, as the trace says" : "is NOT broken at the end";
    lines.push(
      `  ${breach.property} ${shown}${broken === true && breach.why !== "" ? `: ${breach.why}` : ""}`,
    );
  }
  const same =
    differences.length === 0
      ? `every ${one} answers and changes what the trace says`
      : `the ${one}s differ from the trace`;
  return [`${path}: ${steps.length} ${one}s on ${design}; ${same}`, ...lines].join("\n");
}

/** Runs the trace on its design, so that what is explained is what the design does now. */
export async function explain(path: string, { design: name }: { readonly design?: string }): Promise<number> {
  const trace = readTrace(readText(path), path);
  const { design } = await findDesign(name ?? trace.design);
  const { trace: run, differences } = replayTrace(design, trace, path);
  print(explainTrace(run, design));
  if (differences.length > 0) {
    const one = trace.mode === "sequential" ? "call" : "step";
    print("");
    for (const { step, what } of differences)
      print(`  note: the stored trace differs at ${one} ${step + 1}: ${what}`);
  }
  print(`\n  replay: npx gmemcheck replay ${path}${name === undefined ? "" : ` --design ${name}`}`);
  return EXIT.asExpected;
}
