/**
 * Breadth first, level by level, within a budget: what the sequential search and the interleaving one have in common.
 */
import type { Bounded } from "./bounded.ts";
import type { Position } from "./checkpoint.ts";
import type { Tracking } from "./codec.ts";
import { NoMemory } from "./column.ts";
import type { Explored, Totals } from "./explored.ts";
import type { Hire } from "../parallel/crew.ts";
import { NoRoom } from "./spill.ts";
import { Store, type StoreOptions } from "./store.ts";

export interface Budget {
  readonly states: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Levels that are expanded; all when absent. */
  readonly levels?: number;
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
  /** The search ends once one of these is found, broken or reached, with the states of some more steps seen; it goes on when absent. */
  readonly until?: ReadonlySet<string>;
  readonly onProgress?: (progress: Progress) => void;
  /** Whether local sections run in one go with the one before them; true when absent. */
  readonly merges?: boolean;
  /** Whether calls that overlap are compared with their orders; true when absent. */
  readonly orders?: boolean;
  /** Asks the search to stop; what it has by then is reported. */
  readonly stop?: () => string | null;
  /** Sees the visited set of each search of the run, when that has ended. */
  readonly onVisited?: (tracking: Tracking, visited: Store) => void;
  /** A folder for the states that are more than the budget has bytes for. */
  readonly spill?: string;
  /** A folder in which the run is written down now and then, to be resumed. */
  readonly checkpoint?: string;
  /** At the ends of levels, and whenever so much time has passed; a minute when absent. */
  readonly checkpointSeconds?: number;
  /** A folder with such a run, to go on from. */
  readonly resume?: string;
  /** Differs where the design or the tool does: a run is not resumed with another one. */
  readonly content?: string;
  /** Where translations are kept, and what stands for the text that they are made from; they are made anew when absent. */
  readonly cache?: { readonly folder: string; readonly content: () => string };
  /** Whether calls run as they are written, and no code is generated; false when absent. */
  readonly interpreted?: boolean;
  /**
   * What of the states that differ in names alone is searched: `exact`, where calls treat the names alike; `orbits`, also where they lead to
   * states that differ in names (the lowest free id). All of them when absent.
   */
  readonly symmetry?: "exact" | "orbits";
  /** Whether 64 bits stand for a state that is larger; false when absent. */
  readonly compaction?: boolean;
  /** Starts threads that help where the search turns out to be long; it stays in one when absent. */
  readonly hire?: Hire;
  /** Whether nothing is trusted: every access is checked, every step taken twice, in both ways; false when absent. */
  readonly paranoid?: boolean;
  /** Whether it is counted where states and time go; false when absent. */
  readonly profile?: boolean;
  /** Whether it is counted how often each section of each call runs, for which calls run as they are written; false when absent. */
  readonly sections?: boolean;
  /** Searches in place of this process; sequential runs only. */
  readonly elsewhere?: (
    subject: Bounded,
    options: SearchOptions,
    onNotice: (notice: string) => void,
  ) => Promise<Explored>;
  /** Whether a search that may have missed states can say "holds"; false when absent. */
  readonly acceptCompaction?: boolean;
}

/** The options that can be handed to another thread. */
export type PlainOptions = Omit<
  SearchOptions,
  "budget" | "only" | "until" | "cache" | "hire" | "elsewhere" | "onProgress" | "stop" | "onVisited"
>;

/** Where a sweep stands between two states. */
export type Standing = Pick<
  Position,
  "index" | "count" | "words" | "levels" | "levelEnd" | "depth" | "before"
>;

const SLICE_MS = 100;
/** States between two looks at the budget. */
const STATES_PER_CHECK = 64;
/** The cache of what was spilled takes this share of the budget at most. */
const CACHE_SHARE = 8;
const MOST_CACHE = 2 ** 22;

export abstract class Sweep {
  readonly levels: number[] = [];
  readonly store: Store;
  protected readonly options: SearchOptions;
  protected readonly total: Totals;
  private readonly started: number;
  /** What the searches before this one had. */
  private before: { readonly states: number; readonly bytes: number };
  /** The next state to expand, the first one of the level behind it, and its level. */
  private index = 0;
  private levelEnd = 1;
  private depth = 0;

  constructor(
    store: StoreOptions & { readonly words: number },
    options: SearchOptions,
    total: Totals,
    started: number,
  ) {
    this.store = new Store(store.words, { ...store, spill: spillOf(options) });
    this.options = options;
    this.total = total;
    this.started = started;
    this.before = { states: total.states, bytes: total.bytes };
  }

  /** Puts the initial state into the store. */
  protected abstract start(): void;
  /** Runs everything that can be done in one state. */
  protected abstract expand(index: number): void;
  /** The same of one state or some, from `index` on and before `end`; gives the next one. */
  protected expandSome(index: number, _end: number): number {
    this.expand(index);
    return index + 1;
  }
  /** Adds what was counted to the totals. */
  protected flush(): void {}
  /** Bytes beside those of the store. */
  protected get moreBytes(): number {
    return 0;
  }
  /** The same of more states, with other threads; null where there are none. */
  protected together: ((index: number, end: number) => Promise<number>) | null = null;
  /** Called now and then, between two states. */
  protected async pause(): Promise<void> {
    await new Promise((resume) => setImmediate(resume));
  }
  /** Transitions of the search at hand that are not in the totals yet. */
  protected get moreTransitions(): number {
    return 0;
  }
  /** Called where the search can be written down: at the end of a level, now and then, and when no more states are expanded. */
  protected standAt(_where: "level" | "slice" | "end"): void {}

