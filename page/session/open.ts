/** Opens a trace: decodes it, runs it again, and gives what is asked of its moments when it is asked. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { outcomeText } from "../../spec/language/outcome.ts";
import type { Breach, Trace } from "../../spec/language/trace.ts";
import { callText } from "../../checkers/explore/instances.ts";
import { InputError } from "../../checkers/input.ts";
import { boundsText } from "../../checkers/report/explain.ts";
import { beatsOf } from "../../checkers/report/story.ts";
import { traceJson } from "../../checkers/trace/text.ts";
import { decodeTrace } from "./decode.ts";
import { sceneOfTrace } from "../../checkers/trace/replay.ts";
import { Calls } from "./calls.ts";
import { lanesOf, type Lanes } from "./lanes.ts";
import type { Picture } from "./picture.ts";
import { Pictures } from "./pictures.ts";
import { reachOf } from "./reach.ts";
import type { Run } from "./run.ts";
import { Sections } from "./sections.ts";
import type { Broken, CallReach, Choice, Moment, Reach, Session } from "./session.ts";

/** `where` names the trace in messages. Throws InputError for what is no trace of this design. */
export function openSession(design: AnyDesign, document: unknown, where = "trace"): Session {
  const trace = decodeTrace(document, where);
  if (trace.design !== design.name) {
    throw new InputError(
      `${where}: design`,
      `the trace is of ${trace.design}, and what runs it here is ${design.name}`,
      "a trace of another design than the page was made for",
      `a page of its own: gmemcheck page ${where}`,
    );
  }
  const scene = sceneOfTrace(design, trace, where);
  const run =
    trace.mode === "sequential" ? new Calls(scene, trace, where) : new Sections(scene, trace, where);
  return new Opened(design, trace, run, null);
}

class Opened implements Session {
  readonly design: AnyDesign;
  readonly trace: Trace;
  readonly isRun = true;
  readonly property: string | null;
  readonly moments: readonly Moment[];
  readonly differences: readonly string[];
  readonly branchedAt: number | null;
  private readonly run: Run;
  private laid: Lanes | null = null;

  constructor(design: AnyDesign, trace: Trace, run: Run, branchedAt: number | null) {
    this.design = design;
    this.trace = trace;
    this.run = run;
    this.branchedAt = branchedAt;
    this.property = branchedAt === null ? (trace.breach?.property ?? null) : null;
    this.differences = run.differences;
    const breachesAt = remembered((index) => run.breachesAt(index));
    const { scene, states, steps } = run;
    const pictures = new Pictures({ scene, states, steps, breachesAt });
    const beats = beatsOf(run.asTrace(null));
    this.moments = run.states.map((_, index) => {
      const beat = beats[index - 1];
      const label = beat === undefined ? "start" : `${beat.actor}: ${beat.does}`;
      return new MomentOf({ run, pictures, breachesAt }, index, label);
    });
  }

  get lanes(): Lanes {
    const { trace, branchedAt } = this;
    const loop = branchedAt === null && trace.mode !== "sequential" ? (trace.loop ?? null) : null;
    return (this.laid ??= lanesOf(this.run, loop));
  }

  get bounds(): string {
    return boundsText(this.trace);
  }

  get legend(): readonly string[] {
    const { design, trace } = this;
    const { scenarios } = design;
    const given = Object.hasOwn(scenarios, trace.scenario) ? (scenarios[trace.scenario]!.given ?? []) : [];
    return [
      ...(design.legend?.(this.run.scene.m) ?? []),
      ...given.map(({ call, params }) => `given: ${callText(call, params)}`),
    ];
  }

  choicesAt(index: number, reach: Reach = {}): readonly Choice[] {
    return this.run.choicesAt(index, reach);
  }

  calls(everything = false): readonly CallReach[] {
    return reachOf(this.run.scene, everything);
  }

  branch(index: number, choice: Choice): Session {
    const at = Math.min(index, this.branchedAt ?? index);
    return new Opened(this.design, this.trace, this.run.extended(index, choice), at);
  }

  toTrace(): unknown {
    const { trace, run, branchedAt } = this;
    return traceJson(run.asTrace(branchedAt === null ? trace.breach : breachOf(run)));
  }
}

/** The breach that a run ends in, if it does. */
function breachOf(run: Run): Breach | null {
  const [broken] = run.breachesAt(run.steps.length);
  if (broken === undefined) return null;
  const { property, instance, why } = broken;
  return { property, instance, why };
}

function remembered<T>(make: (index: number) => T): (index: number) => T {
  const known = new Map<number, T>();
  return (index) => {
    if (!known.has(index)) known.set(index, make(index));
    return known.get(index)!;
  };
}

/** What moments are made from, when they are asked. */
interface Source {
  readonly run: Run;
  readonly pictures: Pictures;
  breachesAt(index: number): readonly Broken[];
}

class MomentOf implements Moment {
  readonly index: number;
  readonly label: string;
  private readonly source: Source;

  constructor(source: Source, index: number, label: string) {
    this.source = source;
    this.index = index;
    this.label = label;
  }

  get step(): Moment["step"] {
    return this.source.run.steps[this.index - 1] ?? null;
  }

  get result(): string | null {
    const result = this.step?.result ?? null;
    return result === null ? null : outcomeText(result);
  }

  get changes(): Moment["changes"] {
    return this.step?.changes ?? [];
  }

  get inFlight(): number {
    return this.source.run.inFlightAt(this.index);
  }

  get picture(): Picture {
    return this.source.pictures.at(this.index);
  }

  get breaches(): readonly Broken[] {
    return this.source.breachesAt(this.index);
  }

  get state(): unknown {
    return structuredClone(this.source.run.states[this.index]);
  }
}
