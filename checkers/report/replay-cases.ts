/** A replay as a case: whether a trace is what it says. */
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Replayed } from "../trace/replay.ts";
import { callPlaces, blamed, ruleOf, type Locate } from "./blame.ts";
import type { Case, CaseReport, Rule } from "./cases.ts";

interface Trial {
  readonly path: string;
  readonly design: AnyDesign;
  readonly replayed: Replayed;
  /** Whether it is the minimum that its certificate says, where that was asked. */
  readonly isMinimal: boolean;
  /** The report as text. */
  readonly text: string;
}

const AS_TOLD: Rule = {
  id: "trace-as-told",
  says: "a trace's calls answer and change what it says, and end in the breach that it names",
  source: "the trace file",
};

export function replayCases(
  { path, design, replayed, isMinimal, text }: Trial,
  ended: { readonly exitCode: number; readonly rerun: string | null },
  locate: Locate,
): CaseReport {
  const { trace, differences, broken } = replayed;
  const isAsTold = differences.length === 0 && broken !== false;
  const isRight = isAsTold && isMinimal;
  const [first] = differences;
  const what =
    first === undefined
      ? isAsTold
        ? "a smaller trace fails too"
        : `${trace.breach!.property} is not broken at the end`
      : `step ${first.step + 1}: ${first.what}`;
  const one: Case = {
    name: path,
    className: design.name,
    status: isRight ? "passed" : "failed",
    type: "NotAsTold",
    message: isRight ? "every step answers and changes what the trace says" : what,
    details: text,
    rule: trace.breach === null ? AS_TOLD : { ...ruleOf(trace.breach.property, design, locate), ...AS_TOLD },
    place: isRight ? null : blamed(trace, design, locate),
    trace,
    calls: callPlaces(trace, design, locate),
    attachments: [path],
    rerun: ended.rerun,
  };
  return {
    command: "replay",
    verdict: isRight ? "as told" : "not as told",
    ...ended,
    complete: true,
    reason: null,
    states: 0,
    suites: [{ name: `${path} on ${design.name}`, id: `${design.name}/replay`, cases: [one] }],
    notes: [],
  };
}