  async run(): Promise<void> {
    const { store, total } = this;
    if (store.count === 0) {
      this.start();
      this.levels.push(1);
    }
    let slice = performance.now();
    let broken = false;
    let check = 1;
    while (this.index < store.count) {
      const full =
        this.together === null
          ? this.orFull(() => this.expandNext(check))
          : await this.expandTogether(this.together);
      const isLast = this.index === store.count;
      if (full === null && this.index < check && !isLast) continue;
      check = this.index + STATES_PER_CHECK;
      broken = full !== null;
      this.tally();
      total.stopped = full ?? this.whyStop(isLast);
      if (total.stopped !== null) break;
      if (performance.now() - slice < SLICE_MS) continue;
      this.report(store.count - this.index + 1);
      total.stopped = this.orFull(() => this.standAt("slice"));
      if (total.stopped !== null) break;
      await this.pause();
      slice = performance.now();
    }
    this.flush();
    // A run that has ended needs no checkpoint.
    if (!broken) this.orFull(() => this.standAt("end"));
    if (total.stopped !== null) this.cut();
    total.depth = Math.max(total.depth, this.depth);
  }

  private expandNext(end: number): void {
    this.enterLevel();
    this.index = this.expandSome(this.index, Math.min(end, this.levelEnd));
  }

  private async expandTogether(together: NonNullable<Sweep["together"]>): Promise<string | null> {
    this.enterLevel();
    try {
      this.index = await together(this.index, this.levelEnd);
      return null;
    } catch (error) {
      return whyFull(error);
    }
  }

  /** Goes on to the next level where this one is at its end. */
  private enterLevel(): void {
    const { store } = this;
    if (this.index !== this.levelEnd) return;
    this.depth++;
    this.levels.push(store.count - this.levelEnd);
    this.levelEnd = store.count;
    this.standAt("level");
  }

  /** The level at hand was not expanded to its end. */
  private cut(): void {
    this.levels.push(this.store.count - this.levelEnd);
    this.depth = Math.max(0, this.depth - 1);
  }

  protected standing(): Standing {
    const { index, store, levels, levelEnd, depth, before } = this;
    return { index, count: store.count, words: store.words, levels, levelEnd, depth, before };
  }

  /** Goes on from where another process stood; the store has its states. */
  protected standAgain({ index, levels, levelEnd, depth, before }: Standing): void {
    this.index = index;
    this.levels.push(...levels);
    this.levelEnd = levelEnd;
    this.depth = depth;
    this.before = before;
    this.tally();
  }

  /** The level of a state. */
  protected depthOf(state: number): number {
    let depth = 0;
    for (let end = this.levels[0]!; end <= state; end += this.levels[depth]!) depth++;
    return depth;
  }

  /** Why the search has to stop where it stands; states are moved to the disk before memory is said to be used up. */
  whyStop(atEnd = false): string | null {
    if (atEnd) return null;
    const { budget, stop } = this.options;
    const { total } = this;
    if (total.states > budget.states) return `more than ${budget.states} states`;
    if (total.bytes > budget.bytes) {
      const full = this.orFull(() => this.spill());
      if (full !== null) return full;
      if (total.bytes > budget.bytes) return `more than ${budget.bytes} bytes`;
    }
    if (this.depth >= (budget.levels ?? Infinity)) return `more than ${budget.levels} levels`;
    if (this.seconds() > budget.seconds) return `more than ${budget.seconds} seconds`;
    for (const name of total.findings.keys())
      if (this.options.until?.has(name) === true) return `${name} is found`;
    return stop?.() ?? null;
  }

  private spill(): void {
    while (this.total.bytes > this.options.budget.bytes && this.store.spillHalf()) this.tally();
  }

  /** Brings the totals up to date with the store. */
  private tally(): void {
    this.total.states = this.before.states + this.store.count;
    this.total.bytes = this.before.bytes + this.store.bytes + this.moreBytes;
  }

  protected seconds(): number {
    return (performance.now() - this.started) / 1000;
  }

  private report(frontier: number): void {
    this.flush();
    const { states, bytes } = this.total;
    const transitions = this.total.transitions + this.moreTransitions;
    const { depth } = this;
    this.options.onProgress?.({ states, transitions, depth, frontier, seconds: this.seconds(), bytes });
  }

  /** Why it could not be done; null when it was. */
  protected orFull(what: () => void): string | null {
    try {
      what();
      return null;
    } catch (error) {
      return whyFull(error);
    }
  }

  protected pathTo(index: number): number[] {
    const path: number[] = [];
    for (let at = index; at !== 0; at = this.store.parents[at]!) path.push(this.store.via[at]!);
    return path.reverse();
  }

  /** Gives back what is held outside of memory. */
  close(): void {
    this.store.close();
  }
}

/** Why there is no room; an error of another kind is thrown again. */
function whyFull(error: unknown): string {
  if (error instanceof NoMemory) return "no memory for more states";
  if (error instanceof NoRoom) return error.message;
  throw error;
}

function spillOf({ spill, budget }: SearchOptions): StoreOptions["spill"] {
  if (spill === undefined) return undefined;
  return { dir: spill, cache: Math.min(MOST_CACHE, budget.bytes / CACHE_SHARE) };
}
