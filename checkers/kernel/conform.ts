/** Replays what a real kernel answered on a design, and compares: call by call, and where threads raced, outcome by outcome. */
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Player, RecordedResult, RecordedStep } from "../../spec/recording.ts";
import { litmus, type Litmus } from "./litmus.ts";
import { answersOf, sameResult } from "./play.ts";
import type { Recording } from "./recording.ts";

export interface Disagreement {
  readonly sequence: string;
  /** Index of the step in its sequence, from 0. */
  readonly step: number;
  readonly operation: RecordedStep;
  readonly kernel: RecordedResult;
  readonly design: RecordedResult;
}

export interface Conformance {
  readonly recording: string;
  readonly kernel: string;
  readonly design: string;
  readonly sequences: number;
  readonly operations: number;
  readonly disagreements: readonly Disagreement[];
  readonly races: readonly Litmus[];
}

/** `told` hears how far it is: the id of a line, and of a race the states so far. */
export function conform(
  name: string,
  recording: Recording,
  design: AnyDesign,
  player: Player,
  told: (line: string, nodes: number) => void = () => {},
): Conformance {
  const { header, sequences } = recording;
  const disagreements: Disagreement[] = [];
  let operations = 0;
  for (const sequence of sequences) {
    told(sequence.id, 0);
    const answers = answersOf(header, sequence, design, player, `${name}:${sequence.line}`);
    answers.forEach((answer, step) => {
      operations++;
      const operation = sequence.steps[step]!;
      const kernel = operation.result!;
      if (!sameResult(kernel, answer))
        disagreements.push({ sequence: sequence.id, step, operation, kernel, design: answer });
    });
  }
  const races = recording.blocks.map(({ line, ...block }) =>
    litmus(header, block, design, player, `${name}:${line}`, (nodes) => told(block.id, nodes)),
  );
  return {
    recording: name,
    kernel: header.kernel,
    design: design.name,
    sequences: sequences.length,
    operations,
    disagreements,
    races,
  };
}
