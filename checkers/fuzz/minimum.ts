/** The generic minimiser: what fails is made smaller until no single reduction of it fails, and how many of them were tried is said. */
import type { Certificate } from "../../spec/language/trace.ts";

/** One smaller candidate: a step left out, an argument replaced by a simpler one, an actor or a bound less. */
export interface Reduction<P> {
  readonly kind: "deletion" | "argument" | "actor" | "bound";
  /** For people: "without call 3, close-vm". */
  readonly what: string;
  readonly to: P;
}

export interface MinimiseOptions<P> {
  /** Several reductions at once, the biggest first, to get to something small in few runs: `withoutChunks`. */
  readonly coarse?: (p: P) => Iterable<P>;
  /** Ways out of a minimum of single reductions, each to something smaller: two steps at once, one step in place of two. */
  readonly further?: (p: P) => Iterable<P>;
  /** The most runs of `fails`. */
  readonly runs?: number;
  /** Asked before each run, and once true the smallest so far is the answer. */
  readonly stop?: () => boolean;
}

export interface Minimised<P> {
  readonly minimum: P;
  /** Null where the budget ended before a whole pass of single reductions: the minimum may not be one. */
  readonly certificate: Certificate | null;
  /** How often `fails` was run. */
  readonly runs: number;
}

/** Where a certificate counts a kind of reduction. */
export const COUNTED = {
  deletion: "deletions",
  argument: "arguments",
  actor: "actors",
  bound: "bounds",
} as const;

/**
 * Goes down by big deletions first (delta debugging), then by single reductions until none of them fails any more.
 * `failing` is taken to fail. `ways` gives all single reductions of a candidate, each smaller in an order that has an end.
 */
export async function minimise<P>(
  failing: P,
  ways: (p: P) => Iterable<Reduction<P>>,
  fails: (p: P) => boolean | Promise<boolean>,
  options: MinimiseOptions<P> = {},
): Promise<Minimised<P>> {
  const { coarse = () => [], further = () => [] } = options;
  const runner = new Runner(fails, options);
  let minimum: P = await descend(failing, coarse, runner);
  for (;;) {
    const pass = await wholePass(minimum, ways, runner);
    minimum = pass.minimum;
    const { certificate } = pass;
    if (certificate === null) return { minimum, certificate, runs: runner.runs };
    const smaller = await firstFailing(further(minimum), runner);
    if (smaller === null) return { minimum, certificate, runs: runner.runs };
    minimum = smaller;
  }
}

/** A list without a part of it: halves first, then parts half as long, down to parts of two (delta debugging's complements). */
export function* withoutChunks<T>(list: readonly T[]): Iterable<readonly T[]> {
  for (
    let length = Math.ceil(list.length / 2);
    length > 1;
    length = length === 2 ? 1 : Math.ceil(length / 2)
  ) {
    for (let end = list.length; end > 0; end -= length)
      yield [...list.slice(0, Math.max(0, end - length)), ...list.slice(end)];
  }
}

/** Others are let in as often: whoever asks for a stop, say. */
const SLICE_MS = 50;

/** Runs candidates as long as the budget lasts. */
class Runner<P> {
  runs = 0;
  private readonly fails: (p: P) => boolean | Promise<boolean>;
  private readonly most: number;
  private readonly stop: () => boolean;
  private pausedAt = performance.now();

  constructor(
    fails: (p: P) => boolean | Promise<boolean>,
    { runs = Infinity, stop = () => false }: MinimiseOptions<P>,
  ) {
    this.fails = fails;
    this.most = runs;
    this.stop = stop;
  }

  /** Null where there is no budget left to know. */
  async run(candidate: P): Promise<boolean | null> {
    if (performance.now() - this.pausedAt > SLICE_MS) {
      await new Promise((resume) => setImmediate(resume));
      this.pausedAt = performance.now();
    }
    if (this.runs >= this.most || this.stop()) return null;
    this.runs++;
    return this.fails(candidate);
  }
}

async function firstFailing<P>(candidates: Iterable<P>, runner: Runner<P>): Promise<P | null> {
  for (const candidate of candidates) {
    const fails = await runner.run(candidate);
    if (fails === null) return null;
    if (fails) return candidate;
  }
  return null;
}

async function descend<P>(failing: P, smaller: (p: P) => Iterable<P>, runner: Runner<P>): Promise<P> {
  for (let at = failing; ;) {
    const next = await firstFailing(smaller(at), runner);
    if (next === null) return at;
    at = next;
  }
}

/** Takes single reductions until a pass over all of them takes none; that pass is the certificate. */
async function wholePass<P>(
  failing: P,
  ways: (p: P) => Iterable<Reduction<P>>,
  runner: Runner<P>,
): Promise<{ readonly minimum: P; readonly certificate: Certificate | null }> {
  let minimum = failing;
  // A candidate's first reductions are mostly those that were tried before its last one was taken: they wait for the next pass.
  let skipped = 0;
  for (;;) {
    const counts = { deletions: 0, arguments: 0, actors: 0, bounds: 0 };
    let taken: P | null = null;
    let place = 0;
    for (const { kind, to } of ways(minimum)) {
      if (place++ < skipped) continue;
      const fails = await runner.run(to);
      if (fails === null) return { minimum, certificate: null };
      counts[COUNTED[kind]]++;
      if (!fails) continue;
      taken = to;
      break;
    }
    if (taken !== null) {
      minimum = taken;
      skipped = place - 1;
    } else if (skipped === 0) return { minimum, certificate: counts };
    else skipped = 0;
  }
}
