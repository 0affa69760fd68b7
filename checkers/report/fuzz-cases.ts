/** Random runs as cases: what they broke, what the corpus still breaks, what was required and not reached. That nothing else was found is no promise kept. */
import type { Finding, FuzzReport } from "../fuzz/fuzz.ts";
import { ruleOf, type Locate } from "./blame.ts";
import { breachCase } from "./breach-case.ts";
import type { Case, CaseReport, Rule, Suite } from "./cases.ts";
import { fuzzAgain, type Stored, type Told } from "./fuzz.ts";
import { shellWord } from "./shell.ts";
import { count } from "./text.ts";

interface Fuzzed {
  readonly report: FuzzReport;
  readonly told: Told;
}

interface FuzzEnded {
  readonly exitCode: number;
  readonly rerun: string | null;
}

const SAMPLED: Rule = {
  id: "random-runs",
  says: "random runs break no promise; nothing is said to hold",
  source: "a sample of what the calls can do",
};
const REQUIRED: Rule = {
  id: "required-coverage",
  says: "random runs reach what --require-coverage names",
  source: "the command line",
};

export function fuzzCases(fuzzed: readonly Fuzzed[], ended: FuzzEnded, locate: Locate): CaseReport {
  const suites = fuzzed.map((one) => suiteOf(one, locate));
  const statuses = suites.flatMap(({ cases }) => cases.map(({ status }) => status));
  const verdict = statuses.includes("failed") ? "violated" : "no breach found";
  const reason = "random runs are a sample: nothing is said to hold";
  return { command: "fuzz", verdict, ...ended, complete: false, reason, states: 0, suites, notes: [] };
}

function suiteOf({ report, told }: Fuzzed, locate: Locate): Suite {
  const { design, seed, runs, calls, findings } = report;
  return {
    name: `${design.name}: ${count(runs)} random runs of seed ${seed}`,
    id: `${design.name}/random-runs`,
    properties: { runs, calls, classes: report.coverage.classCount },
    cases: [
      ...told.stored.map((one) => storedCase(one, report, locate)),
      ...findings.map((finding) => findingCase(finding, report, told, locate)),
      ...told.unmet.map((goal) => unmetCase(goal, report, locate)),
      ...(findings.length === 0 ? [nothingFound(report)] : []),
    ],
  };
}

function findingCase(finding: Finding, { design }: FuzzReport, told: Told, locate: Locate): Case {
  const { property, why } = finding.breach;
  const file = told.files.get(finding);
  const rerun = fuzzAgain(finding, told);
  if (finding.shrunk !== null)
    return breachCase(property, finding.shrunk.trace, design, { file, rerun }, locate);
  const message = `${property} was found broken, and is not when its calls are made again`;
  const rule = ruleOf(property, design, locate);
  const base = { name: property, className: design.name, status: "failed", type: "PromiseBroken" } as const;
  return { ...base, message, details: why, rule, place: rule.place ?? null, rerun };
}

function storedCase({ file, property, broken }: Stored, { design }: FuzzReport, locate: Locate): Case {
  return {
    name: file,
    className: design.name,
    status: broken ? "failed" : "passed",
    type: "PromiseBroken",
    message: broken ? `${property} is still broken` : `${property} is no longer broken by it`,
    details: "",
    rule: ruleOf(property, design, locate),
    place: locate(design.place),
    attachments: [file],
    rerun: `npx gmemcheck replay ${shellWord(file)}`,
  };
}

function unmetCase(goal: string, { design }: FuzzReport, locate: Locate): Case {
  return {
    name: goal,
    className: design.name,
    status: "incomplete",
    type: "NotReached",
    message: `${goal} was required, and no run reached it`,
    details: "",
    rule: REQUIRED,
    place: locate(design.place),
    rerun: null,
  };
}

function nothingFound({ design, runs, calls }: FuzzReport): Case {
  return {
    name: SAMPLED.id,
    className: design.name,
    status: "passed",
    type: "PromiseBroken",
    message: `no breach in ${count(runs)} runs of ${count(calls)} calls; nothing is said to hold`,
    details: "",
    rule: SAMPLED,
    place: null,
    rerun: null,
  };
}
