/**
 * The innermost loop of a search: looks up all successors of a state, and enters those that are new.
 *
 * It is generated for the arrays that it works on, and made anew where one of them is replaced: V8 then knows their kinds, lengths and addresses, and
 * leaves out what it would otherwise check and load again at every access, which is half of the work.
 */
import { copyText, each, hashText, isUnrolled, plus, sameText, times, type Far } from "./probe.ts";

/** What an inserter works on. */
export interface Ground {
  readonly table: Int32Array;
  readonly log: Int32Array;
  /** Successors, one after the other. */
  readonly words: Int32Array;
  /** States that were entered or found lately, each at a place that its hash chooses; none that the table has not. */
  readonly recent: Int32Array;
  /** Room for one more than there are successors. */
  readonly hashes: Int32Array;
  readonly open: Int32Array;
  /** Takes up which ones were new, in order. */
  readonly fresh: Int32Array;
  /** Tells states that the log has no more; null where it has all. */
  readonly far: Far | null;
}

/** Enters the first n of `words`; how many were new. `base` is the number of the first state that the log has, `count` of the next one. */
export type Insert = (mask: number, base: number, count: number, n: number) => number;

/** The bits of a hash that choose a place among the recent ones: half of all successors are found there, and no cache misses are made for them. */
const RECENT_BITS = 12;

/** Room for the recent states; all of them the one at from[offset …], which has to be in the table. */
export function recentStates(width: number, from: Int32Array, offset: number): Int32Array {
  const recent = new Int32Array(width << RECENT_BITS);
  for (let at = 0; at < recent.length; at += width) {
    for (let i = 0; i < width; i++) recent[at + i] = from[offset + i]!;
  }
  return recent;
}

export function inserterOn(width: number, ground: Ground): Insert {
  const { far, ...arrays } = ground;
  const names = [...Object.keys(arrays), "far"];
  return new Function(...names, text(width, far !== null))(...Object.values(arrays), far) as Insert;
}

/**
 * Three passes: what is not among the recent ones is sifted out, without branches, for half of them are; its places in the table are touched, so that
 * the cache misses overlap; then it is looked up.
 */
function text(width: number, isSpilled: boolean): string {
  const inLog = `const p = ${times("index", width)}; ${sameText(width, "continue next;")}`;
  const found = isSpilled
    ? `if (index < base) { if (far(index, words, offset)) continue next; } else { const index0 = index - base; { const index = index0; ${inLog} } }`
    : inLog;
  return `"use strict";
    return (mask, base, count, n) => {
      ${siftText(width)}
      let found = 0;
      next: for (let i = 0; i < left; i = (i + 1) | 0) {
        const offset = ${times("open[i]", width)};
        const h = hashes[i];
        let at = h & mask;
        for (let e = table[at]; e !== 0; e = table[at]) {
          if (((e ^ h) & tag) === 0) {
            const index = ((e & mask) - 1) | 0;
            ${found}
          }
          at = (at + 1) & mask;
        }
        const p = ${times("(count - base)", width)};
        ${copyText(width)}
        count = (count + 1) | 0;
        table[at] = (h & tag) | count;
        fresh[found] = open[i];
        found = (found + 1) | 0;
      }
      return found;
    };`;
}

/** Leaves, of n successors, the places of `left` ones in `open`, and their hashes: those that are not among the recent ones. */
export function siftText(width: number): string {
  return `const tag = ~mask;
    let left = 0;
    for (let i = 0, offset = 0; i < n; i = (i + 1) | 0, offset = (offset + ${width}) | 0) {
      const from = words;
      ${hashText(width)}
      const at = ${times(`(h >>> ${32 - RECENT_BITS})`, width)};
      ${differenceText(width)}
      open[left] = i;
      hashes[left] = h;
      left = (left + ((differs | (0 - differs)) >>> 31)) | 0;
    }
    let touched = 0;
    for (let i = 0; i < left; i = (i + 1) | 0) touched ^= table[hashes[i] & mask];
    hashes[n] = touched;`;
}

/** Whether a successor is another state than the recent one at its place, which it becomes. */
function differenceText(width: number): string {
  if (!isUnrolled(width)) {
    return `let differs = 0;
      for (let j = 0; j < ${width}; j++) { differs |= recent[at + j] ^ words[offset + j]; recent[at + j] = words[offset + j]; }`;
  }
  const differs = each(width, (j) => `(recent[${plus("at", j)}] ^ words[${plus("offset", j)}])`);
  const becomes = each(width, (j) => `recent[${plus("at", j)}] = words[${plus("offset", j)}];`);
  return `const differs = ${differs.join(" | ")}; ${becomes.join(" ")}`;
}
