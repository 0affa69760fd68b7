/** The comparison of two designs as cases: a suite for each run, a case for each difference that it found. */
import type { ComparedRun, Comparison, Difference } from "../compare/comparison.ts";
import { modeText } from "../explore/mode.ts";
import { blamed, callPlaces, ruleOf, type Locate } from "./blame.ts";
import type { Case, CaseReport, Rule, Suite } from "./cases.ts";
import type { Ended } from "./check-cases.ts";
import { againCommand, traceLines, type AskedDiff } from "./diff.ts";
import { boundsText } from "./explain.ts";
import { count } from "./text.ts";

/** `isStrict`: more that works is a failure, too. */
export function diffCases(
  comparison: Comparison,
  asked: AskedDiff,
  isStrict: boolean,
  ended: Omit<Ended, "verdict">,
  locate: Locate,
): CaseReport {
  const { compatibility, complete, reason, runs } = comparison;
  return {
    command: "diff",
    verdict: compatibility,
    ...ended,
    complete,
    reason,
    states: runs.reduce((sum, { pairs }) => sum + pairs, 0),
    suites: runs.map((run, i) => suiteOf(run, i, comparison, asked, isStrict, locate)),
    notes: asked.leftOut.map(({ vector, why }) => `not compared: ${vector.scenario ?? "everything"}: ${why}`),
  };
}

function suiteOf(
  run: ComparedRun,
  number: number,
  comparison: Comparison,
  asked: AskedDiff,
  isStrict: boolean,
  locate: Locate,
): Suite {
  const { bounds, scenario, mode, overlap, pairs, transitions, depth } = run;
  const { a, b, differences } = comparison;
  const sizes = Object.entries(bounds).map(([name, value]) => `${name}=${value}`);
  const found = differences
    .filter((difference) => difference.run === number)
    .map((difference) => caseOf(difference, comparison, asked, isStrict, locate));
  return {
    name: `${a} → ${b}: ${boundsText(run)}`,
    id: [a, b, sizes.join(","), modeText(mode, overlap), scenario].join("/").replaceAll(" ", "-"),
    seconds: run.seconds,
    properties: { pairs, transitions, depth },
    cases: found.length > 0 && run.complete ? found : [...found, summaryOf(run, comparison, asked, locate)],
  };
}

const SAME: Rule = {
  id: "same-behaviour",
  says: "what a design answered before it answers still, and as before",
  source: "user space that relies on the first design is the judge",
};

function summaryOf(run: ComparedRun, { b }: Comparison, { designs }: AskedDiff, locate: Locate): Case {
  const sizes = `${count(run.pairs)} pairs of states, ${count(run.transitions)} calls made in both`;
  return {
    name: SAME.id,
    className: b,
    status: run.complete ? "passed" : "incomplete",
    type: "AbiDifference",
    message: run.complete
      ? `no further difference: exhausted with ${sizes}`
      : `NOT exhausted (${run.reason}): ${sizes}`,
    details: "",
    rule: SAME,
    place: locate(designs.b.place),
    rerun: null,
  };
}

function caseOf(
  difference: Difference,
  comparison: Comparison,
  asked: AskedDiff,
  isStrict: boolean,
  locate: Locate,
): Case {
  const { kind, subject, from, to, compatibility, traces, run } = difference;
  const fails = compatibility === "breaks" || (isStrict && compatibility === "extends");
  const design = traces.b === null && traces.a !== null ? asked.designs.a : asked.designs.b;
  const trace = traces.b ?? traces.a;
  const isPromise = kind === "promise lost" || kind === "promise gained";
  const files = asked.files.get(difference);
  return {
    name: `${kind}: ${subject}: ${from} → ${to}`,
    className: comparison.b,
    status: fails ? "failed" : "passed",
    type: "AbiDifference",
    message: `${kind}: ${subject}: ${from} in ${comparison.a}, ${to} in ${comparison.b}`,
    details: traceLines(difference, comparison).join("\n"),
    rule: isPromise ? ruleOf(subject, design, locate) : { ...SAME, id: kind.replaceAll(" ", "-") },
    place: trace === null ? locate(design.place) : blamed(trace, design, locate),
    ...(trace === null ? {} : { trace, calls: callPlaces(trace, design, locate) }),
    ...(files === undefined ? {} : { attachments: files }),
    rerun: againCommand(comparison.runs[run]!, asked),
  };
}
