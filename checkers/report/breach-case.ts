/** A trace that ends in a breach, as a case. */
import { stepsText } from "../explore/mode.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Trace } from "../../spec/language/trace.ts";
import { blamed, callPlaces, ruleOf, type Locate } from "./blame.ts";
import type { Case } from "./cases.ts";
import { callsText } from "./explain.ts";

/** What only the command knows of it. */
export interface ShownBy {
  /** The file of the trace. */
  readonly file: string | undefined;
  readonly rerun: string | null;
}

/** `property` is what the trace breaks. */
export function breachCase(
  property: string,
  trace: Trace,
  design: AnyDesign,
  { file, rerun }: ShownBy,
  locate: Locate,
): Case {
  const why = trace.breach?.why ?? "";
  return {
    name: property,
    className: design.name,
    status: "failed",
    type: "PromiseBroken",
    message: `${property} is broken after ${stepsText(trace, trace.steps.length)}${why === "" ? "" : `: ${why}`}`,
    details: [callsText(trace), why].join("\n").trimEnd(),
    rule: ruleOf(property, design, locate),
    place: blamed(trace, design, locate),
    trace,
    calls: callPlaces(trace, design, locate),
    ...(file === undefined ? {} : { attachments: [file] }),
    rerun,
  };
}
