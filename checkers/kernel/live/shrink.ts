/** Makes a program smaller on which a kernel and a design part, by asking the kernel again, until nothing can be left out. */
import type { Certificate } from "../../../spec/language/trace.ts";
import { minimise, withoutChunks } from "../../fuzz/minimum.ts";
import type { RecordedResult, RecordedStep } from "../../../spec/recording.ts";
import { ask, firstDifference, identity, type Difference } from "./disagreement.ts";
import { played, type Pair } from "./pair.ts";

export interface Shrunk {
  /** At the end of `steps`. */
  readonly difference: Difference;
  readonly steps: readonly RecordedStep[];
  /** What the kernel answered to each step, as far as it did. */
  readonly results: readonly RecordedResult[];
  /** Of so many runs of the program that it was found in, how many had it again; where none had, it was not shrunk. */
  readonly repeated: { readonly had: number; readonly runs: number };
  /** How long that program was. */
  readonly from: number;
  readonly certificate: Certificate | null;
  /** Programs that were run to find it. */
  readonly runs: number;
}

interface ShrinkOptions {
  readonly stop: () => boolean;
  readonly told: (runs: number) => void;
}

/** How often the program is run again before it is shrunk. */
const REPEATS = 3;
/** A kernel that is booted anew after each failure is not asked for ever. */
const MOST_RUNS = { answers: 5000, failures: 60 };

export async function shrinkOnKernel(
  pair: Pair,
  program: readonly RecordedStep[],
  difference: Difference,
  results: readonly RecordedResult[],
  { stop, told }: ShrinkOptions,
): Promise<Shrunk> {
  const wanted = identity(difference);
  const first = program.slice(0, difference.step + 1);
  const seen = new Seen(pair, wanted);
  seen.keep(first, difference, results.slice(0, first.length));
  let had = 0;
  const repeats = difference.silence === null ? REPEATS : 1;
  for (let i = 0; i < repeats; i++) if (await seen.fails(first)) had++;
  const repeated = { had, runs: repeats };
  if (had === 0)
    return { ...seen.least(first), repeated, from: program.length, certificate: null, runs: repeats };

  // What does not happen every time is given as many chances as it needed.
  const chances = had === repeats ? 1 : REPEATS + 1;
  let runs = repeats;
  const { minimum, certificate } = await minimise<readonly RecordedStep[]>(
    first,
    (steps) => pair.programs.smaller(steps),
    async (steps) => {
      for (let i = 0; i < chances; i++) {
        told(++runs);
        if (await seen.fails(steps)) return true;
      }
      return false;
    },
    {
      coarse: (steps) => withoutParts(pair, steps),
      further: (steps) => withoutTwo(pair, steps),
      runs: difference.silence === null ? MOST_RUNS.answers : MOST_RUNS.failures,
      stop,
    },
  );
  return { ...seen.least(minimum), repeated, from: program.length, certificate, runs };
}

function* withoutParts(
  { programs }: Pair,
  steps: readonly RecordedStep[],
): Iterable<readonly RecordedStep[]> {
  for (const kept of withoutChunks(steps.map((_, i) => i))) {
    const left = new Set(steps.keys());
    for (const i of kept) left.delete(i);
    yield programs.without(steps, left);
  }
}

/** Steps that undo one another go together. */
function* withoutTwo({ programs }: Pair, steps: readonly RecordedStep[]): Iterable<readonly RecordedStep[]> {
  for (let second = steps.length - 1; second > 0; second--)
    for (let first = second - 1; first >= 0; first--) yield programs.without(steps, new Set([first, second]));
}

/** Runs of programs on both, and what the last that had the disagreement answered. */
class Seen {
  private readonly pair: Pair;
  private readonly wanted: string;
  private readonly kept = new Map<
    readonly RecordedStep[],
    { readonly difference: Difference; readonly results: readonly RecordedResult[] }
  >();

  constructor(pair: Pair, wanted: string) {
    this.pair = pair;
    this.wanted = wanted;
  }

  keep(steps: readonly RecordedStep[], difference: Difference, results: readonly RecordedResult[]): void {
    this.kept.clear();
    this.kept.set(steps, { difference, results });
  }

  least(steps: readonly RecordedStep[]): Pick<Shrunk, "difference" | "steps" | "results"> {
    return { steps, ...this.kept.get(steps)! };
  }

  /** Whether it has the same disagreement at its last step. */
  async fails(steps: readonly RecordedStep[]): Promise<boolean> {
    const { kernel } = this.pair;
    const ended = played(this.pair, kernel.header, steps);
    if (ended === null) return false;
    const answered = await ask(kernel, steps);
    const answers = ended.map(({ answer }) => answer);
    const difference = firstDifference(steps, answered, answers);
    if (difference === null || difference.step !== steps.length - 1) return false;
    if (identity(difference) !== this.wanted) return false;
    this.keep(steps, difference, answered.results);
    return true;
  }
}
