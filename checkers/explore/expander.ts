/**
 * What the search needs of whatever runs the calls: the interpreted draft (interpreted.ts), or code compiled for a design.
 */

const FIRST_ROOM = 64;

/** Successors in a batch, from which on it is looked up. */
export const FULL = 512;

/** Successors of one state or some, collected before any of them is looked up: the table's cache misses overlap then. */
export class Batch {
  /** Words of a state. */
  readonly width: number;
  count = 0;
  /** Successor i at words[i * width …]. */
  words: Int32Array;
  /** The call instance that leads there. */
  via: Int32Array;

  constructor(width: number) {
    this.width = width;
    this.words = new Int32Array(FIRST_ROOM * width);
    this.via = new Int32Array(FIRST_ROOM);
  }

  /** Makes room for n more. */
  reserve(n: number): void {
    const needed = this.count + n;
    if (needed <= this.via.length) return;
    const room = Math.max(needed, this.via.length * 2);
    const words = new Int32Array(room * this.width);
    words.set(this.words.subarray(0, this.count * this.width));
    this.words = words;
    const via = new Int32Array(room);
    via.set(this.via.subarray(0, this.count));
    this.via = via;
  }

  append({ words, via, count, width }: Batch): void {
    this.reserve(count);
    this.words.set(words.subarray(0, count * width), this.count * width);
    this.via.set(via.subarray(0, count), this.count);
    this.count += count;
  }
}

/** Runs everything that can be done in a packed state. */
export interface Expander {
  /** 32-bit words of a packed state. */
  readonly words: number;
  /** Whether to expand a state again is cheap: then the store keeps no parents, and a path is found by expanding levels again. */
  readonly isCheap: boolean;
  /** What another thread needs to expand states in the same way, to be handed to it; null, or absent, where it cannot. */
  readonly translation?: unknown;
  /** Appends the changed successors of the state at from[offset …] to the batch, in the order of the calls; asks nothing, counts nothing. */
  successors(from: Int32Array, offset: number, batch: Batch): void;
  /** The same, and counts transitions and outcomes, and asks the promises of steps. `index` is the state's number. */
  expand(from: Int32Array, offset: number, index: number, batch: Batch): void;
  /** Asks the promises of states of a state that is new. */
  askState(from: Int32Array, offset: number, index: number): void;
  /** Adds what was counted to the totals (transitions, outcomes). Called before anything reads the totals: at progress, at stops, at the end. */
  flush(): void;
}
