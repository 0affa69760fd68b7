/** The innermost loops of a hand, generated for the arrays that they work on, as that of a search in one thread is (explore/inserter.ts). */
import { siftText } from "../explore/inserter.ts";
import { copyText, hashText, sameText, times } from "../explore/probe.ts";
import type { Found } from "./shared.ts";

/** What one hand looks up, and keeps of it. */
export interface Ground {
  readonly table: Int32Array;
  readonly log: Int32Array;
  /** Successors, one after the other. */
  readonly words: Int32Array;
  /** States that this hand has looked up lately. */
  readonly recent: Int32Array;
  /** Room for one more than there are successors. */
  readonly hashes: Int32Array;
  readonly open: Int32Array;
  /** The states of the round that this hand has come upon before any other had, as far as it knows, in order, and their ranks then. */
  readonly claims: Int32Array;
  readonly ranks: Int32Array;
  /** How many states this hand has found, and how many claims it has. */
  readonly made: Int32Array;
}

/**
 * Looks up n successors, the first with the rank `rank`; `mine` is where the states of this hand stand among those that were found. Of two hands that
 * come upon a state in the same round, the one with the lower rank gets it: each rank that is lower than the one before is a claim.
 */
export type Enter = (mask: number, known: number, mine: number, n: number, rank: number) => void;

export function enterOn(width: number, ground: Ground, found: Found): Enter {
  const given = { ...ground, foundWords: found.words, foundRanks: found.ranks, foundSlots: found.slots };
  const text = `"use strict";
    return (mask, known, mine, n, rank) => {
      ${siftText(width)}
      next: for (let i = 0; i < left; i = (i + 1) | 0) {
        const offset = ${times("open[i]", width)};
        const h = hashes[i];
        let at = h & mask;
        for (;;) {
          let e = table[at];
          if (e === 0) {
            const one = (mine + made[0]) | 0;
            const p = ${times("one", width)};
            ${copyText(width, "foundWords")}
            foundRanks[one] = (rank + open[i]) | 0;
            e = Atomics.compareExchange(table, at, 0, (h & tag) | (known + one + 1));
            if (e === 0) {
              foundSlots[one] = at;
              made[0] = (made[0] + 1) | 0;
              claims[made[1]] = one;
              ranks[made[1]] = (rank + open[i]) | 0;
              made[1] = (made[1] + 1) | 0;
              continue next;
            }
          }
          if (((e ^ h) & tag) === 0) {
            const index = ((e & mask) - 1) | 0;
            if (index < known) {
              const p = ${times("index", width)};
              ${sameText(width, "continue next;")}
            } else {
              const one = (index - known) | 0;
              const p = ${times("one", width)};
              ${sameText(width, "{ claim(one, (rank + open[i]) | 0); continue next; }", "foundWords")}
            }
          }
          at = (at + 1) & mask;
        }
      }
    };
    function claim(one, rank) {
      for (let before = Atomics.load(foundRanks, one); rank < before;) {
        const now = Atomics.compareExchange(foundRanks, one, before, rank);
        if (now === before) {
          claims[made[1]] = one;
          ranks[made[1]] = rank;
          made[1] = (made[1] + 1) | 0;
          return;
        }
        before = now;
      }
    }`;
  return new Function(...Object.keys(given), text)(...Object.values(given)) as Enter;
}

/** Gives states that were found their numbers, the first of them `index`: in the log, and in the table. They are those of `won` from `first` to before `end`. */
export type Settle = (mask: number, won: Int32Array, first: number, end: number, index: number) => void;

/** Their slots are touched first, so that the cache misses overlap. */
export function settleOn(width: number, table: Int32Array, log: Int32Array, found: Found): Settle {
  const given = { table, log, words: found.words, slots: found.slots, seen: new Int32Array(1) };
  const text = `"use strict";
    return (mask, won, first, end, index) => {
      let touched = 0;
      for (let i = first, to = index; i < end; i = (i + 1) | 0, to = (to + 1) | 0) {
        const one = won[i];
        touched ^= table[slots[one]];
        const offset = ${times("one", width)};
        const p = ${times("to", width)};
        ${copyText(width)}
      }
      seen[0] = touched;
      for (let i = first; i < end; i = (i + 1) | 0) {
        const slot = slots[won[i]];
        index = (index + 1) | 0;
        table[slot] = (table[slot] & ~mask) | index;
      }
    };`;
  return new Function(...Object.keys(given), text)(...Object.values(given)) as Settle;
}

/** Enters states of the log, all different, from the first to before the end; other hands enter others. */
export type Fill = (mask: number, first: number, end: number) => void;

/** States whose slots are touched before the first of them is entered. */
const TOUCHED = 128;

export function fillOn(width: number, table: Int32Array, log: Int32Array): Fill {
  const text = `"use strict";
    const from = log;
    const hashes = new Int32Array(${TOUCHED + 1});
    return (mask, first, end) => {
      let index = first;
      let offset = ${times("first", width)};
      while (index < end) {
        const many = Math.min(${TOUCHED}, end - index);
        let touched = 0;
        for (let i = 0; i < many; i = (i + 1) | 0, offset = (offset + ${width}) | 0) {
          ${hashText(width)}
          hashes[i] = h;
          touched ^= table[h & mask];
        }
        hashes[many] = touched;
        for (let i = 0; i < many; i = (i + 1) | 0) {
          const h = hashes[i];
          index = (index + 1) | 0;
          const entry = (h & ~mask) | index;
          let at = h & mask;
          while (table[at] !== 0 || Atomics.compareExchange(table, at, 0, entry) !== 0) at = (at + 1) & mask;
        }
      }
    };`;
  return new Function("table", "log", text)(table, log) as Fill;
}
