/** `gmemcheck diff`: two designs in lockstep, and what their difference means to user space that relies on the first one. */
import { join } from "node:path";
import { compareDesigns } from "../checkers/compare/compare.ts";
import type { Compatibility, Comparison, Difference } from "../checkers/compare/comparison.ts";
import { sharedOf } from "../checkers/compare/shared.ts";
import { vectorsOfBoth, type VectorsOfBoth } from "../checkers/compare/vectors.ts";
import type { Progress } from "../checkers/explore/sweep.ts";
import { diffText, type AskedDiff } from "../checkers/report/diff.ts";
import { count } from "../checkers/report/text.ts";
import { UsageError } from "../checkers/usage-error.ts";
import type { AnyDesign, Vector } from "../spec/language/design.ts";
import { ModelError } from "../spec/language/verdict.ts";
import type { CaseFormat } from "./case-formats.ts";
import { deliverCases } from "./deliver-cases.ts";
import { locate } from "./locate.ts";
import { budgetFrom, type BudgetOptions } from "./arguments.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { Interrupt } from "./interrupt.ts";
import { ProgressLine, makeFolder, writeWhole } from "./output.ts";
import { vectorsFor, type VectorOptions } from "./vectors.ts";

export interface DiffCommand extends Omit<VectorOptions, "track">, BudgetOptions {
  readonly strict?: boolean;
  /** False for --no-promises. */
  readonly promises?: boolean;
  readonly interpreted?: boolean;
  readonly format: "text" | "json" | CaseFormat;
  readonly out?: string;
  /** A folder for pages. */
  readonly html?: string;
  /** The line that asks for the same again. */
  readonly rerun?: string;
}

export async function diff(nameA: string, nameB: string, options: DiffCommand): Promise<number> {
  const [{ design: a }, { design: b }] = [await findDesign(nameA), await findDesign(nameB)];
  const { vectors, leftOut } = vectorsToCompare(a, b, options);
  for (const folder of [options.out, options.html]) if (folder !== undefined) makeFolder(folder);
  const interrupt = new Interrupt();
  interrupt.listen();
  const line = new ProgressLine();
  const comparison = await compareDesigns(a, b, vectors, {
    budget: budgetFrom({ ...options, workers: 1 }, 1),
    stop: () => interrupt.reason(),
    onProgress: (vector, progress) => line.show(progressText(vector, progress)),
    promises: options.promises !== false,
    interpreted: options.interpreted === true,
  });
  line.clear();
  const asked: AskedDiff = { a: nameA, b: nameB, designs: { a, b }, leftOut, files: new Map() };
  const code = interrupt.exitCode(exitCode(comparison, options));
  await deliver(comparison, asked, code, options);
  if (options.html !== undefined) await writePages(options.html, comparison, asked);
  return code;
}

async function writePages(folder: string, comparison: Comparison, asked: AskedDiff): Promise<void> {
  const { writeHtml } = await import("./page/html.ts");
  const { diffJson } = await import("../checkers/report/diff-json.ts");
  const { a, b, designs } = asked;
  const sides = { a: { design: designs.a, name: a }, b: { design: designs.b, name: b } };
  const document = diffJson(comparison, asked);
  await writeHtml(folder, { where: "diff", document }, async (_, side) => sides[side!]);
}

function vectorsToCompare(a: AnyDesign, b: AnyDesign, options: DiffCommand): VectorsOfBoth {
  const { bounds, scenario } = options;
  if (bounds !== undefined || scenario !== undefined) {
    const vectors = vectorsFor(a, options);
    for (const vector of vectors) checkVectorOfBoth(a, b, vector);
    return { vectors, leftOut: [] };
  }
  const both = vectorsOfBoth(a, b, (design) => vectorsFor(design, options));
  if (both.vectors.length > 0) return both;
  const why = both.leftOut.map(({ why }) => `\n  ${why}`).join("");
  throw new UsageError(
    `${a.name} and ${b.name} have no vector at which both can be run${why}\n  name --bounds or a --scenario`,
  );
}

/** What one of the two refuses is no fault of the models: these were made for other bounds. */
function checkVectorOfBoth(a: AnyDesign, b: AnyDesign, vector: Vector): void {
  try {
    sharedOf(a, b, vector);
  } catch (error) {
    if (error instanceof ModelError)
      throw new UsageError(`both designs cannot be run there: ${error.message}`);
    throw error;
  }
}

function progressText({ scenario = "everything", mode = "sequential" }: Vector, progress: Progress): string {
  const { states, depth, frontier, seconds } = progress;
  return `${scenario}, ${mode}: ${count(states)} pairs, frontier ${count(frontier)}, depth ${depth}, ${seconds.toFixed(0)} s`;
}

async function deliver(
  comparison: Comparison,
  asked: AskedDiff,
  exitCode: number,
  options: DiffCommand,
): Promise<void> {
  const { out, format, strict = false, rerun = null } = options;
  const files = out === undefined ? asked.files : await writeTraces(comparison, out);
  const written = { ...asked, files };
  const json = async (): Promise<string> => {
    const { diffJson } = await import("../checkers/report/diff-json.ts");
    return JSON.stringify(diffJson(comparison, written), null, 2);
  };
  if (out !== undefined) writeWhole(join(out, "diff.json"), `${await json()}\n`);
  await deliverCases({
    format,
    own: () => (format === "json" ? json() : diffText(comparison, written)),
    cases: async () => {
      const { diffCases } = await import("../checkers/report/diff-cases.ts");
      return diffCases(comparison, written, strict, { exitCode, rerun }, locate);
    },
    out,
    file: firstFile(comparison, files),
  });
}

/** The trace of the first difference. */
function firstFile(
  { differences: [first] }: Comparison,
  files: ReadonlyMap<Difference, readonly string[]>,
): string | undefined {
  return first === undefined ? undefined : files.get(first)?.at(-1);
}

/** Both traces of each difference; the files, by difference. */
async function writeTraces(
  { differences }: Comparison,
  folder: string,
): Promise<Map<Difference, readonly string[]>> {
  const { fileName, writeTrace } = await import("../checkers/trace/text.ts");
  const files = new Map<Difference, readonly string[]>();
  for (const [i, difference] of differences.entries()) {
    const { kind, subject, traces } = difference;
    const name = `${String(i + 1).padStart(2, "0")}-${fileName(`${kind} ${subject}`)}`;
    const written: string[] = [];
    for (const side of ["a", "b"] as const) {
      const trace = traces[side];
      if (trace === null) continue;
      const path = join(folder, `${name}.${side}.json`);
      writeWhole(path, writeTrace(trace));
      written.push(path);
    }
    files.set(difference, written);
  }
  return files;
}

const FAILS: Readonly<Record<Compatibility, (strict: boolean) => boolean>> = {
  compatible: () => false,
  extends: (strict) => strict,
  breaks: () => true,
};

function exitCode({ compatibility, complete }: Comparison, { strict = false }: DiffCommand): number {
  if (FAILS[compatibility](strict)) return EXIT.violated;
  return complete ? EXIT.asExpected : EXIT.incomplete;
}
