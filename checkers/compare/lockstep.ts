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
import { CostsOfBoth, type CostChange } from "./costs-of-both.ts";
import { Outcomes } from "./outcomes.ts";
import type { Instance } from "../explore/sequential.ts";
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
  /** The second design's calls that the first one has in another form; null where all are. */
  private readonly changed: Changed | null;
  private readonly costs: CostsOfBoth | null;
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
    this.changed = changedOf(shared, outcomes, patience);
    this.costs = first ? null : new CostsOfBoth(shared, a.words);
  }

  /** Calls whose cost grows with other numbers in one design than in the other. */
  costChanges(): readonly CostChange[] {
    return this.costs?.changes() ?? [];
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
    this.costs?.measure(store.located, offset, pair);
    store.insertAll(batch, pair);
  }

  /** Appends all pairs behind the one at from[offset …]. */
  protected expandPair(pair: number, from: Int32Array, offset: number): void {
    const { a, shared } = this;
    const second = offset + a.words;
    const changed = this.areAlike(from, offset) ? this.changed : null;
    const b = changed === null ? this.b : changed.answers;
    a.of(from, offset);
    b.of(from, second);
    const { calls } = shared;
    for (let call = 0; call < calls.length; call++) {
      const { a: inA, b: whole } = calls[call]!;
      const inB = changed === null ? whole : changed.number[call]!;
      if (inB === AS_IN_A) this.alike(call, inA);
      else if (inA < 0 || inB < 0) this.inOne(pair, call, inA, inB, b);
      else this.inBoth(pair, from, offset, call, b, inB);
    }
  }

  /** Both designs are in the same state, and a call that they share leads to the same. */
  protected areAlike(from: Int32Array, offset: number): boolean {
    if (this.changed === null) return false;
    const { words } = this.a;
    for (let i = 0; i < words; i++) if (from[offset + i] !== from[offset + words + i]) return false;
    return true;
  }

  /** Whether a call is the same in both designs. */
  protected isUnchanged(call: number): boolean {
    return this.changed?.number[call] === AS_IN_A;
  }

  private alike(call: number, inA: number): void {
    const { a } = this;
    if (a.ended[inA] === this.outcomes.notMade) return;
    this.total.transitions++;
    const at = a.at[inA]!;
    if (at >= 0) this.append(call, a.next, at, a.next, at);
  }

  private inBoth(
    pair: number,
    from: Int32Array,
    offset: number,
    call: number,
    b: Answers,
    inB: number,
  ): void {
    const { a, outcomes } = this;
    const inA = this.shared.calls[call]!.a;
    const [before, after] = [a.ended[inA]!, b.ended[inB]!];
    if (before === after) {
      if (before === outcomes.notMade) return;
    } else this.parts(pair, call, before, after);
    this.total.transitions++;
    const areErrors = outcomes.sort(before) === "refused" && outcomes.sort(after) === "refused";
    if (before !== after && !areErrors) return;
    const [atA, atB] = [a.at[inA]!, b.at[inB]!];
    if (atA < 0 && atB < 0) return;
    this.append(
      call,
      atA < 0 ? from : a.next,
      atA < 0 ? offset : atA,
      atB < 0 ? from : b.next,
      atB < 0 ? offset + a.words : atB,
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
  private inOne(pair: number, call: number, inA: number, inB: number, b: Answers): void {
    const ended = inA >= 0 ? this.a.ended[inA]! : b.ended[inB]!;
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

/** A call that is the same object in both designs. */
const AS_IN_A = -2;

interface Changed {
  /** Of the changed calls alone. */
  readonly answers: Answers;
  /** By shared call: its number among them; `AS_IN_A` where it is not changed, -1 where the second design has none. */
  readonly number: Int32Array;
}

/**
 * In one state of one domain, a call that both designs share, on the same machine, leads to the same: it need not be made twice. Most calls of a
 * variant are such.
 */
function changedOf(
  { a, b, calls }: Shared,
  outcomes: Outcomes,
  patience: number | undefined,
): Changed | null {
  const isOneSpace =
    a.design.state === b.design.state &&
    a.design.machine === b.design.machine &&
    JSON.stringify([a.bounds, a.sizes]) === JSON.stringify([b.bounds, b.sizes]);
  if (!isOneSpace) return null;
  const number = new Int32Array(calls.length);
  const instances: Instance[] = [];
  calls.forEach(({ a: inA, b: inB }, call) => {
    const isShared = inA >= 0 && inB >= 0 && a.instances[inA]!.call === b.instances[inB]!.call;
    number[call] = isShared ? AS_IN_A : inB < 0 ? -1 : instances.push(b.instances[inB]!) - 1;
  });
  if (instances.length === b.instances.length) return null;
  return { answers: new Answers({ ...b, instances }, outcomes, patience), number };
}
