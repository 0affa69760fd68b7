/** What a run finds out, over all its searches: one for each watched location, or just one. */
import type { Tracking } from "./codec.ts";

/** A property found broken, or a `sometimes` found reached: the shortest way there. */
export interface Found {
  readonly property: string;
  readonly instance: Readonly<Record<string, number>>;
  readonly why: string;
  /** The calls from the start, as indices into the bounded design's instances; with calls that overlap, a schedule (interleave/schedule.ts). */
  readonly path: readonly number[];
  /** How many steps at its end go round for ever: the loop of a lasso. */
  readonly loop?: number;
  readonly tracking: Tracking;
}

export interface Explored {
  readonly complete: boolean;
  /** Why it is not complete. */
  readonly stopped: string | null;
  readonly states: number;
  readonly transitions: number;
  /** The level of the deepest state; when not complete, the deepest level that was expanded to its end. */
  readonly depth: number;
  readonly levels: readonly number[];
  readonly seconds: number;
  readonly bytes: number;
  readonly found: ReadonlyMap<string, Found>;
  /** Properties of which at least one instance applied and could be decided in some state. */
  readonly decided: ReadonlySet<string>;
  /** Properties that somewhere needed cells which none of the run's searches tracks beside the others it needed. */
  readonly undecidable: ReadonlySet<string>;
  /** How often each call ended in each way: "call outcome" → count. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/** What the searches of one run add up to. */
export class Totals {
  states = 0;
  transitions = 0;
  stopped: string | null = null;
  bytes = 0;
  depth = 0;
  readonly levels: number[] = [];
  readonly found = new Map<string, Found>();
  readonly decided = new Set<string>();
  readonly undecidable = new Set<string>();
  readonly outcomes = new Map<string, number>();

  /** Keeps the shorter of two breaches; the earlier one when they are equally long. */
  record(found: Found): void {
    const known = this.found.get(found.property);
    if (known === undefined || found.path.length < known.path.length) this.found.set(found.property, found);
  }

  addLevels(levels: readonly number[]): void {
    levels.forEach((count, level) => (this.levels[level] = (this.levels[level] ?? 0) + count));
  }

  explored(seconds: number): Explored {
    const { states, transitions, depth, levels, bytes, stopped } = this;
    const { found, decided, undecidable, outcomes } = this;
    const complete = stopped === null;
    const numbers = { states, transitions, depth, levels, seconds, bytes };
    return { complete, stopped, ...numbers, found, decided, undecidable, outcomes };
  }
}
