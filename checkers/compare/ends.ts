/** Every end that two calls of one design can have when they may overlap: both results, and the state then. */
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { disabled } from "../../spec/language/call.ts";
import type { Outcome } from "../../spec/language/outcome.ts";
import { CompiledInterleaving } from "../compile/interleaving/search.ts";
import { TwoCalls } from "../compile/interleaving/two-calls.ts";
import type { Bounded } from "../explore/bounded.ts";
import { Totals } from "../explore/explored.ts";
import { NO_LIMIT } from "../explore/sweep.ts";
import type { Outcomes } from "./outcomes.ts";

/** Behind the words of an end: both results by number. A bug of the kernel is an end without a state, whose results are both its number. */
const RESULTS = 2;

export class Ends {
  /** Words of a state. */
  readonly words: number;
  /** Of an end: its state, and both results. */
  readonly width: number;
  count = 0;
  /** End i at rows[i * width …]. */
  rows: Int32Array;
  private readonly subject: Bounded;
  private readonly search: CompiledInterleaving;
  private readonly two: TwoCalls;
  private readonly outcomes: Outcomes;
  private readonly numbers: number[] = [];
  private readonly start: Int32Array;

  constructor(subject: Bounded, outcomes: Outcomes) {
    this.subject = subject;
    this.outcomes = outcomes;
    this.search = new CompiledInterleaving(subject, { budget: NO_LIMIT }, new Totals(), 0);
    this.two = new TwoCalls(this.search, true);
    this.words = this.search.codec.words;
    this.width = this.words + RESULTS;
    this.rows = new Int32Array(64 * this.width);
    this.start = new Int32Array(this.words);
  }

  /** The actor of a call: two of the same one do not overlap, but for tasks. */
  actor(k: number): string {
    return this.search.advancer.actor(k);
  }

  /** The state from which two calls begin. */
  from(words: Int32Array, offset: number): void {
    this.start.set(words.subarray(offset, offset + this.words));
    this.two.from(words, offset);
  }

  /** Fills `rows` with the ends of two calls. */
  of(a: number, b: number): void {
    const { two, words, width } = this;
    this.count = 0;
    two.everyEnd(a, b, (x, y) => {
      const at = this.row();
      for (let i = 0; i < words; i++) this.rows[at + i] = two.current[i]!;
      this.rows[at + words] = this.number(x);
      this.rows[at + words + 1] = this.number(y);
      return true;
    });
    for (const promise of [...two.bugs].sort()) {
      const at = this.row();
      this.rows.fill(0, at, at + words);
      this.rows.fill(this.outcomes.ofBug(promise), at + words, at + width);
    }
  }

  private row(): number {
    const { width } = this;
    const at = this.count++ * width;
    if (at + width > this.rows.length) {
      const more = new Int32Array(this.rows.length * 2);
      more.set(this.rows);
      this.rows = more;
    }
    return at;
  }

  private number(local: number): number {
    return (this.numbers[local] ??= this.outcomes.of(this.two.outcomes[local]!));
  }

  /** Both results of an end, as one number. */
  results(end: number): number {
    const at = end * this.width + this.words;
    return this.rows[at]! * 2 ** 20 + this.rows[at + 1]!;
  }

  /** How the two end one after the other, in both orders; a number each, as above. */
  inOrder(a: number, b: number): readonly number[] {
    const straight = this.after(a, b);
    const turned = this.after(b, a);
    return [straight[0]! * 2 ** 20 + straight[1]!, turned[1]! * 2 ** 20 + turned[0]!];
  }

  private after(...calls: readonly number[]): number[] {
    const { codec } = this.search;
    codec.unpack(this.start, 0);
    return calls.map((k) => this.run(k));
  }

  private run(k: number): number {
    const { subject, search, outcomes } = this;
    try {
      const ended = subject.instances[k]!.run(search.codec.draft, subject.m);
      return ended === disabled ? outcomes.notMade : outcomes.of(ended as Outcome);
    } catch (error) {
      if (error instanceof KernelBug) return outcomes.ofBug(error.breaks.name);
      throw error;
    }
  }
}
