/** Hands a report over: in the format that was asked for, and to GitHub's runner where this is one. */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CaseReport } from "../checkers/report/cases.ts";
import { CASE_FORMATS, type CaseFormat } from "./case-formats.ts";
import { lineOf } from "./locate.ts";
import { print, tell, writeWhole } from "./output.ts";

export interface Delivery {
  readonly format: string;
  /** The report in a format of the command's own: text, JSON. Null where there is nothing to print. */
  readonly own: () => string | null | Promise<string | null>;
  readonly cases: () => CaseReport | Promise<CaseReport>;
  /** A folder for report.sarif and junit.xml. */
  readonly out?: string | undefined;
  /** The file that $GITHUB_OUTPUT names. */
  readonly file?: string | undefined;
}

/** Prints and writes; what an exit code says is the command's affair. */
export async function deliverCases(delivery: Delivery): Promise<void> {
  const { format, own, cases, out } = delivery;
  const onGitHub = process.env["GITHUB_ACTIONS"] === "true";
  const isCases = isCaseFormat(format);
  const report = isCases || onGitHub || out !== undefined ? await cases() : null;
  if (report !== null && out !== undefined) await writeReports(report, out);
  if (report !== null && isCases) process.stdout.write(await rendered(report, format));
  else await printOwn(await own(), format, onGitHub);
  if (report !== null && onGitHub) await tellRunner(report, delivery);
}

function isCaseFormat(format: string): format is CaseFormat {
  return CASE_FORMATS.some((known) => known === format);
}

async function rendered(report: CaseReport, format: CaseFormat): Promise<string> {
  switch (format) {
    case "sarif":
      return sarifText(report);
    case "junit":
      return (await import("../checkers/report/junit.ts")).junit(report);
    case "tap":
      return (await import("../checkers/report/tap.ts")).tap(report);
    case "ktap":
      return (await import("../checkers/report/ktap.ts")).ktap(report);
    case "github":
      return (await import("../checkers/report/github.ts")).annotations(report);
  }
}

async function sarifText(report: CaseReport): Promise<string> {
  const { sarif } = await import("../checkers/report/sarif.ts");
  const about = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  return sarif(report, about.version, lineOf);
}

async function writeReports(report: CaseReport, folder: string): Promise<void> {
  writeWhole(join(folder, "report.sarif"), await rendered(report, "sarif"));
  writeWhole(join(folder, "junit.xml"), await rendered(report, "junit"));
}

/** In a log that is searched for commands, text of a proposal is shut in; in JSON nothing can stand at the beginning of a line. */
async function printOwn(text: string | null, format: string, onGitHub: boolean): Promise<void> {
  if (text === null) return;
  if (!onGitHub) print(text);
  else if (format !== "text") print(text.replaceAll("##[", "\\u0023#["));
  else print((await import("../checkers/report/github.ts")).withoutCommands(text));
}

/** Annotations go where they cannot get into what somebody reads by a program; behind text, to the stream on which commands are read again. */
async function tellRunner(report: CaseReport, { format, file }: Delivery): Promise<void> {
  const { annotations, outputs } = await import("../checkers/report/github.ts");
  const { stepSummary } = await import("../checkers/report/summary.ts");
  if (format !== "github") (format === "text" ? process.stdout : process.stderr).write(annotations(report));
  append("GITHUB_STEP_SUMMARY", stepSummary(report));
  append("GITHUB_OUTPUT", outputs(report, file ?? null));
}

/** The runner names files to append to; that one cannot be written is no reason to fail. */
function append(variable: string, text: string): void {
  const path = process.env[variable];
  if (path === undefined || path === "") return;
  try {
    appendFileSync(path, text);
  } catch (error) {
    tell(`gmemcheck: cannot write $${variable}: ${(error as Error).message}`);
  }
}
