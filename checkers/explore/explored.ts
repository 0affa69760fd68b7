/** What a run finds out, over all its searches: one for each watched location, or just one. */
import type { Tracking } from "./codec.ts";
import type { RunProfile } from "./profile.ts";

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

/** The same, as it is found: where, and not yet the way there, which is looked for when the search has ended. */
export interface Finding extends Where {
  readonly property: string;
  readonly instance: Readonly<Record<string, number>>;
  readonly why: string;
  readonly loop?: number;
}

export interface Where {
  /** The number of a state. */
  readonly at: number;
  /** What was done from there. */
  readonly then: readonly number[];
  /** The whole way, where it is known already. */
  readonly path?: readonly number[];
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
  /** How likely it is that a state was taken for another one and missed: 0 where states are stored whole. */
  readonly missProbability: number;
  readonly profile?: RunProfile;
}

/** The totals of a run that is not at its end, as a checkpoint keeps them. */
export interface TotalsNow {
  readonly transitions: number;
  readonly depth: number;
  readonly levels: readonly number[];
  readonly found: readonly Found[];
  readonly findings: readonly Finding[];
  readonly decided: readonly string[];
  readonly undecidable: readonly string[];
  readonly outcomes: readonly (readonly [string, number])[];
}

/** States are asked about, and expanded, by their numbers; calls are made in their order. */
function isEarlier(a: Where, b: Where): boolean {
  return a.at < b.at || (a.at === b.at && (a.then[0] ?? -1) < (b.then[0] ?? -1));
}

/** What the searches of one run add up to. */
export class Totals {
  states = 0;
  transitions = 0;
  stopped: string | null = null;
  bytes = 0;
  depth = 0;
  missProbability = 0;
  readonly levels: number[] = [];
  readonly found = new Map<string, Found>();
  /** What the search at hand has found, the first of each property. */
  readonly findings = new Map<string, Finding>();
  readonly decided = new Set<string>();
  readonly undecidable = new Set<string>();
  readonly outcomes = new Map<string, number>();

  find(finding: Finding): void {
    if (!this.findings.has(finding.property)) this.findings.set(finding.property, finding);
  }

  /** Adds what another thread counted and found in the search at hand: of two findings, the one that a single thread would have come upon first. */
  add(other: TotalsNow): void {
    this.transitions += other.transitions;
    for (const [key, n] of other.outcomes) this.outcomes.set(key, (this.outcomes.get(key) ?? 0) + n);
    for (const name of other.decided) this.decided.add(name);
    for (const name of other.undecidable) this.undecidable.add(name);
    for (const finding of other.findings) {
      const known = this.findings.get(finding.property);
      if (known === undefined || isEarlier(finding, known)) this.findings.set(finding.property, finding);
    }
  }

  /**
   * The search at hand has ended: of two breaches, the shorter one is kept, and the earlier one when they are equally long. `depthOf` is that
   * of a state by its number; `pathsOf` finds the ways to some.
   */
  settle(
    tracking: Tracking,
    depthOf: (state: number) => number,
    pathsOf: (wanted: readonly Finding[]) => readonly (readonly number[])[],
  ): void {
    const wanted = [...this.findings.values()].filter(({ property, at, then, path }) => {
      const known = this.found.get(property);
      return known === undefined || (path?.length ?? depthOf(at) + then.length) < known.path.length;
    });
    this.findings.clear();
    const paths = pathsOf(wanted);
    wanted.forEach(({ property, instance, why, loop }, i) => {
      const found = { property, instance, why, path: paths[i]!, tracking };
      this.found.set(property, loop === undefined ? found : { ...found, loop });
    });
  }

  addLevels(levels: readonly number[]): void {
    levels.forEach((count, level) => (this.levels[level] = (this.levels[level] ?? 0) + count));
  }

  explored(seconds: number): Explored {
    const { states, transitions, depth, levels, bytes, stopped } = this;
    const { found, decided, undecidable, outcomes, missProbability } = this;
    const complete = stopped === null;
    const numbers = { states, transitions, depth, levels, seconds, bytes, missProbability };
    return { complete, stopped, ...numbers, found, decided, undecidable, outcomes };
  }

  now(): TotalsNow {
    const { transitions, depth, levels } = this;
    return {
      transitions,
      depth,
      levels,
      found: [...this.found.values()],
      findings: [...this.findings.values()],
      decided: [...this.decided],
      undecidable: [...this.undecidable],
      outcomes: [...this.outcomes],
    };
  }

  /** Goes on from what was there before; nothing has been counted yet. */
  restore(then: TotalsNow): void {
    this.transitions = then.transitions;
    this.depth = then.depth;
    this.levels.push(...then.levels);
    for (const found of then.found) this.found.set(found.property, found);
    for (const finding of then.findings) this.findings.set(finding.property, finding);
    for (const name of then.decided) this.decided.add(name);
    for (const name of then.undecidable) this.undecidable.add(name);
    for (const [key, n] of then.outcomes) this.outcomes.set(key, n);
  }
}
