/** What was observed where threads raced on a real kernel, against all that a design allows. */
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Header, Player, RecordedResult, RecordedStep } from "../../spec/recording.ts";
import { playingOf, type Ready } from "./history.ts";
import {
  IMPOSSIBLE,
  nothing,
  playOn,
  resultKey,
  sameResult,
  stageOf,
  type Played,
  type Stage,
} from "./play.ts";
import { outcomesOf, type Outcomes } from "./race.ts";
import { outcomeKeyOf, resultsOf, type Block, type JointOutcome, type Observed } from "./recording.ts";

/** A step of the setup that the design answers otherwise: the race is not the same then, and is not compared. */
export interface OtherSetup {
  readonly step: number;
  readonly operation: RecordedStep;
  readonly kernel: RecordedResult;
  readonly design: RecordedResult;
}

/** An outcome that was observed and is not allowed. */
export interface NotAllowed {
  /** In how many runs. */
  readonly count: number;
  readonly answers: readonly Answer[];
  /** The allowed outcomes that differ in the fewest answers; each with its answer to every step. */
  readonly closest: readonly (readonly RecordedResult[])[];
}

export interface Answer {
  /** Null for a step that was made when all threads were through. */
  readonly thread: number | null;
  readonly step: number;
  readonly operation: RecordedStep;
  readonly kernel: RecordedResult;
}

export interface Litmus {
  readonly block: string;
  readonly title: string;
  /** Joint outcomes that the design allows, and how many of them were observed. */
  readonly allowed: number;
  readonly observed: number;
  readonly setup: readonly OtherSetup[];
  readonly disagreements: readonly NotAllowed[];
  /** What the design lets interleavings run into that come to no outcome. */
  readonly bugs: readonly string[];
}

export function litmus(
  header: Header,
  block: Block,
  design: AnyDesign,
  player: Player,
  where: string,
  told: (nodes: number) => void,
): Litmus {
  const { ready, stage } = stand(header, block, design, player, where);
  return judge(block, ready.setup, () => outcomesOf(ready, stage, told));
}

/** Makes a block's setup on a design. */
export function stand(
  header: Header,
  block: Block,
  design: AnyDesign,
  player: Player,
  where: string,
): { readonly ready: Ready; readonly stage: Stage } {
  const playing = playingOf(header, block, player, where);
  const stage = stageOf(design, playing);
  const setup = playOn(stage, nothing(stage), playing, block.setup, `${where}: setup`);
  return { ready: { header, block, player, setup, where }, stage };
}

/** A block with what a kernel answered, against what the design did; `outcomes` is asked only where the setup went alike. */
export function judge(block: Block, setup: Played, outcomes: () => Outcomes): Litmus {
  const other = otherSetup(block, setup);
  const compared = other.length > 0 ? NOT_COMPARED : compare(block, outcomes());
  return { block: block.id, title: block.title, setup: other, ...compared };
}

type Compared = Omit<Litmus, "block" | "title" | "setup">;
const NOT_COMPARED: Compared = { allowed: 0, observed: 0, disagreements: [], bugs: [] };

function otherSetup(block: Block, { ended }: Played): OtherSetup[] {
  return block.setup.flatMap((operation, step) => {
    const [kernel, design] = [operation.result!, ended[step]!.answer];
    return sameResult(kernel, design) ? [] : [{ step, operation, kernel, design }];
  });
}

function compare(block: Block, { allowed: all, bugs }: Outcomes): Compared {
  const allowed = all.filter(isPossible);
  const keys = new Set(allowed.map(outcomeKeyOf));
  const strange = block.observed.filter((outcome) => !keys.has(outcomeKeyOf(outcome)));
  for (const outcome of block.observed) keys.delete(outcomeKeyOf(outcome));
  return {
    allowed: allowed.length,
    observed: allowed.length - keys.size,
    disagreements: strange.map((outcome) => notAllowed(block, outcome, allowed)),
    bugs,
  };
}

/** Whether user space could make every step of it. */
export function isPossible(outcome: JointOutcome): boolean {
  return !resultsOf(outcome).includes(IMPOSSIBLE);
}

function notAllowed(
  { threads, final }: Block,
  observed: Observed,
  allowed: readonly JointOutcome[],
): NotAllowed {
  const places = [
    ...threads.flatMap((steps, thread) => steps.map((operation, step) => ({ thread, step, operation }))),
    ...final.map((operation, step) => ({ thread: null, step, operation })),
  ];
  const kernel = resultsOf(observed);
  return {
    count: observed.count,
    answers: places.map((place, i) => ({ ...place, kernel: kernel[i]! })),
    closest: closest(kernel, allowed.map(resultsOf)),
  };
}

/** Closest outcomes that are told of. */
const CLOSEST = 3;

function closest(
  to: readonly RecordedResult[],
  allowed: readonly (readonly RecordedResult[])[],
): (readonly RecordedResult[])[] {
  const wanted = to.map(resultKey);
  const distances = allowed.map(
    (results) => results.filter((result, i) => resultKey(result) !== wanted[i]).length,
  );
  const least = Math.min(...distances);
  return allowed.filter((_, i) => distances[i] === least).slice(0, CLOSEST);
}
