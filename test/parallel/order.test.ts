/** Hands that share a search find what a single thread finds, and in its order, however the work falls. */
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import type { Batch, Expander } from "../../checkers/explore/expander.ts";
import { Hand } from "../../checkers/parallel/hand.ts";
import { slotsFor } from "../../checkers/parallel/round.ts";
import {
  CELL,
  chunksOf,
  doneOf,
  foundIn,
  share,
  type Room,
  type Shared,
} from "../../checkers/parallel/shared.ts";

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

/** Looks for states in the order in which the hands are told to: `expand` has them go through the round at hand. */
function search(
  graphs: readonly Graph[],
  degree: number,
  room: Pick<Room, "found" | "firstSlots">,
  expand: (shared: Shared, hands: readonly Hand[]) => void,
): Int32Array {
  const [graph] = graphs as [Graph];
  const first = new Int32Array(graph.words);
  graph.pack(0, first, 0);
  const shared = share(graphs.length, graph.words, degree, first, {
    ...room,
    words: 2 ** 20,
    slots: 2 ** 16,
  });
  const hands = graphs.map((each, me) => new Hand(shared, me, each, degree));
  const { control, chunk } = shared;
  for (let [next, end, known] = [0, 1, 1]; next < known;) {
    if (next === end) end = known;
    const slots = slotsFor(shared, known);
    const isNew = slots !== control[CELL.slots];
    [CELL.first, CELL.end, CELL.known, CELL.next, CELL.slots].forEach(
      (cell, i) => (control[cell] = [next, end, known, 0, slots][i]!),
    );
    if (isNew) for (const hand of hands) hand.clear();
    if (isNew) for (const hand of hands) hand.enterKnown();
    for (const hand of hands) hand.begin();
    expand(shared, hands);
    for (const hand of hands) hand.count();
    for (const hand of hands) hand.settle(() => 0);
    const done = doneOf(shared);
    [next, known] = [Math.min(end, next + done * chunk), known + foundIn(shared, done)];
    if (next === known) return hands[0]!.log.slice(0, known * graph.words);
  }
  throw new Error("not reached");
}

function expectInOrder(graphs: readonly Graph[], log: Int32Array): void {
  const [graph] = graphs as [Graph];
  const order = graph.order();
  const expected = new Int32Array(order.length * graph.words);
  order.forEach((state, i) => graph.pack(state, expected, i * graph.words));
  expect(log).toEqual(expected);
  // Each state but the first is asked about once.
  const asked = graphs.flatMap((each) => each.asked);
  expect(asked.sort((a, b) => a - b)).toEqual(order.slice(1).map((_, i) => i + 1));
}

const graphsOf = (count: number, words: number, states: number, degree: number, seed: number): Graph[] =>
  Array.from({ length: count }, () => new Graph(words, states, degree, seed));

const hands = fc.integer({ min: 1, max: 4 });
const words = fc.constantFrom(1, 2, 3, 50);
const states = fc.integer({ min: 1, max: 3000 });
const degree = fc.integer({ min: 1, max: 6 });
const takes = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 6 });

test.prop(
  [hands, words, states, degree, fc.integer(), fc.constantFrom(16, 1024), fc.constantFrom(4, 4096), takes],
  {
    numRuns: 30,
  },
)(
  "hands that have room for little, and a table that grows: states have the numbers that a single thread gives them",
  (count, width, most, out, seed, found, firstSlots, counts) => {
    const graphs = graphsOf(count, width, most, out, seed);
    const log = search(graphs, out, { found, firstSlots }, (_shared, all) =>
      all.forEach((hand, i) => hand.expand(i === count - 1 ? Infinity : counts[i % counts.length])),
    );
    expectInOrder(graphs, log);
  },
);

test.prop([hands, words, states, degree, fc.integer(), fc.array(fc.nat(), { minLength: 1, maxLength: 40 })], {
  numRuns: 30,
})(
  "hands that come upon states later than others, though earlier in their order: the same",
  (count, width, most, out, seed, random) => {
    const graphs = graphsOf(count, width, most, out, seed);
    const log = search(graphs, out, { found: 4096, firstSlots: 4096 }, (shared, all) => {
      const chunks = chunksOf(shared);
      // Any hand may have any chunk; each goes through its own in order, and one hand after the other.
      const of = Array.from({ length: chunks }, (_, i) => random[(i * 7) % random.length]! % count);
      for (const me of [...all.keys()].reverse()) {
        of.forEach((hand, at) => {
          if (hand !== me) return;
          shared.control[CELL.next] = at;
          all[me]!.expand(1);
        });
      }
      shared.control[CELL.next] = chunks;
    });
    expectInOrder(graphs, log);
  },
);
