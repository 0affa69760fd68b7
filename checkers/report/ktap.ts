/** Cases as KTAP version 1 (Documentation/dev-tools/ktap.rst): a subtest for each suite, diagnostics before the result that they belong to. */
import type { Case, CaseReport, Suite } from "./cases.ts";
import { oneLine, visible } from "./clean.ts";
import { isRight } from "./tap.ts";

const VERSION = "KTAP version 1";
const INDENT = "  ";

export function ktap({ suites }: CaseReport): string {
  const lines = [VERSION, `1..${suites.length}`];
  suites.forEach((suite, i) => {
    lines.push(...suiteLines(suite).map((line) => INDENT + line));
    lines.push(`${isRight(suite) ? "ok" : "not ok"} ${i + 1} ${description(suite.name)}${suiteSkip(suite)}`);
  });
  return `${[...lines, totals(suites.flatMap(({ cases }) => cases))].join("\n")}\n`;
}

function suiteLines({ name, cases }: Suite): string[] {
  const results = cases.flatMap((one, i) => [...diagnostics(one), resultLine(one, i + 1)]);
  return [VERSION, `# Subtest: ${description(name)}`, `1..${cases.length}`, ...results];
}

function suiteSkip({ cases }: Suite): string {
  return cases.length === 0 ? " # SKIP there is nothing in it" : "";
}

function resultLine({ status, name, className, message }: Case, number: number): string {
  const said = `${number} ${description(`${name} of ${className}`)}`;
  const why = description(message);
  switch (status) {
    case "passed":
      return `ok ${said}`;
    case "expected":
      return `ok ${said} # XFAIL ${why}`;
    case "skipped":
      return `ok ${said} # SKIP ${why}`;
    case "incomplete":
      return `ok ${said} # SKIP incomplete: ${why}`;
    case "failed":
      return `not ok ${said}`;
    case "error":
      return `not ok ${said} # ERROR ${why}`;
  }
}

function diagnostics({ status, message, details, place, rerun }: Case): string[] {
  if (status !== "failed" && status !== "error") return [];
  const text = [
    message,
    ...(place === null ? [] : [`at ${place.file}:${place.line}`]),
    ...(details === "" ? [] : [details]),
    ...(rerun === null ? [] : [`again: ${rerun}`]),
  ].join("\n");
  return visible(text)
    .split("\n")
    .map((line) => `# ${line.replaceAll("##[", "# #[").replace(/^(Subtest|Totals):/, " $&")}`.trimEnd());
}

/** One line without what would begin a directive. */
function description(text: string): string {
  return oneLine(text).replaceAll("#", "\\u{23}") || "unnamed";
}

/** As kselftest ends: tools/testing/selftests/kselftest.h, ksft_print_cnts(). */
function totals(cases: readonly Case[]): string {
  const of = (...wanted: readonly Case["status"][]): number =>
    cases.filter(({ status }) => wanted.includes(status)).length;
  return (
    `# Totals: pass:${of("passed")} fail:${of("failed")} xfail:${of("expected")} xpass:0 ` +
    `skip:${of("skipped", "incomplete")} error:${of("error")}`
  );
}
