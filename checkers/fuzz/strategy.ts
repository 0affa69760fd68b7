/** Who goes on next, of calls in flight and of those that are about to begin. */
import type { Scheduler } from "fast-check";
import type { Random } from "./random.ts";

/** A call of a bout, by the number in which it came up. */
export interface Runnable {
  readonly number: number;
}

export interface Strategy {
  /** One of some, of which there is at least one. Asked again with those that are left when that one has to wait. */
  next<T extends Runnable>(candidates: readonly T[], random: Random): T | Promise<T>;
}

export const uniform: Strategy = {
  next: (candidates, random) => random.of(candidates),
};

/** Decisions in a bout, about: so many places there are for a change of priorities. */
const DECISIONS = 16;

/**
 * Priorities that are drawn when a call comes up, and changed at a few places only (PCT, Burckhardt et al., ASPLOS 2010): a race that needs d orderings is
 * found with a probability that falls with the length of the run to the power of d - 1, and not with the number of its interleavings.
 */
export class Priorities implements Strategy {
  private readonly of = new Map<number, number>();
  private readonly changes: number;
  private lowest = 0;

  constructor(changes: number) {
    this.changes = changes;
  }

  next<T extends Runnable>(candidates: readonly T[], random: Random): T {
    for (const { number } of candidates) if (!this.of.has(number)) this.of.set(number, random.word());
    const first = this.first(candidates);
    if (!random.chance(this.changes / DECISIONS)) return first;
    this.of.set(first.number, --this.lowest);
    return this.first(candidates);
  }

  private first<T extends Runnable>(candidates: readonly T[]): T {
    return candidates.reduce((a, b) => (this.of.get(a.number)! >= this.of.get(b.number)! ? a : b));
  }
}

/** fast-check's scheduler: each call that could go on is a task of it, and the one that it resolves first goes on. */
export class Scheduled implements Strategy {
  private readonly scheduler: Scheduler;
  private readonly waiting = new Set<number>();
  private resolved: number | null = null;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  async next<T extends Runnable>(candidates: readonly T[]): Promise<T> {
    for (;;) {
      for (const { number } of candidates) this.schedule(number);
      await this.scheduler.waitOne();
      const found = candidates.find(({ number }) => number === this.resolved);
      if (found !== undefined) return found;
    }
  }

  private schedule(number: number): void {
    if (this.waiting.has(number)) return;
    this.waiting.add(number);
    void this.scheduler.schedule(Promise.resolve(number), `call ${number}`).then(() => {
      this.waiting.delete(number);
      this.resolved = number;
    });
  }
}
