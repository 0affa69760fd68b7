/** Replays what a real kernel answered on a design, and compares call by call. */
import { disabled } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import {
  UnplayableStep,
  type Header,
  type Player,
  type RecordedResult,
  type RecordedStep,
  type Sequence,
} from "../../spec/recording.ts";
import { InputError } from "../input.ts";
import { makeInstance } from "../explore/sequential.ts";
import { canonical, firstValue } from "../explore/walk.ts";
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
}

export function conform(name: string, recording: Recording, design: AnyDesign, player: Player): Conformance {
  const disagreements: Disagreement[] = [];
  let operations = 0;
  recording.sequences.forEach((sequence, i) => {
    const answers = answersOf(recording.header, sequence, design, player, `${name}:${i + 2}`);
    answers.forEach((answer, step) => {
      operations++;
      const operation = sequence.steps[step]!;
      const kernel = operation.result!;
      if (!sameResult(kernel, answer))
        disagreements.push({ sequence: sequence.id, step, operation, kernel, design: answer });
    });
  });
  const { kernel } = recording.header;
  const sequences = recording.sequences.length;
  return { recording: name, kernel, design: design.name, sequences, operations, disagreements };
}

/** What a design answers to a program, step by step. A step that nobody could make there is an error. */
export function play(
  header: Header,
  sequence: Sequence,
  design: AnyDesign,
  player: Player,
  where: string,
): RecordedResult[] {
  const answers = answersOf(header, sequence, design, player, where);
  const at = answers.indexOf(IMPOSSIBLE);
  if (at < 0) return answers;
  throw new InputError(
    `${where}: steps[${at}]`,
    `${sequence.steps[at]!.op} cannot be made here`,
    "a mapping that is used after it was unmapped or before it was made, or a name that is used for two objects",
  );
}

/** A design's answer to a call that it leaves nobody to make: to a use of a mapping, say, that it refused. */
const IMPOSSIBLE: RecordedResult = { impossible: true };

function answersOf(
  header: Header,
  { steps }: Sequence,
  design: AnyDesign,
  player: Player,
  where: string,
): RecordedResult[] {
  const playing = orUnplayable(where, () => player.play(header, steps));
  const m = playing.machine;
  const sizes = design.sizes(m);
  let state = firstValue(design.state, sizes);
  return steps.map((step, i) => {
    const at = `${where}: steps[${i}]`;
    const { call: name, params } = orUnplayable(at, () => playing.plan(step));
    const call = design.calls[name];
    // A kernel without the call knows no such ioctl.
    if (call === undefined) return playing.answer(step, "ENOTTY");
    const ended = makeInstance(name, call, params, sizes).run(state, m);
    if (ended === disabled) return IMPOSSIBLE;
    state = canonical(design.state, sizes, state);
    return playing.answer(step, ended);
  });
}

function orUnplayable<T>(where: string, attempt: () => T): T {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof UnplayableStep)) throw error;
    throw new InputError(where, error.message, "a program that no user space could run as it is written");
  }
}

/** Whether two results are the same: the same fields with the same values, in whatever order. */
export function sameResult(a: RecordedResult, b: RecordedResult): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
