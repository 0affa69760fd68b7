/** `gmemcheck gate`: whether a change may land: what it reaches, breaks, asks less, and how its ABI differs from the base. */
import { join } from "node:path";
import type { Finding, GateReport } from "../checkers/gate/finding.ts";
import { gateCases } from "../checkers/report/gate-cases.ts";
import { gateText } from "../checkers/report/gate.ts";
import type { CaseFormat } from "./case-formats.ts";
import { deliverCases } from "./deliver-cases.ts";
import { Deadline } from "./gate/budget.ts";
import { runGate } from "./gate/run.ts";
import { Interrupt } from "./interrupt.ts";
import { ProgressLine, makeFolder, tell, writeWhole } from "./output.ts";

export interface GateCommand {
  readonly base: string;
  /** Seconds. */
  readonly budget: number;
  readonly cache?: string;
  readonly workers?: number;
  readonly keepGoing?: true;
  readonly out?: string;
  /** A folder for pages. */
  readonly html?: string;
  readonly format: "text" | "json" | CaseFormat;
  /** The line that asks for the same again. */
  readonly rerun?: string;
}

export async function gate(options: GateCommand): Promise<number> {
  const { base, budget, cache, workers, out, html } = options;
  for (const folder of [out, html]) if (folder !== undefined) makeFolder(folder);
  const interrupt = new Interrupt();
  interrupt.listen();
  const line = new ProgressLine();
  const told = new Set<string>();
  const report = await runGate({
    base,
    cache: cache ?? null,
    workers,
    keepGoing: options.keepGoing === true,
    deadline: new Deadline(budget, () => interrupt.reason()),
    onFinding: (finding) => tellAtOnce(finding, line, told),
    onProgress: (text) => line.show(text),
  });
  line.clear();
  const exitCode = interrupt.exitCode(report.exitCode);
  const ended = { ...report, exitCode, rerun: options.rerun ?? null };
  await deliver(ended, options);
  if (html !== undefined) await writePages(html, ended);
  return exitCode;
}

async function writePages(folder: string, report: GateReport): Promise<void> {
  const { writeHtml } = await import("./page/html.ts");
  const { gateJson } = await import("../checkers/report/gate-json.ts");
  const { findDesign } = await import("./designs.ts");
  await writeHtml(folder, { where: "gate", document: gateJson(report) }, async (name) => {
    const { design } = await findDesign(name);
    return { design, name };
  });
}

/** What is wrong is told when it is known; of several designs, once. */
function tellAtOnce(
  { word, className, name, message }: Finding,
  line: ProgressLine,
  told: Set<string>,
): void {
  if (word === null || told.has(`${word} ${name}`)) return;
  told.add(`${word} ${name}`);
  line.clear();
  tell(`gate: ${word.toUpperCase()} ${className}: ${message}`);
}

/** Writes what was asked for and prints the report; when writing fails, the report is printed all the same. */
async function deliver(report: GateReport, { format, out }: GateCommand): Promise<void> {
  const file = out === undefined ? undefined : join(out, "report.json");
  let written = report;
  const json = async (): Promise<string> => {
    const { gateJson } = await import("../checkers/report/gate-json.ts");
    return JSON.stringify(gateJson(written), null, 2);
  };
  try {
    if (out !== undefined && file !== undefined) {
      written = { ...report, findings: await withTraces(report.findings, out) };
      writeWhole(file, `${await json()}\n`);
    }
  } finally {
    const own = (): Promise<string> | string => (format === "json" ? json() : gateText(written));
    await deliverCases({ format, out, file, own, cases: () => gateCases(written) });
  }
}

/** The traces of what is wrong go to files of their own. */
async function withTraces(findings: readonly Finding[], folder: string): Promise<readonly Finding[]> {
  const { fileName, writeTrace } = await import("../checkers/trace/text.ts");
  return findings.map((finding) => {
    const { trace, word, className, name } = finding;
    if (trace === undefined || word === null) return finding;
    const path = join(folder, fileName(className), `${fileName(name)}.json`);
    writeWhole(path, writeTrace(trace));
    return { ...finding, attachments: [path] };
  });
}
