/**
 * Two designs in lockstep, one call at a time: a state is a pair of states that the same calls lead to. Breadth first, so that the first pair in
 * which a call tells the designs apart is reached by a shortest trace.
 *
 * Behind equal outcomes the search goes on, and behind two errors too, for who treats them alike sees what follows. Behind every other difference
 * user space has done different things, and nothing is left to compare.
 */
import { Batch } from "../explore/expander.ts";
import { Totals } from "../explore/explored.ts";
import { Sweep, type SearchOptions } from "../explore/sweep.ts";
import { Answers } from "./answers.ts";
import { NEWLY_ALLOWED, NEWLY_REFUSED, classOf, keyOf, type Class } from "./classify.ts";
import { Outcomes } from "./outcomes.ts";
import type { Shared, SharedCall } from "./shared.ts";

/** Where a call tells the designs apart: the numbers of a pair and of a shared call. */
export interface Parting extends Class {
  readonly call: SharedCall;
  readonly from: string;
  readonly to: string;
  readonly pair: number;
}

const NO_SUCH_CALL = "no such call";

/** Numbers of outcomes are below. */
const MOST_OUTCOMES = 2 ** 16;

export interface LockstepOptions extends Pick<
  SearchOptions,
  "budget" | "stop" | "onProgress" | "interpreted"
> {
  /** Ends at the first difference; false when absent. */
  readonly first?: boolean;
}

export class Lockstep extends Sweep {
  /** The first of each call and outcomes, in the order in which they were found. */
  private readonly known = new Map<string, Parting>();
  /** By call and parameters, where one design can make the call and the other one cannot. */
  private readonly unmade = new Map<string, Parting>();
  /** Calls, with their parameters, that end differently in a state in which both designs can make them. */
  private readonly differing: Uint8Array;
  private readonly shared: Shared;
  private readonly outcomes: Outcomes;
  private readonly a: Answers;
  private readonly b: Answers;
  private readonly batch: Batch;
  /** Differences that are known, by call and numbers of outcomes. */
  private readonly seen = new Set<number>();
  private readonly callNumbers: readonly number[];

  constructor(shared: Shared, { first = false, interpreted = false, ...options }: LockstepOptions) {
    const outcomes = new Outcomes();
    const [a, b] = [
      new Answers(shared.a, outcomes, interpreted),
      new Answers(shared.b, outcomes, interpreted),
    ];
    const found = { any: false };
    const stop = (): string | null =>
      first && found.any ? "a difference was found" : (options.stop?.() ?? null);
    super({ words: a.words + b.words, parents: true }, { ...options, stop }, new Totals(), performance.now());
    this.shared = shared;
    this.outcomes = outcomes;
    this.a = a;
    this.b = b;
    this.found = found;
    this.batch = new Batch(a.words + b.words);
    const names = [...new Set(shared.calls.map(({ name }) => name))];
    this.callNumbers = shared.calls.map(({ name }) => names.indexOf(name));
    this.differing = new Uint8Array(shared.calls.length);
  }

  /**
   * The first of each call and outcomes. That a call cannot be made in one design alone is told where nothing else is of the same call with the same
   * parameters: where a model has no room for what a call makes, it says so behind the checks of the call.
   */
  partings(): readonly Parting[] {
    const { known, unmade, differing, shared } = this;
    const more = new Map<string, Parting>();
    for (const parting of unmade.values()) {
      const key = `${parting.call.name}: ${parting.from} ${parting.to}`;
      if (differing[shared.calls.indexOf(parting.call)] === 0 && !more.has(key)) more.set(key, parting);
    }
    return [...known.values(), ...more.values()];
  }

  private readonly found: { any: boolean };

  get pairs(): number {
    return this.store.count;
  }

  get stopped(): string | null {
    return this.total.stopped;
  }

  get took(): number {
    return this.seconds();
  }

  get made(): { readonly transitions: number; readonly depth: number } {
    return this.total;
  }

  /** The shared calls that lead to a pair. */
  wayTo(pair: number): readonly SharedCall[] {
    return this.pathTo(pair).map((call) => this.shared.calls[call]!);
  }

