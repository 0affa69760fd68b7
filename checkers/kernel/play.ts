/** Plays a program on a design, step by step. */
import { disabled } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import {
  UnplayableStep,
  type Header,
  type Player,
  type Playing,
  type RecordedResult,
  type RecordedStep,
  type Sequence,
} from "../../spec/recording.ts";
import { makeInstance, type Ended as End, type Instance } from "../explore/sequential.ts";
import { canonical, firstValue, type Sizes } from "../explore/walk.ts";
import { InputError } from "../input.ts";

/** A design's answer to a call that it leaves nobody to make: to a use of a mapping, say, that it refused. */
export const IMPOSSIBLE: RecordedResult = { impossible: true };

/** How a step ended, and the answer that it gave. */
export interface Ended {
  readonly step: RecordedStep;
  readonly end: End;
  readonly answer: RecordedResult;
}

/** What the steps of a program did, and where they left the design. */
export interface Played {
  readonly ended: readonly Ended[];
  readonly state: object;
}

/** A design with the machine of a program. */
export interface Stage {
  readonly design: AnyDesign;
  readonly m: unknown;
  readonly sizes: Sizes;
}

export function stageOf(design: AnyDesign, { machine: m }: Playing): Stage {
  return { design, m, sizes: design.sizes(m) };
}

/** Nothing is there: no VM, no file, no mapping. */
export function nothing({ design, sizes }: Stage): object {
  return firstValue(design.state, sizes) as object;
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

export function answersOf(
  header: Header,
  { steps }: Sequence,
  design: AnyDesign,
  player: Player,
  where: string,
): RecordedResult[] {
  const playing = orUnplayable(where, () => player.play(header, steps));
  const stage = stageOf(design, playing);
  const { ended } = playOn(stage, nothing(stage), playing, steps, `${where}: steps`);
  return ended.map(({ answer }) => answer);
}

/** Makes the steps one after the other; `where` is of their list. */
export function playOn(
  stage: Stage,
  from: object,
  playing: Playing,
  steps: readonly RecordedStep[],
  where: string,
): Played {
  const { design, m, sizes } = stage;
  let state = from;
  const ended = steps.map((step, i): Ended => {
    const instance = instanceOf(stage, playing, step, `${where}[${i}]`);
    const end = instance === null ? NO_SUCH_CALL : instance.run(state, m);
    if (end !== disabled) state = canonical(design.state, sizes, state) as object;
    return { step, end, answer: answerOf(playing, step, end) };
  });
  return { ended, state };
}

/** The answer to a step; what is made later knows what the step has made. */
export function answerOf(playing: Playing, step: RecordedStep, end: End): RecordedResult {
  return end === disabled ? IMPOSSIBLE : playing.answer(step, end);
}

/** A kernel without the call knows no such ioctl. */
export const NO_SUCH_CALL = "ENOTTY";

/** The call that a step is now; null where the design has no such call. */
export function instanceOf(
  { design, sizes }: Stage,
  playing: Playing,
  step: RecordedStep,
  where: string,
): Instance | null {
  const { call: name, params } = orUnplayable(where, () => playing.plan(step));
  const call = design.calls[name];
  return call === undefined ? null : makeInstance(name, call, params, sizes);
}

export function orUnplayable<T>(where: string, attempt: () => T): T {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof UnplayableStep)) throw error;
    throw new InputError(where, error.message, "a program that no user space could run as it is written");
  }
}

/** Whether two results are the same: the same fields with the same values, in whatever order. */
export function sameResult(a: RecordedResult, b: RecordedResult): boolean {
  return resultKey(a) === resultKey(b);
}

/** Equal texts are equal results. */
export function resultKey(result: RecordedResult): string {
  return JSON.stringify(Object.entries(result).sort(([a], [b]) => (a < b ? -1 : 1)));
}
