/** Hands that share a search find what a single thread finds, and in its order, however the work falls. */
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import type { Batch, Expander } from "../../checkers/explore/expander.ts";
import { Hand, doneOf } from "../../checkers/parallel/hand.ts";
import { CELL, share, type Shared } from "../../checkers/parallel/shared.ts";

/** States are numbers below `states`, in words that are all used; the successors of one are drawn from a seed. */
class Graph implements Expander {
  readonly isCheap = true;
  readonly words: number;
  readonly asked: number[] = [];
  private readonly states: number;
  private readonly degree: number;
  private readonly seed: number;

  constructor(words: number, states: number, degree: number, seed: number) {
    this.words = words;
    this.states = states;
    this.degree = degree;
    this.seed = seed;
  }

  next(state: number): number[] {
    const next: number[] = [];
    for (let i = 0; i < this.degree; i++) {
      const mixed = Math.imul(
        Math.imul(state + 1, 0x9e3779b1) ^ Math.imul(i + this.seed, 0x85ebca6b),
        0xc2b2ae35,
      );
      next.push((mixed >>> 7) % this.states);
    }
    return next;
  }

  pack(state: number, into: Int32Array, at: number): void {
    for (let i = 0; i < this.words; i++) into[at + i] = i === 0 ? state : Math.imul(state, i * 77 + 1);
  }

  successors(from: Int32Array, offset: number, batch: Batch): void {
    for (const [via, state] of this.next(from[offset]!).entries()) {
      batch.reserve(1);
      this.pack(state, batch.words, batch.count * this.words);
      batch.via[batch.count++] = via;
    }
  }

  expand(from: Int32Array, offset: number, _index: number, batch: Batch): void {
    this.successors(from, offset, batch);
  }

  askState(_from: Int32Array, _offset: number, index: number): void {
    this.asked.push(index);
  }

  flush(): void {}

  /** In the order in which a single thread finds them. */
  order(): number[] {
    const order = [0];
    const seen = new Set(order);
    for (let i = 0; i < order.length; i++) {
      for (const state of this.next(order[i]!)) {
        if (seen.has(state)) continue;
        seen.add(state);
        order.push(state);
      }
    }
    return order;
  }
}

/** One round of all hands, in this thread: each takes as many chunks as it is told, the last one the others, if it has room. */
function round(
  shared: Shared,
  hands: readonly Hand[],
  takes: readonly number[],
  first: number,
  end: number,
  known: number,
): { readonly next: number; readonly known: number } {
  const { control, chunk } = shared;
  control[CELL.first] = first;
  control[CELL.end] = end;
  control[CELL.known] = known;
  control[CELL.next] = 0;
  hands.forEach((hand, i) => hand.expand(i === hands.length - 1 ? Infinity : takes[i % takes.length]));
  for (const hand of hands) hand.enter();
  for (const hand of hands) hand.settle(() => 0);
  const done = doneOf(shared);
  const more = shared.found.reduce((sum, counts) => sum + counts[done - 1]!, 0);
  return { next: Math.min(end, first + done * chunk), known: known + more };
}

test.prop(
  [
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom(1, 2, 3, 50),
    fc.integer({ min: 1, max: 3000 }),
    fc.integer({ min: 1, max: 6 }),
    fc.integer(),
    fc.constantFrom(64, 1024),
    fc.constantFrom(4, 4096),
    fc.constantFrom(16, 2 ** 20),
    fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 6 }),
  ],
  { numRuns: 40 },
)(
  "states have the numbers that a single thread gives them",
  (count, words, states, degree, seed, outbox, slots, numbers, takes) => {
    const graphs = Array.from({ length: count }, () => new Graph(words, states, degree, seed));
    const first = new Int32Array(words);
    graphs[0]!.pack(0, first, 0);
    const shared = share(count, words, degree, first, { outbox, words: 2 ** 20, slots, numbers });
    const hands = graphs.map((graph, me) => new Hand(shared, me, graph, degree, 1));
    const { log } = hands[0]!;
    let [next, end, known] = [0, 1, 1];
    while (next < known) {
      if (next === end) end = known;
      ({ next, known } = round(shared, hands, takes, next, end, known));
    }
    const order = graphs[0]!.order();
    const expected = new Int32Array(order.length * words);
    order.forEach((state, i) => graphs[0]!.pack(state, expected, i * words));
    expect(known).toBe(order.length);
    expect(log.subarray(0, known * words)).toEqual(expected);
    // Each state but the first is asked about once, by the hand that owns it.
    const asked = graphs.flatMap((graph) => graph.asked);
    expect(asked.sort((a, b) => a - b)).toEqual(order.slice(1).map((_, i) => i + 1));
  },
);
