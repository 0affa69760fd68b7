/**
 * Cases as SARIF 2.1.0, with what GitHub's code scanning requires beyond the schema and within its limits: 20 runs, 25,000 results and
 * rules each, 10 MB compressed. What is left out for a limit is said by a notification of the document.
 */
import { gzipSync } from "node:zlib";
import type { Case, CaseReport, Rule, Suite } from "./cases.ts";
import { cut, oneLine, visible } from "./clean.ts";
import { SarifResults, idText, message, type Detail, type SarifSources } from "./sarif-result.ts";

const RUNS = 20;
const RESULTS = 25_000;
const RULES = 25_000;
const COMPRESSED = 10_000_000;
const DESCRIPTION = 1024;
const NAME = 255;
/** Of what is too large, the way there is left out step by step. */
const DETAILS: readonly Detail[] = [
  { flows: Infinity, changes: true, note: null },
  { flows: Infinity, changes: false, note: "what each step changed" },
  { flows: 100, changes: false, note: "what each step changed, and the traces of all but 100 results" },
  { flows: 0, changes: false, note: "all traces" },
];

/** `version` is this tool's. */
export function sarif(report: CaseReport, version: string, sources: SarifSources): string {
  for (const detail of DETAILS) {
    const text = written(report, version, sources, detail);
    if (detail.flows === 0 || fits(text)) return text;
  }
  throw new Error("the last detail is taken whatever its size");
}

function fits(text: string): boolean {
  return text.length * 3 < COMPRESSED || gzipSync(text).length <= COMPRESSED;
}

function written(report: CaseReport, version: string, sources: SarifSources, detail: Detail): string {
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: categories(report).map(({ id, suites }) => run(report, id, suites, version, sources, detail)),
  };
  // GitHub's runner takes ##[…] for a command wherever it stands in a line.
  return `${JSON.stringify(log, null, 2).replaceAll("##[", "\\u0023#[")}\n`;
}

interface Category {
  readonly id: string;
  readonly suites: readonly Suite[];
}

/** One run for each configuration; where there are more than a file may have, one for all of them. */
function categories({ command, suites }: CaseReport): Category[] {
  const idOf = ({ id }: Suite): string => categoryText(`${command}/${id}`);
  const ids = [...new Set(suites.map(idOf))];
  if (ids.length > RUNS || ids.length === 0) return [{ id: categoryText(command), suites }];
  return ids.map((id) => ({ id, suites: suites.filter((suite) => idOf(suite) === id) }));
}

/** Up to the last slash it is the category; behind it would stand the name of one run. */
function categoryText(id: string): string {
  return `gmemcheck/${oneLine(id).replace(/[^\w.=,/-]/g, "_")}/`;
}

function run(
  report: CaseReport,
  id: string,
  suites: readonly Suite[],
  version: string,
  sources: SarifSources,
  detail: Detail,
): unknown {
  const cases = suites.flatMap((suite) => suite.cases);
  const wrong = cases.filter(({ status }) => status === "failed" || status === "error");
  const all = [...new Map(cases.map(({ rule }) => [rule.id, rule])).values()];
  const rules = [...wrong.map(({ rule }) => rule), ...all].filter(isFirst).slice(0, RULES);
  const known = new Map(rules.map((rule, index) => [rule.id, index]));
  const results = new SarifResults(known, sources, detail);
  return {
    tool: {
      driver: {
        name: "gmemcheck",
        semanticVersion: version,
        rules: rules.map((rule) => ruleOf(rule, report.command)),
      },
    },
    automationDetails: { id },
    invocations: [invocation(report, cases, wrong.length, detail)],
    columnKind: "utf16CodeUnits",
    results: wrong.slice(0, RESULTS).map((one) => results.of(one)),
  };
}

function isFirst(rule: Rule, at: number, rules: readonly Rule[]): boolean {
  return rules.findIndex(({ id }) => id === rule.id) === at;
}

function ruleOf({ id, says, source }: Rule, command: string): unknown {
  const statement = message(says === "" ? id : says);
  const from = source === "" ? [] : [`Source: ${source}`];
  return {
    id: idText(id),
    name: cut(pascal(id), NAME),
    shortDescription: { text: cut(statement, DESCRIPTION) },
    fullDescription: { text: cut(message([says === "" ? id : says, ...from].join("\n")), DESCRIPTION) },
    help: { text: message([says === "" ? id : says, ...from].join("\n\n")) },
    defaultConfiguration: { level: "error" },
    properties: {
      tags: ["guest_memfd", idText(command)],
      precision: "very-high",
      "problem.severity": "error",
    },
  };
}

/** "one-owner" → "OneOwner" */
function pascal(id: string): string {
  const words = id.match(/[A-Za-z0-9]+/g) ?? ["Unnamed"];
  return words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}

/** How the run ended, and what it does not say: a result is only ever what is wrong. */
function invocation(report: CaseReport, cases: readonly Case[], wrong: number, { note }: Detail): unknown {
  const undecided = cases.filter(({ status }) => status === "incomplete");
  const said = [
    ...(report.complete ? [] : [`incomplete: ${report.reason ?? "no reason is given"}`]),
    ...undecided.slice(0, 1).map(({ message: why }) => `${undecided.length} not decided: ${why}`),
    ...(wrong > RESULTS ? [`${wrong - RESULTS} results are left out: a run has at most ${RESULTS}`] : []),
    ...(note === null ? [] : [`left out, for a file has at most ${COMPRESSED} bytes compressed: ${note}`]),
  ];
  return {
    executionSuccessful: !cases.some(({ status }) => status === "error"),
    exitCode: report.exitCode,
    ...(said.length === 0
      ? {}
      : {
          toolExecutionNotifications: said.map((text) => ({
            level: "warning",
            message: { text: message(visible(text)) },
          })),
        }),
  };
}
