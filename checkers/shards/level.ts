/**
 * Where the states of a level are. A round expands some slices of a level; each shard then has a blob with those that were new to it: their words,
 * slice by slice, and behind all words their places, which are the order in which their slice came upon them. So all shards of a slice
 * together, ordered by place, are a piece of the next level, and pieces in order are the level, as a single machine would have found it.
 */
import type { Blobs } from "./blobs.ts";

export interface Round {
  readonly number: number;
  /** Where in their level its slices begin, and where the last one ends. */
  readonly bounds: readonly number[];
  /** New states by shard, and in it by slice. */
  readonly counts: readonly (readonly number[])[];
}

/** States of one level, in order: `width` words each. */
export interface States {
  readonly words: Int32Array;
  readonly count: number;
}

export const levelBlob = (tracking: number, level: number): string => `levels/${tracking}-${level}`;
export const shardBlob = (round: number, shard: number): string => `states/${round}-${shard}`;
export const sliceBlob = (round: number, slice: number): string => `slices-${round}/${slice}`;
export const slicesOf = (round: number): string => `slices-${round}`;

const BYTES = Int32Array.BYTES_PER_ELEMENT;
const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

export function countOf({ counts }: Round): number {
  return sumOf(counts.map(sumOf));
}

/** Which slice of which round was the first to lead to a state of a level; `at` counts from the first state of the level. */
export function pieceOf(level: readonly Round[], at: number): { round: Round; slice: number; first: number } {
  for (const piece of piecesOf(level)) if (at < piece.first + piece.count) return piece;
  throw new Error(`the level has no state ${at}`);
}

interface Piece {
  readonly round: Round;
  readonly slice: number;
  /** Its first state, in the level. */
  readonly first: number;
  readonly count: number;
}

function* piecesOf(level: readonly Round[]): Generator<Piece> {
  let first = 0;
  for (const round of level) {
    const slices = round.counts[0]!.length;
    for (let slice = 0; slice < slices; slice++) {
      const count = sumOf(round.counts.map((of) => of[slice]!));
      if (count > 0) yield { round, slice, first, count };
      first += count;
    }
  }
}

export async function readLevel(blobs: Blobs, name: string): Promise<readonly Round[]> {
  const text = await blobs.read(name);
  if (text === null) throw new Error(`${name} is missing`);
  return JSON.parse(Buffer.from(text).toString()) as readonly Round[];
}

/** The states of a level from `first` to before `end`. */
export async function readStates(
  blobs: Blobs,
  level: readonly Round[],
  width: number,
  first: number,
  end: number,
): Promise<States> {
  const words = new Int32Array((end - first) * width);
  for (const piece of piecesOf(level)) {
    if (piece.first + piece.count <= first) continue;
    if (piece.first >= end) break;
    const all = await readPiece(blobs, piece, width);
    const from = Math.max(0, first - piece.first);
    const to = Math.min(piece.count, end - piece.first);
    words.set(all.subarray(from * width, to * width), (piece.first + from - first) * width);
  }
  return { words, count: end - first };
}

async function readPiece(blobs: Blobs, { round, slice, count }: Piece, width: number): Promise<Int32Array> {
  const parts: Part[] = [];
  for (let shard = 0; shard < round.counts.length; shard++) {
    const part = await readPart(blobs, round, shard, slice, width);
    if (part !== null) parts.push(part);
  }
  return inOrder(parts, count, width);
}

interface Part {
  readonly words: Int32Array;
  readonly places: Int32Array;
}

async function readPart(
  blobs: Blobs,
  { number, counts }: Round,
  shard: number,
  slice: number,
  width: number,
): Promise<Part | null> {
  const own = counts[shard]!;
  const count = own[slice]!;
  if (count === 0) return null;
  const name = shardBlob(number, shard);
  const before = sumOf(own.slice(0, slice));
  const places = (sumOf(own) * width + before) * BYTES;
  const [words, at] = await Promise.all([
    blobs.readPart(name, before * width * BYTES, count * width * BYTES),
    blobs.readPart(name, places, count * BYTES),
  ]);
  return { words: wordsOf(words), places: wordsOf(at) };
}

/** Places are different, and ascend in each part. */
function inOrder(parts: readonly Part[], count: number, width: number): Int32Array {
  const last = parts.reduce((most, { places }) => Math.max(most, places.at(-1)!), -1);
  // By place: which part has it, and where in it.
  const holder = new Int16Array(last + 1).fill(-1);
  const where = new Int32Array(last + 1);
  parts.forEach(({ places }, part) => {
    for (let i = 0; i < places.length; i++) {
      holder[places[i]!] = part;
      where[places[i]!] = i * width;
    }
  });
  const words = new Int32Array(count * width);
  let to = 0;
  for (let place = 0; place <= last; place++) {
    if (holder[place] === -1) continue;
    const { words: from } = parts[holder[place]!]!;
    for (let i = 0; i < width; i++) words[to++] = from[where[place]! + i]!;
  }
  if (to !== words.length) throw new Error(`a piece of a level has ${to / width} states, and not ${count}`);
  return words;
}

export function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Int32Array {
  // A part of a larger array need not begin where a word may.
  if (byteOffset % BYTES !== 0) return new Int32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  return new Int32Array(buffer, byteOffset, byteLength / BYTES);
}

export function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
