/** What a reproducer is written from: a trace whose calls were told as operations, and what its head says. */
import type { AnyDesign } from "../../spec/language/design.ts";
import type { SequentialTrace, TraceStep } from "../../spec/language/trace.ts";
import type { OrdinaryMemory, Scribe, ToldStep } from "../../spec/reproducer.ts";
import { sceneOf, scenarioOf } from "../explore/bounded.ts";
import { callText } from "../explore/instances.ts";
import { makeInstance } from "../explore/sequential.ts";
import { boundsText, statementOf } from "../report/explain.ts";
import { Runner } from "../trace/run.ts";

export interface Reproduction {
  /** Of the program, without what stands behind the dot: a word of letters, digits, "-" and "_". */
  readonly name: string;
  readonly design: string;
  readonly says: string;
  /** What a kernel is that answers as the design does. */
  readonly meaning: string;
  /** Bounds, mode, scenario. */
  readonly bounds: string;
  readonly breach: {
    readonly property: string;
    readonly says: string;
    readonly why: string;
  } | null;
  /** The line that makes the program again. */
  readonly command: string;
  readonly memory: readonly OrdinaryMemory[];
  /** The calls of the scenario, which come first, are `given`. */
  readonly steps: readonly ReproducedStep[];
}

export interface ReproducedStep {
  /** The call in the model's words. */
  readonly words: string;
  readonly given: boolean;
  readonly told: ToldStep;
}

/** What a reproducer says of its design and of itself. */
export interface Told {
  readonly name: string;
  readonly meaning: string;
  readonly command: string;
}

/** `replayed` is the trace as `design` runs it; no `scribe`: no call of the design is one of user space. */
export function reproduce(
  design: AnyDesign,
  replayed: SequentialTrace,
  scribe: Scribe | null,
  told: Told,
): Reproduction {
  const given = givenSteps(design, replayed);
  const calls = [...given, ...replayed.steps];
  const { memory, steps } = scribe?.write(design.machine(replayed.bounds), calls) ?? {
    memory: [],
    steps: calls.map(() => ({
      cannot: `no kernel has the calls of ${design.name}, which is a model of a design`,
    })),
  };
  return {
    ...told,
    design: design.name,
    says: design.says,
    bounds: boundsText(replayed),
    breach: breachOf(design, replayed),
    memory,
    steps: calls.map(({ call, params }, i) => ({
      words: callText(call, params),
      given: i < given.length,
      told: steps[i]!,
    })),
  };
}

/** The calls that the scenario makes before the trace begins, with how they end. */
function givenSteps(design: AnyDesign, { bounds, scenario }: SequentialTrace): readonly TraceStep[] {
  const { m, sizes } = sceneOf(design, { bounds, scenario });
  const runner = new Runner(design, m, sizes);
  const given = scenarioOf(design, scenario).given ?? [];
  return given.map(({ call, params }) =>
    runner.make(makeInstance(call, design.calls[call]!, params, sizes))!,
  );
}

function breachOf(design: AnyDesign, { breach }: SequentialTrace): Reproduction["breach"] {
  if (breach === null) return null;
  const { property, why } = breach;
  return { property, why, says: statementOf(property, design)?.says ?? "" };
}
