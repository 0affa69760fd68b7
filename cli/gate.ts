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
import { ProgressLine, makeFolder, tell } from "./output.ts";

export interface GateCommand {
  readonly base: string;
  /** Seconds. */
  readonly budget: number;
  readonly cache?: string;
  readonly workers?: number;
  readonly keepGoing?: true;
  readonly out?: string;
  readonly format: "text" | CaseFormat;
  /** The line that asks for the same again. */
  readonly rerun?: string;
}

/** Kept with what the tool keeps for itself. */
const CACHE = "node_modules/.cache/gmemcheck/verdicts";

export async function gate(options: GateCommand): Promise<number> {
  const { base, budget, cache, workers, out } = options;
  if (out !== undefined) makeFolder(out);
  const interrupt = new Interrupt();
  interrupt.listen();
  const line = new ProgressLine();
  const told = new Set<string>();
  const report = await runGate({
    base,
    cache: cache ?? CACHE,
    workers,
    keepGoing: options.keepGoing === true,
    deadline: new Deadline(budget, () => interrupt.reason()),
    onFinding: (finding) => tellAtOnce(finding, line, told),
    onProgress: (text) => line.show(text),
  });
  line.clear();
  const exitCode = interrupt.exitCode(report.exitCode);
  await deliver({ ...report, exitCode, rerun: options.rerun ?? null }, options);
  return exitCode;
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

async function deliver(report: GateReport, { format, out }: GateCommand): Promise<void> {
  const file = out === undefined ? undefined : join(out, "report.json");
  await deliverCases({ format, out, file, own: () => gateText(report), cases: () => gateCases(report) });
}
