/** A check as cases: a suite for each run, a case for each promise; of a registry, what is not as pinned. */
import type { DesignReport, PropertyReport, RunReport } from "../explore/check.ts";
import { modeText, stepsText } from "../explore/mode.ts";
import { blamed, callPlaces, placeInMessage, ruleOf, type Locate } from "./blame.ts";
import type { Case, CaseReport, CaseStatus, Rule, Suite } from "./cases.ts";
import { boundsText, callsText } from "./explain.ts";
import { searchedLine, againCommand, untriedText, type Asking } from "./text.ts";
import type { Surprise } from "./registry-text.ts";

/** A design's report, and how it was asked for. */
export interface Checked {
  readonly report: DesignReport;
  readonly asking: Asking;
  /** Promises that it is expected to break, which of a mutant may be any; null where the registry is not what is asked about. */
  readonly breaks: readonly string[] | "any" | null;
  /** What is not as the registry says. */
  readonly surprises: readonly Surprise[];
}

export interface Ended {
  readonly verdict: string;
  readonly exitCode: number;
  readonly rerun: string | null;
}

const VALID: Rule = {
  id: "valid-model",
  says: "a model is deterministic, stays in its domains, and reads nothing but its state",
  source: "the language of the models",
};
const NOT_VACUOUS: Rule = {
  id: "not-vacuous",
  says: "what a design declares is reached: every call, every result, every promise",
  source: "the language of the models",
};
const PINNED: Rule = {
  id: "as-pinned",
  says: "verdicts, counts and lengths are those that are pinned",
  source: "models/pins.json; npm run pins writes it anew",
};

export function checkCases(checked: readonly Checked[], ended: Ended, locate: Locate): CaseReport {
  const runs = checked.flatMap(({ report }) => report.runs);
  const open = runs.find(({ complete }) => !complete);
  const notStarted = checked.some(({ report }) => report.runs.length === 0);
  const reason = open?.reason ?? (notStarted ? "not all runs were started" : null);
  return {
    command: "check",
    ...ended,
    complete: open === undefined && !notStarted,
    reason,
    states: runs.reduce((sum, { states }) => sum + states, 0),
    suites: checked.flatMap((one) => [
      ...one.report.runs.map((run) => runSuite(run, one, locate)),
      ...vacuousSuite(one, locate),
      ...pinnedSuite(one, locate),
    ]),
    notes: checked.map(({ report }) => untriedText(report)).filter((text) => text !== ""),
  };
}

function runSuite(run: RunReport, checked: Checked, locate: Locate): Suite {
  const { design, bounds, scenario, tracked, mode, overlap, verdict, states, transitions, depth } = run;
  const sizes = Object.entries(bounds).map(([name, value]) => `${name}=${value}`);
  return {
    name: `${design}: ${boundsText(run)}`,
    id: [design, sizes.join(","), modeText(mode, overlap), scenario, tracked].join("/").replaceAll(" ", "-"),
    seconds: run.seconds,
    properties: { verdict, states, transitions, depth },
    cases:
      verdict === "invalid"
        ? [invalidCase(run, checked, locate)]
        : run.properties.map((one) => propertyCase(one, run, checked, locate)),
  };
}

function invalidCase({ design, reason }: RunReport, { report }: Checked, locate: Locate): Case {
  const [message = ""] = (reason ?? "").split("\n");
  return {
    name: VALID.id,
    className: design,
    status: "error",
    type: "ModelError",
    message,
    details: reason ?? "",
    rule: VALID,
    place: locate(placeInMessage(reason ?? "") ?? report.design.place),
    rerun: null,
  };
}

function propertyCase(property: PropertyReport, run: RunReport, checked: Checked, locate: Locate): Case {
  const { report, asking, breaks } = checked;
  const { trace, name } = property;
  const file = asking.traceFiles.get(property);
  const status = statusOf(property, breaks);
  const rule = ruleOf(name, report.design, locate);
  return {
    name,
    className: run.design,
    status,
    type: "PromiseBroken",
    message: messageOf(property, run),
    details: trace === undefined ? "" : [callsText(trace), trace.breach?.why ?? ""].join("\n").trimEnd(),
    rule,
    place: trace === undefined ? (rule.place ?? null) : blamed(trace, report.design, locate),
    ...(trace === undefined ? {} : { trace, calls: callPlaces(trace, report.design, locate) }),
    ...(file === undefined ? {} : { attachments: [file] }),
    rerun: status === "failed" || status === "expected" ? againCommand(property, run, asking) : null,
  };
}

function statusOf({ verdict, name }: PropertyReport, breaks: Checked["breaks"]): CaseStatus {
  switch (verdict) {
    case "violated":
      return breaks === "any" || breaks?.includes(name) === true ? "expected" : "failed";
    case "holds":
      return "passed";
    case "incomplete":
      return "incomplete";
    case "invalid":
      return "error";
    default:
      return "skipped";
  }
}

function messageOf({ verdict, name, steps, known, trace, kind }: PropertyReport, run: RunReport): string {
  switch (verdict) {
    case "violated": {
      const why = trace?.breach?.why ?? "";
      const declared = known === undefined ? "" : ` (known: ${known.says} [${known.source}])`;
      return `${name} is broken after ${stepsText(run, steps!)}${why === "" ? "" : `: ${why}`}${declared}`;
    }
    case "holds":
      return kind === "sometimes" ? `reached after ${stepsText(run, steps!)}` : searchedLine(run);
    case "incomplete":
      return run.reason ?? "what looks like a breach is none when the calls run with everything tracked";
    case "not applicable":
      return "the design has no answer to what it asks";
    default:
      return "nothing in this run asks for it, or it needs cells that are not tracked";
  }
}

function vacuousSuite({ report, asking, breaks }: Checked, locate: Locate): Suite[] {
  // Of a registry it is told with what is not as pinned.
  if (report.vacuous === null || report.vacuous.length === 0 || breaks !== null) return [];
  const cases = report.vacuous.map((what) => ({
    name: what,
    className: report.design.name,
    status: "error" as const,
    type: "Vacuous",
    message: what,
    details: "",
    rule: NOT_VACUOUS,
    place: locate(report.design.place),
    rerun: `npx gmemcheck check ${asking.asked}`,
  }));
  return [{ name: `${report.design.name}: all its runs`, id: `${report.design.name}/all-runs`, cases }];
}

function pinnedSuite({ report, asking, breaks, surprises }: Checked, locate: Locate): Suite[] {
  if (breaks === null) return [];
  const { name, place } = report.design;
  const base = { className: name, rule: PINNED, place: locate(place), details: "" };
  const rerun = `npx gmemcheck check ${asking.asked}`;
  const cases: Case[] = surprises.map(({ what, verdict }) => ({
    ...base,
    name: what,
    status: verdict === "incomplete" ? "incomplete" : verdict === "invalid" ? "error" : "failed",
    type: "NotAsPinned",
    message: what,
    rerun,
  }));
  const asPinned: Case = {
    ...base,
    name: PINNED.id,
    status: "passed",
    type: "NotAsPinned",
    message: "every verdict, count and length is as pinned",
    rerun: null,
  };
  return [
    { name: `${name}: as pinned`, id: `${name}/as-pinned`, cases: cases.length === 0 ? [asPinned] : cases },
  ];
}
