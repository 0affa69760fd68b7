/** The visited set: exact, in order, whatever the width, and however it grows. */
import { fc, test } from "@fast-check/vitest";
import { afterEach, describe, expect, vi } from "vitest";
import { NoMemory } from "../../checkers/explore/column.ts";
import { Batch } from "../../checkers/explore/expander.ts";
import { probeFor } from "../../checkers/explore/probe.ts";
import { Store } from "../../checkers/explore/store.ts";

const WIDTHS = [1, 2, 3, 8, 49];

function fill(batch: Batch, states: readonly (readonly number[])[]): void {
  batch.count = 0;
  batch.reserve(states.length);
  for (const state of states) {
    batch.words.set(state, batch.count * batch.width);
    batch.via[batch.count] = batch.count;
    batch.count++;
  }
}

/** A state that depends on a number in a few bits only: what differs may stand anywhere. */
function scattered(width: number, n: number): number[] {
  const word = n % width;
  return Array.from({ length: width }, (_, i) => (i === word ? (n % 3 === 0 ? n : n << 13) : 7));
}

describe.each(WIDTHS)("%d words", (width) => {
  const word = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer());
  const state = fc.array(word, { minLength: width, maxLength: width });

  test.prop([fc.array(fc.array(state, { maxLength: 40 }), { maxLength: 40 })])(
    "takes up states as a map does",
    (batches) => {
      const store = new Store(width);
      const initial = new Int32Array(width).fill(2);
      const known = new Map([[initial.join(), store.insert(initial, 0, 0)]]);
      const batch = new Batch(width);
      batches.forEach((states, parent) => {
        fill(batch, states);
        const before = store.count;
        const expected: number[] = [];
        states.forEach((one, i) => {
          if (known.has(one.join())) return;
          known.set(one.join(), known.size);
          expected.push(i);
        });
        expect(store.insertAll(batch, parent)).toBe(expected.length);
        expect([...store.fresh.subarray(0, expected.length)]).toEqual(expected);
        expect([...store.via.subarray(before, store.count)]).toEqual(expected);
        expect([...store.parents.subarray(before, store.count)]).toEqual(expected.map(() => parent));
      });
      const out = new Int32Array(width);
      for (const [key, index] of known) {
        store.read(index, out);
        expect(out.join()).toBe(key);
        expect(store.find(out)).toBe(index);
        expect(store.insert(out, 0, 0)).toBe(-1 - index);
      }
    },
  );

  test("grows, and loses nothing", () => {
    const store = new Store(width, { parents: false });
    const batch = new Batch(width);
    const initial = new Int32Array(width).fill(2);
    const states = new Set([initial.join()]);
    store.insert(initial, 0, 0);
    for (let n = 0; n < 40_000; n += 50) {
      const some = Array.from({ length: 50 }, (_, i) => scattered(width, (n + i) >> 1));
      for (const one of some) states.add(one.join());
      fill(batch, some);
      store.insertAll(batch, 0);
    }
    expect(store.count).toBe(states.size);
    const out = new Int32Array(width);
    let at = 0;
    for (const key of states) {
      store.read(at, out);
      expect(out.join()).toBe(key);
      expect(store.find(out)).toBe(at++);
    }
    expect(store.parents.length).toBe(0);
  });

  test("the hash tells states apart in its low bits and in its high ones", () => {
    const { hash } = probeFor(width);
    const n = 4096;
    const low = new Set<number>();
    const high = new Set<number>();
    for (let i = 0; i < n; i++) {
      const state = Int32Array.from({ length: width }, (_, j) => (j === width - 1 ? i << 20 : 0));
      low.add(hash(state, 0) & (n - 1));
      high.add(hash(state, 0) >>> 20);
    }
    // As many as of random numbers, 1 - 1/e of them, give or take.
    for (const seen of [low, high]) expect(Math.abs(seen.size / n - (1 - 1 / Math.E))).toBeLessThan(0.05);
  });
});

describe("a machine that refuses large arrays", () => {
  afterEach(() => vi.unstubAllGlobals());

  /** Adds states until there are so many; how many there were when memory was refused. */
  function fillUpTo(most: number): { readonly store: Store; readonly refusedAt: number | null } {
    const store = new Store(2, { parents: false });
    const batch = new Batch(2);
    store.insert(Int32Array.of(0, 3), 0, 0);
    try {
      while (store.count < most) {
        fill(
          batch,
          Array.from({ length: 500 }, (_, i) => [store.count + i, 3]),
        );
        store.insertAll(batch, 0);
      }
      return { store, refusedAt: null };
    } catch (error) {
      if (!(error instanceof NoMemory)) throw error;
      return { store, refusedAt: store.count };
    }
  }

  function refuseFrom(words: number): void {
    const Real = Int32Array;
    const refusing = function (...args: [number]) {
      if (typeof args[0] === "number" && args[0] >= words)
        throw new RangeError("Array buffer allocation failed");
      return new Real(...args);
    };
    vi.stubGlobal(
      "Int32Array",
      Object.assign(refusing, { of: Real.of, from: Real.from, prototype: Real.prototype }),
    );
  }

  function everyStateIsThere(store: Store): void {
    for (let i = 0; i < store.count; i += 997) expect(store.find(Int32Array.of(i, 3))).toBe(i);
  }

  test("gets smaller ones", () => {
    refuseFrom(2 ** 22);
    const { store, refusedAt } = fillUpTo(1_000_000);
    expect(refusedAt).toBe(null);
    everyStateIsThere(store);
    // The table has grown in place: nothing of the smaller one is left in it.
    const table = Reflect.get(store, "table") as Int32Array;
    expect(table.reduce((entries, entry) => (entry === 0 ? entries : entries + 1), 0)).toBe(store.count);
  });

  test("that refuses those as well gives the states that it has", () => {
    refuseFrom(2 ** 19);
    const { store, refusedAt } = fillUpTo(1_000_000);
    expect(refusedAt).toBeGreaterThan(100_000);
    everyStateIsThere(store);
  });
});
