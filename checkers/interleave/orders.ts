/**
 * Linearizability: from every quiescent state, each two calls that overlap must end as they do in one order or the other: both
 * results, and the state, but for mappings of guests and caches, which may be dropped at any time and be found again. Chains are not asked: a
 * third call that overlaps both may rightly tell the orders apart.
 */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug, LINEARIZABLE } from "../../spec/language/kernel-bug.ts";
import type { Outcome } from "../../spec/language/outcome.ts";
import type { Codec } from "../explore/codec.ts";
import { endsText, isAtomic, lasting, mayEndSo, saysNothing } from "./atomic.ts";
import { outcomeKey } from "./frame.ts";
import type { Interleaving } from "./search.ts";
import { endsOfTwo } from "./two-calls.ts";

/** How two calls ended: both results, and the state. */
interface End {
  readonly results: readonly [Outcome, Outcome];
  readonly key: string;
}

const SLICE_MS = 100;

/** Whether every way in which two calls can end from a state is known to be that of an order. */
export type Sieve = (index: number) => (a: number, b: number) => boolean;

export async function checkOrders(
  search: Interleaving,
  stop: () => string | null,
  sieve: Sieve = () => () => false,
): Promise<string | null> {
  const pairs = pairsOf(search);
  const compared = lasting(search.subject);
  let slice = performance.now();
  for (let index = 0; index < search.store.count && search.asker.isOpen(LINEARIZABLE.name); index++) {
    if (!search.isQuiescent(index)) continue;
    const alone = new Orders(search, compared, index);
    const isInOrder = sieve(index);
    for (const [a, b] of pairs) {
      if (isInOrder(a, b)) continue;
      const breach = alone.compare(a, b);
      if (breach === null) continue;
      const { bug, moves } = breach;
      search.asker.askBug(bug, { at: index, then: moves });
      break;
    }
    if (performance.now() - slice < SLICE_MS) continue;
    await new Promise((resume) => setImmediate(resume));
    slice = performance.now();
    const reason = stop();
    if (reason !== null) return reason;
  }
  return null;
}

/** Instances that two actors can make at once, but for those that the design declares not to be atomic together. */
export function pairsOf({ subject, advancer }: Interleaving): (readonly [number, number])[] {
  const { instances, bounds, design } = subject;
  const tasks = Number(bounds["tasks"] ?? 1);
  const declared = new Set(
    (design.notAtomic ?? []).filter(saysNothing).flatMap(({ calls: [a, b] }) => [`${a} ${b}`, `${b} ${a}`]),
  );
  const pairs: (readonly [number, number])[] = [];
  if (subject.inFlight < 2) return pairs;
  for (let a = 0; a < instances.length; a++) {
    for (let b = a; b < instances.length; b++) {
      if (declared.has(`${instances[a]!.name} ${instances[b]!.name}`)) continue;
      const actor = advancer.actor(a);
      if (actor === advancer.actor(b) && (actor !== "task" || tasks < 2)) continue;
      if (isAtomic(instances[a]!) && isAtomic(instances[b]!)) continue;
      pairs.push([a, b]);
    }
  }
  return pairs;
}

export class Orders {
  private readonly search: Interleaving;
  private readonly lasting: Codec;
  private readonly index: number;
  /** How each call ends alone from the quiescent state, and the state then; null where it cannot be made. */
  private readonly alone = new Map<
    number,
    { readonly outcome: Outcome; readonly packed: Int32Array } | null
  >();

  constructor(search: Interleaving, lasting: Codec, index: number) {
    this.search = search;
    this.lasting = lasting;
    this.index = index;
  }

  compare(a: number, b: number): { readonly bug: KernelBug; readonly moves: number[] } | null {
    const allowed = new Set<string>();
    const first = this.inOrder(a, b);
    const second = this.inOrder(b, a);
    if (first === "bug" || second === "bug") return null;
    if (first !== null) allowed.add(endKey([first.outcomes[0], first.outcomes[1]], first.state));
    if (second !== null) allowed.add(endKey([second.outcomes[1], second.outcomes[0]], second.state));
    const { subject } = this.search;
    const orders = [
      first === null ? null : first.outcomes,
      second === null ? null : ([second.outcomes[1], second.outcomes[0]] as const),
    ].filter((outcomes) => outcomes !== null);
    for (const { end, moves } of this.overlaps(a, b)) {
      const [x, y] = [subject.instances[a]!, subject.instances[b]!];
      if (allowed.has(end.key) || mayEndSo(subject.design, [x.name, y.name], end.results, orders)) continue;
      const why = endsText(x, y, end.results, orders);
      return { bug: new KernelBug(LINEARIZABLE, why), moves };
    }
    return null;
  }

  private runAlone(k: number): { readonly outcome: Outcome; readonly packed: Int32Array } | null | "bug" {
    const known = this.alone.get(k);
    if (known !== undefined) return known;
    const { search } = this;
    search.load(this.index);
    const outcome = this.run(k);
    if (outcome === "bug") return "bug";
    const packed = new Int32Array(search.codec.words);
    search.codec.pack(search.codec.draft, packed, 0);
    const ended = outcome === disabled ? null : { outcome, packed };
    this.alone.set(k, ended);
    return ended;
  }

  private run(k: number): Outcome | typeof disabled | "bug" {
    const { codec, subject } = this.search;
    try {
      return subject.instances[k]!.run(codec.draft, subject.m);
    } catch (error) {
      if (error instanceof KernelBug) return "bug";
      throw error;
    }
  }

  private inOrder(
    first: number,
    second: number,
  ): { readonly outcomes: readonly [Outcome, Outcome]; readonly state: Int32Array } | null | "bug" {
    const alone = this.runAlone(first);
    if (alone === null || alone === "bug") return alone;
    const { codec } = this.search;
    codec.unpack(alone.packed, 0);
    const outcome = this.run(second);
    if (outcome === "bug") return outcome;
    if (outcome === disabled) return null;
    return { outcomes: [alone.outcome, outcome], state: this.lastingState() };
  }

  /** What the draft holds, but for mappings and caches. */
  private lastingState(): Int32Array {
    const state = new Int32Array(this.lasting.words);
    this.lasting.pack(this.search.codec.draft, state, 0);
    return state;
  }

  /** Every way in which the two can end when they overlap, each with the moves that lead there. */
  private *overlaps(a: number, b: number): Generator<{ readonly end: End; readonly moves: number[] }> {
    const { search, index } = this;
    const { codec } = search;
    search.load(index);
    for (const { results, packed, moves } of endsOfTwo(search, search.current.slice(), a, b)) {
      // The search has found what breaks a promise.
      if (results === null) continue;
      codec.unpack(packed, 0);
      yield { end: { results, key: endKey(results, this.lastingState()) }, moves: [...moves] };
    }
  }
}

function endKey([a, b]: readonly [Outcome, Outcome], state: Int32Array): string {
  return `${outcomeKey(a)} ${outcomeKey(b)} ${state.join(",")}`;
}
