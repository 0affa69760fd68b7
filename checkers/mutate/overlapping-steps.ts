/**
 * Which mutants behave otherwise where calls overlap, step by step: each step of the search is taken on the mutants whose places it has come
 * by, too. Same way on, same result, same locks, same next state: a mutant that never differs has the same states and the same steps.
 */
import { disabled } from "../../spec/language/call.ts";
import type { Vector } from "../../spec/language/design.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { bounded, type Bounded } from "../explore/bounded.ts";
import { TRACK_ALL, type Codec } from "../explore/codec.ts";
import { Totals } from "../explore/explored.ts";
import { codecFor } from "../explore/guard.ts";
import { Havoc } from "../explore/havoc.ts";
import type { SearchOptions } from "../explore/sweep.ts";
import { isBlocked, type Advanced, type Blocked } from "../interleave/advance.ts";
import { outcomeKey, type Frame } from "../interleave/frame.ts";
import { Interleaving } from "../interleave/search.ts";
import type { Bench } from "./bench.ts";
import type { Steps } from "./steps.ts";

export async function compareOverlappingSteps(
  bench: Bench,
  vector: Vector,
  { budget }: Pick<SearchOptions, "budget">,
): Promise<Steps> {
  const search = new Comparison(bench, bounded(bench.design, vector), { budget });
  try {
    await search.run();
  } finally {
    search.close();
  }
  return search.steps;
}

type Tried = Advanced | Blocked | typeof disabled | KernelBug;

class Comparison extends Interleaving {
  readonly steps: Steps = { reached: new Set(), differs: new Set(), endless: new Set() };
  private readonly bench: Bench;
  /** Where mutants are tried; the search has one of its own. */
  private trial: Codec;
  private readonly first: Int32Array;
  private readonly second: Int32Array;
  /** What the last step ran into. */
  private broke: KernelBug | null = null;

  constructor(bench: Bench, subject: Bounded, options: SearchOptions) {
    // Its promises were asked when the original was checked.
    super(subject, { ...options, only: new Set() }, new Totals(), performance.now());
    this.bench = bench;
    this.trial = codecFor(subject, TRACK_ALL, new Havoc());
    this.first = new Int32Array(this.codec.words);
    this.second = new Int32Array(this.codec.words);
  }

  protected override advance(index: number, frame: Frame, others: readonly Frame[]) {
    this.bench.board.begin();
    const step = super.advance(index, frame, others);
    this.compare(step ?? this.broke!, (s) => this.advancer.advance(s, frame, others));
    return step;
  }

  protected override begin(index: number, k: number, inFlight: readonly Frame[]) {
    this.bench.board.begin();
    const step = super.begin(index, k, inFlight);
    const instance = this.subject.instances[k]!;
    this.compare(step ?? this.broke!, (s) => this.advancer.start(s, instance, k, inFlight));
    return step;
  }

  protected override bug(error: unknown, index: number, move: number): void {
    super.bug(error, index, move);
    this.broke = error as KernelBug;
  }

  private compare(step: Tried, take: (s: unknown) => Exclude<Tried, KernelBug>): void {
    const { board, partsOf } = this.bench;
    const { reached, differs } = this.steps;
    this.codec.pack(this.codec.draft, this.first, 0);
    const met = board.met.filter((number) => !differs.has(number));
    // What a section is made of, its locks above all, is not tried here: it may make any difference.
    for (const [number, parts] of partsOf)
      if (!differs.has(number) && parts.some((part) => board.ran.has(part))) {
        reached.add(number);
        differs.add(number);
      }
    for (const number of met) {
      reached.add(number);
      board.turnOn(number);
      if (this.isOther(step, this.tried(number, take))) differs.add(number);
    }
    // What is asked of the state now is asked of the original.
    board.begin();
  }

  /** Null: it is no model any more. */
  private tried(number: number, take: (s: unknown) => Exclude<Tried, KernelBug>): Tried | null {
    this.trial.unpack(this.current, 0);
    try {
      const step = take(this.trial.draft);
      this.trial.pack(this.trial.draft, this.second, 0);
      return step;
    } catch (error) {
      if (error instanceof KernelBug) return error;
      if (this.bench.board.ranAway) this.steps.endless.add(number);
      // What grew a table of the draft, nothing makes small again.
      this.trial = codecFor(this.subject, TRACK_ALL, new Havoc());
      return null;
    }
  }

  private isOther(step: Tried, other: Tried | null): boolean {
    if (other === null || keyOf(step) !== keyOf(other)) return true;
    if (step instanceof KernelBug || step === disabled || isBlocked(step)) return false;
    return this.first.some((word, i) => word !== this.second[i]);
  }
}

/** Equal keys are equal steps, but for the state. */
function keyOf(step: Tried): string {
  if (step instanceof KernelBug) return `bug: ${step.message}`;
  if (step === disabled) return "disabled";
  if (isBlocked(step)) return `blocked: ${step.blocked}`;
  const { frame, outcome, others, waits, retried, acquired } = step;
  const calls = [frame, ...others].map((one) => one?.id ?? 0);
  return JSON.stringify([calls, outcomeKey(outcome), waits, retried, acquired]);
}
