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
import type { EndOfTwo } from "../interleave/two-calls.ts";
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

/** An outcome of two calls that overlap which one design alone has. */
export interface Clash {
  readonly kind: "outcome gained" | "outcome lost";
  readonly calls: readonly [SharedCall, SharedCall];
  readonly from: string;
  readonly to: string;
  readonly pair: number;
  /** Whether this is the outcome. */
  readonly isEnd: (end: EndOfTwo) => boolean;
}

/** One call, or two that overlap, and the packed states that they lead to. */
export interface Leg {
  readonly calls: readonly SharedCall[];
  readonly to: { readonly a: Int32Array; readonly b: Int32Array };
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
  protected readonly shared: Shared;
  protected readonly outcomes: Outcomes;
  protected readonly a: Answers;
  protected readonly b: Answers;
  private readonly batch: Batch;
  /** Differences that are known, by call and numbers of outcomes. */
  private readonly seen = new Set<number>();
  private readonly callNumbers: readonly number[];

  constructor(shared: Shared, { first = false, interpreted = false, ...options }: LockstepOptions) {
    const outcomes = new Outcomes();
    const patience = interpreted ? Infinity : undefined;
    const [a, b] = [new Answers(shared.a, outcomes, patience), new Answers(shared.b, outcomes, patience)];
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

  protected readonly found: { any: boolean };

  /** The first of each two calls and outcome, where calls overlap. */
  clashes(): readonly Clash[] {
    return [];
  }

  /** Overlaps behind which the search does not go on, for the states are not known from the results. */
  readonly unfollowed: number = 0;

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

  /** What leads to a pair, step by step: shared calls, and the numbers of the pairs that they lead to. */
  wayTo(pair: number): readonly Leg[] {
    const legs: Leg[] = [];
    for (let at = pair; at !== 0; at = this.store.parents[at]!)
      legs.push({ calls: this.callsOf(this.store.via[at]!), to: this.pairAt(at) });
    return legs.reverse();
  }

  protected callsOf(via: number): readonly SharedCall[] {
    return [this.shared.calls[via]!];
  }

  /** The packed states of a pair. */
  pairAt(pair: number): Leg["to"] {
    const { store, a } = this;
    const packed = new Int32Array(store.words);
    store.read(pair, packed);
    return { a: packed.subarray(0, a.words), b: packed.subarray(a.words) };
  }

  protected override start(): void {
    const first = new Int32Array(this.store.words);
    first.set(this.a.start());
    first.set(this.b.start(), this.a.words);
    this.store.insert(first, 0, 0);
  }

  protected override expand(pair: number): void {
    const { store, batch } = this;
    const offset = store.locate(pair);
    batch.count = 0;
    this.expandPair(pair, store.located, offset);
    store.insertAll(batch, pair);
  }

  /** Appends all pairs behind the one at from[offset …]. */
  protected expandPair(pair: number, from: Int32Array, offset: number): void {
    const { a, b, shared } = this;
    a.of(from, offset);
    b.of(from, offset + a.words);
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
  }

  /** Appends the pair behind a call; -1 stands for the state before it. */
  private follow(from: Int32Array, offset: number, call: number, inA: number, inB: number): void {
    const { a, b } = this;
    const second = offset + a.words;
    this.append(
      call,
      inA < 0 ? from : a.next,
      inA < 0 ? offset : inA,
      inB < 0 ? from : b.next,
      inB < 0 ? second : inB,
    );
  }

  /** Appends a pair of states. */
  protected append(via: number, ofA: Int32Array, atA: number, ofB: Int32Array, atB: number): void {
    const { a, b, batch } = this;
    batch.reserve(1);
    const { words } = batch;
    const at = batch.count * batch.width;
    const middle = at + a.words;
    for (let i = 0; i < a.words; i++) words[at + i] = ofA[atA + i]!;
    for (let i = 0; i < b.words; i++) words[middle + i] = ofB[atB + i]!;
    batch.via[batch.count++] = via;
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
