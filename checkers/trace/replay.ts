/** Replays a stored trace on a design: every call is made again, and what it answers and changes is compared. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { outcomeText, sameOutcome } from "../../spec/language/outcome.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";
import type { Breach, Trace, TraceStep } from "../../spec/language/trace.ts";
import { bounded, type Bounded } from "../explore/bounded.ts";
import { identity, valuesTried } from "../explore/instances.ts";
import { makeInstance, type Instance } from "../explore/sequential.ts";
import { show } from "../explore/walk.ts";
import { InputError } from "../input.ts";
import { Runner, isBroken } from "./run.ts";

export interface Difference {
  /** Index of the call, from 0. */
  readonly step: number;
  readonly what: string;
}

export interface Replayed {
  /** The trace as the design runs it. */
  readonly trace: Trace;
  readonly differences: readonly Difference[];
  /** Whether the breach that the trace ends in is there; null where the trace claims none. */
  readonly broken: boolean | null;
  /** The states, the initial one first. */
  readonly states: readonly object[];
}

/** `where` names the trace in messages. */
export function replay(design: AnyDesign, trace: Trace, where: string): Replayed {
  const subject = bounded(design, { bounds: trace.bounds, track: "full" });
  if (trace.breach !== null) checkBreach(subject, trace.breach, where);
  const runner = new Runner(design, subject.m, subject.sizes);
  const states: object[] = [runner.state];
  const steps: TraceStep[] = [];
  const differences: Difference[] = [];
  for (const [i, stored] of trace.steps.entries()) {
    const made = runner.make(instanceOf(subject, stored, `${where}: steps[${i}]`));
    if (made === null) {
      differences.push({ step: i, what: `${stored.call} cannot be made here` });
      break;
    }
    differences.push(...differencesOf(i, stored, made));
    steps.push(made);
    states.push(runner.state);
  }
  const run = { steps, before: states.at(-2) ?? states[0]!, after: states.at(-1)! };
  const whole = steps.length === trace.steps.length;
  const broken = trace.breach === null ? null : whole && isBroken(subject, trace.breach, run);
  return { trace: { ...trace, design: design.name, steps }, differences, broken, states };
}

/** Refuses a breach of a property that the design has not, or for an instance that is none at these bounds. */
function checkBreach({ design, properties }: Bounded, breach: Breach, where: string): void {
  const cause = "a trace edited by hand, or of an older version of this design";
  if (breach.property === FAILED_CALL.name) return;
  const asked = properties.find(({ property }) => property.name === breach.property);
  if (asked === undefined) {
    const known = [...properties.map(({ property }) => property.name), FAILED_CALL.name].join(", ");
    throw new InputError(
      `${where}: breach.property`,
      `${design.name} has no property "${breach.property}"`,
      cause,
      known,
    );
  }
  const instance = (of: object): string => JSON.stringify(Object.entries(of).sort());
  if (!asked.instances.some((known) => instance(known) === instance(breach.instance))) {
    const known = asked.instances.map((of) => JSON.stringify(of)).join(", ");
    throw new InputError(
      `${where}: breach.instance`,
      `${JSON.stringify(breach.instance)} is none of ${breach.property}`,
      cause,
      known,
    );
  }
}

function instanceOf(subject: Bounded, { call: name, params }: TraceStep, where: string): Instance {
  const { design, sizes } = subject;
  const call = Object.hasOwn(design.calls, name) ? design.calls[name] : undefined;
  if (call === undefined) {
    throw new InputError(
      where,
      `${design.name} has no call "${name}"`,
      "a trace of another design, or of an older version of this one",
      Object.keys(design.calls).join(", "),
    );
  }
  const missing = Object.keys(call.takes).find((key) => !(key in params));
  const extra = Object.keys(params).find((key) => !(key in call.takes));
  if (missing !== undefined || extra !== undefined) {
    throw new InputError(
      `${where}.params`,
      missing === undefined ? `${name} takes no "${extra}"` : `${name} lacks "${missing}"`,
      "a trace edited by hand, or of an older version of this design",
      Object.keys(call.takes).join(", "),
    );
  }
  for (const [key, values] of valuesTried(name, call, subject.m, sizes)) {
    const value = params[key];
    if (values.some((known) => identity(known) === identity(value))) continue;
    throw new InputError(
      `${where}.params.${key}`,
      `${show(value)} is not a value that ${name} takes at these bounds`,
      "a trace edited by hand, or of other bounds than it says",
      values.map(show).join(", "),
    );
  }
  return makeInstance(name, call, params, sizes);
}

function differencesOf(step: number, stored: TraceStep, made: TraceStep): Difference[] {
  if (!sameOutcome(stored.result, made.result)) {
    const [was, is] = [outcomeText(stored.result), outcomeText(made.result)];
    return [{ step, what: `${stored.call} ended with ${is}; the trace says ${was}` }];
  }
  const text = (changes: TraceStep["changes"]): string => JSON.stringify(changes);
  if (text(stored.changes) === text(made.changes)) return [];
  return [{ step, what: `${stored.call} changed other cells than the trace says` }];
}
