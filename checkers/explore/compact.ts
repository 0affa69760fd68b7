/**
 * Hash compaction: the visited set keeps 64 bits of a state in place of a larger one. Two states with the same 64 bits are taken for one, so that what
 * only the second leads to is missed: how likely that is, is told with the result. States that are still to be expanded are kept whole.
 */
import { Batch, type Expander } from "./expander.ts";
import type { Store } from "./store.ts";

/** Words of a fingerprint. */
export const FINGERPRINT = 2;

/** The chance that any two of n states have the same 64 bits. */
export function missProbability(n: number): number {
  return Math.min(1, n ** 2 / 2 ** 65);
}

/** Two lanes of 32 bits, each of which takes up every word, and what the other one made of it. */
export function fingerprint(
  from: Int32Array,
  offset: number,
  words: number,
  out: Int32Array,
  at: number,
): void {
  let a = 0x243f6a88;
  let b = 0x85a308d3 | 0;
  for (let i = 0; i < words; i++) {
    const word = from[offset + i]!;
    a = Math.imul(a ^ word, 0x239b961b);
    a = ((a << 19) | (a >>> 13)) + b;
    b = Math.imul(b ^ Math.imul(word, 0xab0e9789 | 0), 0x38b34ae5);
    b = ((b << 17) | (b >>> 15)) + a;
  }
  a = mixed(a ^ words);
  b = mixed((b + a) | 0);
  out[at] = (a + b) | 0;
  out[at + 1] = b;
}

function mixed(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b | 0);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35 | 0);
  return h ^ (h >>> 16);
}

/** The fingerprints of a batch. */
export function fingerprints(of: Batch, to: Batch): void {
  to.count = 0;
  to.reserve(of.count);
  for (let i = 0; i < of.count; i++) {
    fingerprint(of.words, i * of.width, of.width, to.words, i * FINGERPRINT);
    to.via[i] = of.via[i]!;
  }
  to.count = of.count;
}

/** The states that are still to be expanded, in order. */
export class Queue {
  words: Int32Array;
  private readonly width: number;
  /** The number of the first one, and where it stands; how many there are. */
  private first = 0;
  private head = 0;
  private length = 0;

  constructor(width: number) {
    this.width = width;
    this.words = new Int32Array(width * 1024);
  }

  get bytes(): number {
    return this.words.byteLength;
  }

  push(from: Int32Array, offset: number): void {
    const { width } = this;
    if ((this.head + this.length + 1) * width > this.words.length) this.makeRoom();
    const to = (this.head + this.length) * width;
    for (let i = 0; i < width; i++) this.words[to + i] = from[offset + i]!;
    this.length++;
  }

  /** The offset of a state; those before it are given up. */
  from(index: number): number {
    const given = index - this.first;
    this.first += given;
    this.head += given;
    this.length -= given;
    return this.head * this.width;
  }

  /** The offset of a state that is there. */
  locate(index: number): number {
    return (this.head + index - this.first) * this.width;
  }

  private makeRoom(): void {
    const { words, width, head, length } = this;
    const used = words.subarray(head * width, (head + length) * width);
    // Where half of it is free, what is used is moved, and no memory taken.
    if (head < length) this.words = new Int32Array(words.length * 2);
    this.words.set(used);
    this.head = 0;
  }
}

/** The calls along the states that a fingerprint was found from: each is made again, and the one taken that leads to the next fingerprint. */
export function trailThrough(expander: Expander, start: Int32Array, store: Store, state: number): number[] {
  const prints: number[] = [];
  for (let at = state; at !== 0; at = store.parents[at]!) prints.push(at);
  const batch = new Batch(expander.words);
  const current = start.slice();
  const [wanted, print] = [new Int32Array(FINGERPRINT), new Int32Array(FINGERPRINT)];
  return prints.reverse().map((next) => {
    store.read(next, wanted);
    batch.count = 0;
    expander.successors(current, 0, batch);
    for (let i = 0; i < batch.count; i++) {
      fingerprint(batch.words, i * batch.width, batch.width, print, 0);
      if (print[0] !== wanted[0] || print[1] !== wanted[1]) continue;
      current.set(batch.words.subarray(i * batch.width, (i + 1) * batch.width));
      return batch.via[i]!;
    }
    throw new Error("a state of the visited set was not found again from the one before it");
  });
}
