/** Cases as TAP 14 (testanything.org): a subtest for each suite, and a YAML block with what a point has to say. */
import type { Case, CaseReport, Suite } from "./cases.ts";
import { oneLine, visible } from "./clean.ts";

const INDENT = "    ";

export function tap({ suites }: CaseReport): string {
  const lines = ["TAP version 14", `1..${suites.length}`];
  suites.forEach((suite, i) => {
    const points = suite.cases.flatMap((one, n) => pointLines(one, n + 1));
    const inner = [`1..${suite.cases.length}`, ...points];
    lines.push(`# Subtest: ${commentText(suite.name)}`, ...inner.map((line) => INDENT + line));
    lines.push(
      `${isRight(suite) ? "ok" : "not ok"} ${i + 1} - ${description(suite.name)}${suiteSkip(suite)}`,
    );
  });
  return `${lines.join("\n")}\n`;
}

export function isRight({ cases }: Suite): boolean {
  return !cases.some(({ status }) => status === "failed" || status === "error");
}

/** An empty plan is a subtest that was skipped. */
function suiteSkip({ cases }: Suite): string {
  return cases.length === 0 ? " # SKIP there is nothing in it" : "";
}

function pointLines(one: Case, number: number): string[] {
  const { status, name, className, message } = one;
  const point = `${number} - ${description(`${name} (${className})`)}`;
  switch (status) {
    case "passed":
      return [`ok ${point}`];
    case "expected":
      return [`ok ${point}`, ...yamlLines(one)];
    case "skipped":
      return [`ok ${point} # SKIP ${description(message)}`];
    case "incomplete":
      return [`ok ${point} # SKIP incomplete: ${description(message)}`];
    case "failed":
    case "error":
      return [`not ok ${point}`, ...yamlLines(one)];
  }
}

/** Strings as JSON writes them, which YAML reads; their `##[` would be a command in a log of GitHub's. */
function yamlLines({ status, type, message, details, place, attachments = [], rerun }: Case): string[] {
  const entries: [string, unknown][] = [
    ["message", oneLine(message)],
    ["severity", status],
    ["type", oneLine(type)],
    ...(place === null
      ? []
      : ([["at", { file: oneLine(place.file), line: place.line }]] as [string, unknown][])),
    ...(details === "" ? [] : ([["trace", visible(details)]] as [string, unknown][])),
    ...(attachments.length === 0 ? [] : ([["attachments", attachments.map(oneLine)]] as [string, unknown][])),
    ...(rerun === null ? [] : ([["again", oneLine(rerun)]] as [string, unknown][])),
  ];
  return [
    "  ---",
    ...entries.map(([key, value]) => `  ${key}: ${JSON.stringify(value).replaceAll("##[", "\\u0023#[")}`),
    "  ...",
  ];
}

/** One line in which nothing is a directive. */
function description(text: string): string {
  return oneLine(text).replace(/[\\#]/g, "\\$&");
}

function commentText(text: string): string {
  return oneLine(text).replaceAll("##[", "# #[");
}
