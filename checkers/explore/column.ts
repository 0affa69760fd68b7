/**
 * Arrays that only grow. A small one doubles; a large one is reserved far beyond what it needs, which costs nothing until it is touched, and is
 * never copied again. Where the machine refuses that, it goes on doubling.
 */

/** The machine refused memory for more states. */
export class NoMemory extends Error {
  override readonly name = "NoMemory";
}

/** Words from which on an array is reserved, and how many then: 4 MiB, 4 GiB. */
export const RESERVED_FROM = 2 ** 20;
const RESERVED = 2 ** 30;
/** Indices beyond are no 32-bit integers, which generated loops compute with: 8 GiB. */
export const MOST_WORDS = 2 ** 31;

/** A copy of the first `used` words with room for `needed`, which is more than the array has. */
export function grown(old: Int32Array, used: number, needed: number): Int32Array {
  if (needed > MOST_WORDS) throw new NoMemory(`no array has ${needed} words`);
  const wider = reserve(needed, Math.min(MOST_WORDS, Math.max(needed, old.length * 2)));
  wider.set(used === old.length ? old : old.subarray(0, used));
  return wider;
}

/** An array of zeros: far larger than what is wished where that is large already, and no smaller than what is needed. */
export function reserve(needed: number, wished: number): Int32Array {
  for (let words = wished < RESERVED_FROM ? wished : Math.max(RESERVED, wished); words > wished; words /= 2) {
    const array = allocated(words);
    if (array !== null) return array;
  }
  const array = allocated(wished) ?? allocated(needed);
  if (array === null) throw new NoMemory(`no memory for ${needed} words`);
  return array;
}

function allocated(words: number): Int32Array | null {
  try {
    return new Int32Array(words);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Bytes of an array that were ever touched, as far as it is filled in order. */
export function touched(array: Int32Array, used: number): number {
  return array.length < RESERVED_FROM ? array.byteLength : used * 4;
}
