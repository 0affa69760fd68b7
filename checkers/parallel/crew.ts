/**
 * A search in several threads, as the one sees it that leads it: it works as the first hand, and hears of what the others found at the end.
 *
 * Threads are hired when a search turns out to be long, and load the design while it goes on; when all are there they take over between two
 * states, and go through the rest round by round. All wait for each other between the steps of a round: a table that is full is made anew; what
 * nobody has taken is expanded and looked up; what is new is counted; it gets its numbers.
 */
import type { Worker } from "node:worker_threads";
import type { Expander } from "../explore/expander.ts";
import { NoMemory } from "../explore/column.ts";
import type { TotalsNow } from "../explore/explored.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { Barrier } from "./barrier.ts";
import { Hand } from "./hand.ts";
import { slotsFor, stepsOf } from "./round.ts";
import { CELL, doneOf, foundIn, mostFound, share, type Shared } from "./shared.ts";

/** Starts threads, each of which loads the design, says so, and helps. */
export interface Hire {
  /** Threads in all, with the one that searches already. */
  readonly hands: number;
  /** Only for a search that has so many states. */
  readonly from: number;
  /** Whether the search waits for the threads to have loaded the design; it goes on alone until then when absent. */
  readonly isPatient?: true;
  thread(): Worker;
}

/** What a thread is told: once to begin, or not at all. */
export interface ToHand {
  readonly shared: Shared;
  readonly me: number;
  readonly translation: unknown;
}

/** What it says. */
export type FromHand =
  | { readonly kind: "loaded" | "ready" }
  | { readonly kind: "done"; readonly totals: TotalsNow }
  | { readonly kind: "failed"; readonly error: Failure };

export type Failure =
  | { readonly of: "model"; readonly message: string; readonly place: string }
  | { readonly of: "tool"; readonly message: string };

/** Threads that were hired, before they work and while they do. */
export class Threads {
  private readonly workers: readonly Worker[];
  private readonly heard = { loaded: 0, ready: 0 };
  private readonly totals: TotalsNow[] = [];
  private wake: () => void = () => undefined;
  private readonly failed: Promise<never>;
  private ending = false;

  constructor({ hands, thread }: Hire) {
    this.workers = Array.from({ length: hands - 1 }, thread);
    this.failed = new Promise((_, reject) => {
      for (const worker of this.workers) this.listen(worker, reject);
    });
    // Whoever waits for the threads hears of it; nobody may be waiting.
    this.failed.catch(() => undefined);
  }

  private listen(worker: Worker, reject: (error: Error) => void): void {
    worker.on("message", (message: FromHand) => {
      if (message.kind === "failed") reject(errorOf(message.error));
      else if (message.kind === "done") this.totals.push(message.totals);
      else this.heard[message.kind]++;
      this.wake();
    });
    worker.on("error", reject);
    worker.on("exit", (code) => {
      if (!this.ending) reject(new Error(`a thread of the search ended with code ${code}`));
    });
  }

  get failure(): Promise<never> {
    return this.failed;
  }

  get areLoaded(): boolean {
    return this.heard.loaded === this.workers.length;
  }

  loaded(): Promise<void> {
    return this.until(() => this.areLoaded);
  }

  async begin(shared: Shared, translation: unknown): Promise<void> {
    this.workers.forEach((worker, i) =>
      worker.postMessage({ shared, me: i + 1, translation } satisfies ToHand),
    );
    await this.until(() => this.heard.ready === this.workers.length);
  }

  /** What all of them counted and found. */
  async reports(): Promise<readonly TotalsNow[]> {
    await this.until(() => this.totals.length === this.workers.length);
    return this.totals;
  }

  private async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await Promise.race([new Promise<void>((wake) => (this.wake = wake)), this.failed]);
  }

  end(): void {
    this.ending = true;
    for (const worker of this.workers) void worker.terminate();
  }
}

function errorOf(failure: Failure): Error {
  if (failure.of === "tool") return new Error(failure.message);
  return ModelError.told(failure.message, failure.place);
}

export class Crew {
  private readonly threads: Threads;
  private readonly shared: Shared;
  private readonly hand: Hand;
  private readonly barrier: Barrier;
  private readonly transitions: () => number;

  private constructor(threads: Threads, shared: Shared, hand: Hand, transitions: () => number) {
    this.threads = threads;
    this.shared = shared;
    this.hand = hand;
    this.barrier = new Barrier(shared);
    this.transitions = transitions;
  }

  /** The threads take over a search that has so many states; `most` is the largest number of successors of one. */
  static async of(
    threads: Threads,
    hands: number,
    states: Int32Array,
    expander: Expander,
    most: number,
    transitions: () => number,
  ): Promise<Crew> {
    const shared = share(hands, expander.words, most, states);
    const begun = threads.begin(shared, expander.translation);
    const hand = new Hand(shared, 0, expander, most);
    await begun;
    return new Crew(threads, shared, hand, transitions);
  }

  get log(): Int32Array {
    return this.hand.log;
  }

  get bytes(): number {
    return this.shared.control[CELL.slots]! * 4;
  }

  /** Transitions of the other threads, as of the end of the last round. */
  get transitionsOfOthers(): number {
    return this.shared.transitions.reduce((sum, n, hand) => (hand === 0 ? sum : sum + n), 0);
  }

  /** Expands states from `first` on and before `end`, as many as there is room for: the next one, and how many states are known then. */
  async round(first: number, end: number, known: number): Promise<{ next: number; known: number }> {
    const { shared, hand, barrier, threads } = this;
    const { control, width, chunk } = shared;
    if ((known + mostFound(shared)) * width > hand.log.length) throw new NoMemory("the log is full");
    control[CELL.first] = first;
    control[CELL.end] = end;
    control[CELL.known] = known;
    control[CELL.next] = 0;
    const grown = slotsFor(shared, known);
    control[CELL.grows] = grown === control[CELL.slots] ? 0 : 1;
    control[CELL.slots] = grown;
    const steps = stepsOf(shared, hand, this.transitions);
    await barrier.waitOr(threads.failure);
    for (const step of steps) {
      step();
      await barrier.waitOr(threads.failure);
    }
    const done = doneOf(shared);
    return { next: Math.min(end, first + done * chunk), known: known + foundIn(shared, done) };
  }

  /** There are no more rounds: what the other threads counted and found. */
  async dismiss(): Promise<readonly TotalsNow[]> {
    const { shared, barrier, threads } = this;
    Atomics.store(shared.control, CELL.over, 1);
    await barrier.waitOr(threads.failure);
    return threads.reports();
  }
}
