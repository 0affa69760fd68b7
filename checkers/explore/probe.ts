/**
 * The inner loops of the visited set, generated for the width of its states: words unrolled, nothing polymorphic.
 *
 * The table holds 32-bit entries: the number of a state plus one in the bits of the table's mask, and in those above it as many bits of the
 * state's hash as are left, so that most of what is not looked for is told without a look at the log. 0 is an empty slot.
 */

/** The slot at which a state stands, or the free one at which it would. */
export type Slot = (
  table: Int32Array,
  mask: number,
  log: Int32Array,
  base: number,
  words: Int32Array,
  offset: number,
  hash: number,
  far: Far,
) => number;

/** Whether a state that the log has no more is the one at words[offset …]. */
export type Far = (index: number, words: Int32Array, offset: number) => boolean;

export interface Probe {
  hash(words: Int32Array, offset: number): number;
  readonly slot: Slot;
  /** Enters states that are different, `n` of them from words[offset …], the first with the number `index`. */
  rehash(table: Int32Array, mask: number, words: Int32Array, offset: number, n: number, index: number): void;
}

const known = new Map<number, Probe>();

export function probeFor(width: number): Probe {
  const before = known.get(width);
  if (before !== undefined) return before;
  const made = new Function(text(width))() as Probe;
  known.set(width, made);
  return made;
}

/** Wider states are not unrolled. */
const MOST_UNROLLED = 48;
export const isUnrolled = (width: number): boolean => width <= MOST_UNROLLED;

function text(width: number): string {
  return `"use strict";
    const hash = (from, offset) => { ${hashText(width)} return h; };
    const slot = (table, mask, log, base, words, offset, h, far) => {
      const tag = ~mask;
      let at = h & mask;
      for (let e = table[at]; e !== 0; e = table[at]) {
        if (((e ^ h) & tag) === 0) {
          const index = (e & mask) - 1;
          if (index < base) {
            if (far(index, words, offset)) return at;
          } else {
            const p = (index - base) * ${width};
            ${sameText(width, "return at;")}
          }
        }
        at = (at + 1) & mask;
      }
      return at;
    };
    const rehash = (table, mask, from, offset, n, index) => {
      const tag = ~mask;
      for (let i = 0; i < n; i++, offset += ${width}) {
        ${hashText(width)}
        let at = h & mask;
        while (table[at] !== 0) at = (at + 1) & mask;
        table[at] = (h & tag) | (index + i + 1);
      }
    };
    return { hash, slot, rehash };`;
}

/** Slots are chosen by the low bits of h, and told apart by the high ones: both must depend on every bit of every word. */
export function hashText(width: number): string {
  const mix = (word: string): string => `h = Math.imul(h ^ ${word}, 0x21f0aaad); h ^= h >>> 16;`;
  const mixes = !isUnrolled(width)
    ? `for (let j = 0; j < ${width}; j++) { ${mix("from[offset + j]")} }`
    : each(width, (j) => mix(`from[${plus("offset", j)}]`)).join(" ");
  return `let h = 0x9747b28c | 0; ${mixes}
    h = Math.imul(h, 0x735a2d97); h ^= h >>> 15; h = Math.imul(h, 0x5bd1e995); h ^= h >>> 16;`;
}

/** Jumps with `then` where the state at log[p …] is the one at words[offset …]. */
export function sameText(width: number, then: string, log = "log"): string {
  if (!isUnrolled(width))
    return `let j = 0; while (j < ${width} && ${log}[p + j] === words[offset + j]) j++; if (j === ${width}) ${then}`;
  return `if (${each(width, (j) => `${log}[${plus("p", j)}] === words[${plus("offset", j)}]`).join(" && ")}) ${then}`;
}

/** Copies the state at words[offset …] to log[p …]. */
export function copyText(width: number, log = "log"): string {
  if (!isUnrolled(width)) return `for (let j = 0; j < ${width}; j++) ${log}[p + j] = words[offset + j];`;
  return each(width, (j) => `${log}[${plus("p", j)}] = words[${plus("offset", j)}];`).join(" ");
}

/** V8 knows the range of what is shifted, and leaves out the check of an index in it. */
export function times(value: string, by: number): string {
  if (by === 1) return value;
  const shift = Math.log2(by);
  return Number.isInteger(shift) ? `(${value} << ${shift})` : `Math.imul(${value}, ${by})`;
}

export const plus = (base: string, j: number): string => (j === 0 ? base : `((${base} + ${j}) | 0)`);
export const each = (n: number, text: (j: number) => string): string[] =>
  Array.from({ length: n }, (_, j) => text(j));
