/** A trace as steps of actors, in a line each: for code flows, diagrams and summaries. */
import { outcomeText } from "../../spec/language/outcome.ts";
import type { Change, SectionStep, Trace, TraceStep } from "../../spec/language/trace.ts";
import { callText } from "../explore/instances.ts";
import { actorOf } from "../interleave/frame.ts";

export interface Beat {
  /** "task 0", "vCPU 0 of VM 0", "memory_failure"; where calls do not overlap, "task". */
  readonly actor: string;
  readonly call: string;
  /** What was done: the call where it begins, the sections where calls overlap. */
  readonly does: string;
  /** What it ended with; null where it is still in flight. */
  readonly ends: string | null;
  readonly changes: readonly Change[];
}

export function beatsOf(trace: Trace): Beat[] {
  return trace.mode === "sequential" ? trace.steps.map(callBeat) : trace.steps.map(sectionBeat);
}

function callBeat({ call, by, params, result, changes }: TraceStep): Beat {
  const actor = actorOf(by, call, params);
  return { actor, call, does: callText(call, params), ends: outcomeText(result), changes };
}

function sectionBeat(step: SectionStep): Beat {
  const { actor, call, params, sections, begins, ends, holds, waits, result, changes } = step;
  const ran = sections.length === 0 ? [] : [sections.join(" · ")];
  const does = [
    ...(begins ? [callText(call, params)] : ran.length === 0 ? [call] : []),
    ...ran,
    ...(waits === undefined ? [] : [`waits for ${waits}`]),
  ].join(": ");
  const held = ends || holds.length === 0 ? "" : ` [${holds.join(" ")}]`;
  return { actor, call, does: does + held, ends: ends ? outcomeText(result) : null, changes };
}

/** One line: `vCPU 0: guest_write(vm=0, gfn=1) = 0`; a single actor is not named. */
export function beatText({ actor, does, ends }: Beat, isAlone: boolean): string {
  return `${isAlone ? "" : `${actor}: `}${does}${ends === null ? "" : ` = ${ends}`}`;
}
