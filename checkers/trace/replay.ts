/** Replays a stored trace on a design: every call is made again, and what it answers and changes is compared. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { BUILT_IN, type KernelBug } from "../../spec/language/kernel-bug.ts";
import { outcomeText, sameOutcome } from "../../spec/language/outcome.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";
import type {
  Breach,
  OverlapTrace,
  SectionStep,
  SequentialTrace,
  Trace,
  TraceStep,
} from "../../spec/language/trace.ts";
import { EVERYTHING, sceneOf, type Scene } from "../explore/bounded.ts";
import { identity, isDrawn, valuesTried } from "../explore/instances.ts";
import { makeInstance, type Instance } from "../explore/sequential.ts";
import { show } from "../explore/walk.ts";
import { InputError } from "../input.ts";
import { go } from "../interleave/schedule.ts";
import { Race } from "./race.ts";
import { isBrokenInRace } from "./race-breach.ts";
import { Runner, isBroken } from "./run.ts";

export interface Difference {
  /** Index of the step, from 0. */
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
  const subject = sceneOfTrace(design, trace, where);
  return trace.mode === "sequential" ? replayCalls(subject, trace, where) : replayRace(subject, trace, where);
}

/** Where the calls of a trace are made; refuses a scenario and a breach that the design has not. */
export function sceneOfTrace(design: AnyDesign, trace: Trace, where: string): Scene {
  checkScenario(design, trace.scenario, where);
  const subject = sceneOf(design, { bounds: trace.bounds, scenario: trace.scenario });
  if (trace.breach !== null) checkBreach(subject, trace.breach, where);
  return subject;
}

/** What was made of the calls of a trace, as far as they could be made. */
export interface Rerun {
  readonly steps: readonly TraceStep[];
  /** The states, the initial one first. */
  readonly states: readonly object[];
  readonly bug: KernelBug | null;
  readonly differences: readonly Difference[];
}

function replayCalls(subject: Scene, trace: SequentialTrace, where: string): Replayed {
  const { steps, states, bug, differences } = rerunCalls(subject, trace, where);
  const run = { steps, before: states.at(-2) ?? states[0]!, after: states.at(-1)!, bug };
  const whole = steps.length === trace.steps.length;
  const broken = trace.breach === null ? null : whole && isBroken(subject, trace.breach, run);
  return { trace: { ...trace, design: subject.design.name, steps }, differences, broken, states };
}

/** Makes the calls of a trace again, one after the other. */
export function rerunCalls(subject: Scene, trace: SequentialTrace, where: string): Rerun {
  const { design } = subject;
  const runner = new Runner(design, subject.m, subject.sizes, subject.start);
  const states: object[] = [runner.state];
  const steps: TraceStep[] = [];
  const differences: Difference[] = [];
  for (const [i, stored] of trace.steps.entries()) {
    const instance = instanceOf(subject, stored, `${where}: steps[${i}]`);
    const made = runner.bug === null ? runner.make(instance) : null;
    if (made === null) {
      differences.push({ step: i, what: `${stored.call} cannot be made here` });
      break;
    }
    differences.push(...differencesOf(i, stored, made));
    steps.push(made);
    states.push(runner.state);
  }
  return { steps, states, bug: runner.bug, differences };
}

function replayRace(subject: Scene, trace: OverlapTrace, where: string): Replayed {
  const { race, differences } = rerunRace(subject, trace, where);
  const { steps, states } = race;
  const whole = steps.length === trace.steps.length;
  const { breach, loop } = trace;
  const broken = breach === null ? null : whole && isBrokenInRace(subject, breach, race, loop);
  const blocked = race.blocked.at(-1)!;
  const { blocked: _, ...rest } = trace;
  const made = { ...rest, design: subject.design.name, steps, ...(blocked.length === 0 ? {} : { blocked }) };
  return { trace: made, differences, broken, states };
}

/** Takes the steps of a trace again, section by section. */
export function rerunRace(
  subject: Scene,
  trace: OverlapTrace,
  where: string,
): { readonly race: Race; readonly differences: readonly Difference[] } {
  const instances = trace.steps.flatMap((step, i) =>
    step.begins ? [instanceOf(subject, step, `${where}: steps[${i}]`)] : [],
  );
  const race = new Race(subject, instances, trace.unmerged !== true);
  const differences: Difference[] = [];
  for (const [i, stored] of trace.steps.entries()) {
    checkThread(race, stored, `${where}: steps[${i}].thread`);
    const obstacle = race.take(stored.begins ? stored.thread : go(stored.thread));
    if (obstacle !== null) {
      differences.push({ step: i, what: `${stored.call} ${obstacle}` });
      break;
    }
    differences.push(...sectionDifferences(i, stored, race.steps[i]!));
  }
  return { race, differences };
}

/** A scenario says where a run starts; one that the design has not cannot be replayed. */
function checkScenario({ name, scenarios }: AnyDesign, scenario: string, where: string): void {
  if (scenario === EVERYTHING || Object.hasOwn(scenarios, scenario)) return;
  throw new InputError(
    `${where}: scenario`,
    `${name} has no scenario "${scenario}"`,
    "a trace of another design, or of an older version of this one",
    [EVERYTHING, ...Object.keys(scenarios)].join(", "),
  );
}

/** Refuses a step of a call that has not begun, or that is not the one that its thread makes. */
function checkThread({ threads }: Race, { thread, begins, call }: SectionStep, where: string): void {
  const known = threads[thread]?.instance.name;
  if (begins ? thread === threads.length : known === call) return;
  const what = begins
    ? `call ${thread} begins, but the next one to begin is ${threads.length}`
    : `call ${thread} is ${known ?? "none that has begun"}, not ${call}`;
  throw new InputError(where, what, "a trace edited by hand");
}

/** Refuses a breach of a property that the design has not, or for an instance that is none at these bounds. */
function checkBreach({ design, properties }: Scene, breach: Breach, where: string): void {
  const cause = "a trace edited by hand, or of an older version of this design";
  const ofEveryDesign = [FAILED_CALL, ...BUILT_IN].map(({ name }) => name);
  if (ofEveryDesign.includes(breach.property)) return;
  const asked = properties.find(({ property }) => property.name === breach.property);
  if (asked === undefined) {
    const known = [...properties.map(({ property }) => property.name), ...ofEveryDesign].join(", ");
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

function instanceOf(subject: Scene, { call: name, params }: TraceStep, where: string): Instance {
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
  const keys = Object.keys(call.takes);
  const strange = keys.findIndex((key) => !isDrawn(call, key, params, subject.m, sizes));
  // From there on values may be those of another combination: all are listed only where that is the question.
  const tried = strange < 0 ? [] : [...valuesTried(name, call, subject.m, sizes)].slice(strange);
  for (const [key, values] of tried) {
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

function sectionDifferences(step: number, stored: SectionStep, made: SectionStep): Difference[] {
  const says = (what: string): Difference[] => [{ step, what: `${stored.call} ${what}` }];
  const [was, is] = [stored.sections.join(", "), made.sections.join(", ")];
  if (was !== is) return says(`ran ${is}; the trace says ${was}`);
  const [held, holds] = [stored.holds.join(", "), made.holds.join(", ")];
  if (held !== holds) return says(`holds ${holds || "no lock"}; the trace says ${held || "none"}`);
  return differencesOf(step, stored, made);
}