  protected override start(): void {
    const first = new Int32Array(this.store.words);
    first.set(this.a.start());
    first.set(this.b.start(), this.a.words);
    this.store.insert(first, 0, 0);
  }

  protected override expand(pair: number): void {
    const { store, a, b, batch, shared } = this;
    const offset = store.locate(pair);
    const from = store.located;
    a.of(from, offset);
    b.of(from, offset + a.words);
    batch.count = 0;
    batch.reserve(shared.calls.length);
    const { calls } = shared;
    const { notMade } = this.outcomes;
    for (let call = 0; call < calls.length; call++) {
      const { a: inA, b: inB } = calls[call]!;
      if (inA < 0 || inB < 0) {
        this.inOne(pair, call, inA, inB);
        continue;
      }
      const [before, after] = [a.ended[inA]!, b.ended[inB]!];
      if (before === after) {
        if (before === notMade) continue;
        this.total.transitions++;
        if (a.at[inA]! >= 0 || b.at[inB]! >= 0) this.follow(from, offset, call, a.at[inA]!, b.at[inB]!);
        continue;
      }
      this.total.transitions++;
      this.parts(pair, call, before, after);
      const areErrors = this.outcomes.sort(before) === "refused" && this.outcomes.sort(after) === "refused";
      if (areErrors && (a.at[inA]! >= 0 || b.at[inB]! >= 0))
        this.follow(from, offset, call, a.at[inA]!, b.at[inB]!);
    }
    store.insertAll(batch, pair);
  }

  /** Appends the pair behind a call; -1 stands for the state before it. */
  private follow(from: Int32Array, offset: number, call: number, inA: number, inB: number): void {
    const { a, b, batch } = this;
    const at = batch.count * batch.width;
    const { words } = batch;
    if (inA < 0) for (let i = 0; i < a.words; i++) words[at + i] = from[offset + i]!;
    else for (let i = 0; i < a.words; i++) words[at + i] = a.next[inA + i]!;
    const [middle, second] = [at + a.words, offset + a.words];
    if (inB < 0) for (let i = 0; i < b.words; i++) words[middle + i] = from[second + i]!;
    else for (let i = 0; i < b.words; i++) words[middle + i] = b.next[inB + i]!;
    batch.via[batch.count++] = call;
  }

  /** A call that one design has: a difference where it does what it is asked. */
  private inOne(pair: number, call: number, inA: number, inB: number): void {
    const ended = inA >= 0 ? this.a.ended[inA]! : this.b.ended[inB]!;
    if (this.outcomes.sort(ended) !== "well") return;
    this.total.transitions++;
    const text = this.outcomes.text(ended);
    const [from, to] = inA >= 0 ? [text, NO_SUCH_CALL] : [NO_SUCH_CALL, text];
    const kind = inA >= 0 ? NEWLY_REFUSED : NEWLY_ALLOWED;
    const parting = { ...kind, call: this.shared.calls[call]!, from, to, pair };
    const key = `${parting.kind} ${parting.call.name}`;
    if (!this.known.has(key)) this.known.set(key, parting);
    this.found.any = true;
  }

  private parts(pair: number, call: number, before: number, after: number): void {
    const { outcomes, callNumbers, differing, seen, shared } = this;
    const isMade = before !== outcomes.notMade && after !== outcomes.notMade;
    if (isMade) differing[call] = 1;
    // Of calls that one design cannot make, by their parameters: see `partings`.
    const who = isMade ? callNumbers[call]! : callNumbers.length + call;
    const number = (who * MOST_OUTCOMES + before) * MOST_OUTCOMES + after;
    if (seen.has(number)) return;
    seen.add(number);
    const [from, to] = [outcomes.text(before), outcomes.text(after)];
    const parting = { ...this.classOf(call, before, after), call: shared.calls[call]!, from, to, pair };
    const key = keyOf({ ...parting, subject: parting.call.name });
    if (!isMade) this.unmade.set(`${call}: ${from} ${to}`, parting);
    else if (!this.known.has(key)) this.known.set(key, parting);
    this.found.any = true;
  }

  private classOf(call: number, before: number, after: number): Class {
    const { a, calls } = this.shared;
    const offers = a.instances[calls[call]!.a]!.call.offers === true;
    return classOf(this.outcomes, before, after, offers);
  }
}
