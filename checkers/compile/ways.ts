/** The ways in which a step can go that reads cells which are not tracked: it is run once for every combination of their values. */
import { OUTCOMES } from "./outcomes.ts";

const MOST_RUNS = 100_000;
const MOST_CHOICES = 1024;
const NOT_MADE = -1;

export class Ways {
  count = 0;
  /** Words of the states that the ways lead to, one after the other. */
  words: Int32Array;
  outcome: Int32Array;
  elsewhere: Int32Array;
  private readonly width: number;
  /** By choice of the run at hand: the number taken, and of how many; as far as they were made. */
  private readonly script = new Int32Array(MOST_CHOICES);
  private readonly widths = new Int32Array(MOST_CHOICES);
  private made = 0;
  private taken = 0;
  private runs = 0;
  private first = NOT_MADE;
  private last = NOT_MADE;
  private alike = true;

  constructor(width: number) {
    this.width = width;
    this.words = new Int32Array(64 * width);
    this.outcome = new Int32Array(64);
    this.elsewhere = new Int32Array(64);
  }

  /** Before the first run. */
  begin(): void {
    this.made = 0;
    this.taken = 0;
    this.runs = 1;
    this.count = 0;
    this.last = NOT_MADE;
    this.alike = true;
  }

  /** A number below `count`, another one in each run. */
  choose(count: number): number {
    const at = this.taken++;
    if (at < this.made) return this.script[at]!;
    if (at === MOST_CHOICES) throw new Error(`a step reads more than ${MOST_CHOICES} untracked cells`);
    this.script[at] = 0;
    this.widths[at] = count;
    this.made++;
    return 0;
  }

  /** A run has ended in a state. */
  add(outcome: number, elsewhere: number, ...state: number[]): void {
    this.last = outcome;
    for (let i = 0; i < this.count; i++) if (this.isKnown(i, outcome, elsewhere, state)) return;
    if (this.count === this.outcome.length) this.grow();
    const at = this.count++;
    this.outcome[at] = outcome;
    this.elsewhere[at] = elsewhere;
    for (let i = 0; i < this.width; i++) this.words[at * this.width + i] = state[i]!;
  }

  private isKnown(at: number, outcome: number, elsewhere: number, state: readonly number[]): boolean {
    if (this.outcome[at] !== outcome || this.elsewhere[at] !== elsewhere) return false;
    for (let i = 0; i < this.width; i++) if (this.words[at * this.width + i] !== state[i]) return false;
    return true;
  }

  /** After a run: whether there is another one. */
  again(): boolean {
    if (this.runs === 1) this.first = this.last;
    else if (this.last !== this.first) this.alike = false;
    this.last = NOT_MADE;
    for (let at = this.taken - 1; at >= 0; at--) {
      if (this.script[at]! + 1 < this.widths[at]!) {
        this.script[at]!++;
        this.made = at + 1;
        this.taken = 0;
        if (++this.runs > MOST_RUNS)
          throw new Error(`a step reads too many untracked cells: over ${MOST_RUNS} combinations`);
        return true;
      }
    }
    return false;
  }

  /** Counts the step: its outcome, where all runs had the same. How many ways there are. */
  settle(counters: Int32Array, at: number): number {
    if (!this.alike) {
      if (this.count > 0) counters[at + OUTCOMES - 1]!++;
    } else if (this.first !== NOT_MADE) counters[at + (this.first % OUTCOMES)]!++;
    return this.count;
  }

  private grow(): void {
    const wider = (old: Int32Array): Int32Array => {
      const array = new Int32Array(old.length * 2);
      array.set(old);
      return array;
    };
    this.words = wider(this.words);
    this.outcome = wider(this.outcome);
    this.elsewhere = wider(this.elsewhere);
  }
}
