/** ITF text of a trace: it is run again for the states between its calls. */
import { itf } from "../checkers/report/itf.ts";
import { replay } from "../checkers/trace/replay.ts";
import type { AnyDesign } from "../spec/language/design.ts";
import type { Trace } from "../spec/language/trace.ts";

/** With SOURCE_DATE_EPOCH set, the output tells no time and is the same for the same trace. */
export function traceItf(trace: Trace, design: AnyDesign): string {
  const { states } = replay(design, trace, design.name);
  const now = process.env["SOURCE_DATE_EPOCH"] === undefined ? new Date() : null;
  return JSON.stringify(itf(trace, states, design, now), null, 2);
}
