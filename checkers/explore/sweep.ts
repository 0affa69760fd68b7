/**
 * Breadth first, level by level, within a budget: what the sequential search and the interleaving one have in common.
 */
import type { Tracking } from "./codec.ts";
import type { Totals } from "./explored.ts";
import { NoMemory, Store } from "./store.ts";

export interface Budget {
  readonly states: number;
  readonly seconds: number;
  readonly bytes: number;
}

export const NO_LIMIT: Budget = { states: Infinity, seconds: Infinity, bytes: Infinity };

export interface Progress {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly frontier: number;
  readonly seconds: number;
  readonly bytes: number;
}

export interface SearchOptions {
  readonly budget: Budget;
  readonly only?: ReadonlySet<string>;
  readonly onProgress?: (progress: Progress) => void;
  /** Whether local sections run in one go with the one before them; true when absent. */
  readonly merges?: boolean;
  /** Whether calls that overlap are compared with their orders; true when absent. */
  readonly orders?: boolean;
  /** Asks the search to stop; what it has by then is reported. */
  readonly stop?: () => string | null;
  /** Sees the visited set of each search of the run, when that has ended. */
  readonly onVisited?: (tracking: Tracking, visited: Store) => void;
}

const SLICE_MS = 100;

export abstract class Sweep {
  readonly levels: number[] = [];
  readonly store: Store;
  protected readonly options: SearchOptions;
  protected readonly total: Totals;
  private readonly started: number;

  constructor(words: number, options: SearchOptions, total: Totals, started: number) {
    this.store = new Store(words);
    this.options = options;
    this.total = total;
    this.started = started;
  }

  /** Puts the initial state into the store. */
  protected abstract start(): void;
  /** Runs everything that can be done in one state. */
  protected abstract expand(index: number): void;

  async run(): Promise<void> {
    const { store, total } = this;
    this.start();
    const before = { states: total.states, bytes: total.bytes };
    let levelEnd = 1;
    let depth = 0;
    let slice = performance.now();
    for (let index = 0; index < store.count; index++) {
      if (index === levelEnd) {
        depth++;
        this.levels.push(store.count - levelEnd);
        levelEnd = store.count;
      }
      const full = this.expandOrStop(index);
      if (!full && (index & 63) !== 0 && index + 1 !== store.count) continue;
      total.states = before.states + store.count;
      total.bytes = before.bytes + store.bytes;
      total.stopped = this.whyStop(full, index + 1 === store.count);
      if (total.stopped !== null) {
        this.levels.push(store.count - levelEnd);
        // The level at hand was not expanded to its end.
        depth = Math.max(0, depth - 1);
        break;
      }
      if (performance.now() - slice < SLICE_MS) continue;
      this.report(depth, store.count - index);
      await new Promise((resume) => setImmediate(resume));
      slice = performance.now();
    }
    total.depth = Math.max(total.depth, depth);
  }

  whyStop(full: boolean, atEnd: boolean): string | null {
    if (full) return "no memory for more states";
    if (atEnd) return null;
    const { budget, stop } = this.options;
    const { total } = this;
    if (total.states > budget.states) return `more than ${budget.states} states`;
    if (total.bytes > budget.bytes) return `more than ${budget.bytes} bytes`;
    if (this.seconds() > budget.seconds) return `more than ${budget.seconds} seconds`;
    return stop?.() ?? null;
  }

  private seconds(): number {
    return (performance.now() - this.started) / 1000;
  }

  private report(depth: number, frontier: number): void {
    const { states, transitions, bytes } = this.total;
    this.options.onProgress?.({ states, transitions, depth, frontier, seconds: this.seconds(), bytes });
  }

  /** True when the machine has no memory for the successors. */
  private expandOrStop(index: number): boolean {
    try {
      this.expand(index);
      return false;
    } catch (error) {
      if (error instanceof NoMemory) return true;
      throw error;
    }
  }

  protected pathTo(index: number): number[] {
    const path: number[] = [];
    for (let at = index; at !== 0; at = this.store.parents[at]!) path.push(this.store.via[at]!);
    return path.reverse();
  }
}
