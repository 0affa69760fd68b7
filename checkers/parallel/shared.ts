/**
 * What the threads of one search share: the log, in the order in which a single thread would have found the states, and the table that is looked
 * into to tell what is new.
 *
 * The table's entries are those of the store (explore/probe.ts). A state that is new has no number before the round ends: in the table it has a
 * number behind those of the known ones, which says where its words stand until then.
 */
import { MOST_WORDS, NoMemory } from "../explore/column.ts";

export interface Shared {
  readonly hands: number;
  /** Words of a state. */
  readonly width: number;
  /** States that are expanded in one go. */
  readonly chunk: number;
  readonly room: Room;
  readonly control: Int32Array;
  /** The states, as 32-bit words. A view of so much memory cannot be handed to a thread: each makes its own, and so of the table. */
  readonly log: SharedArrayBuffer;
  readonly table: SharedArrayBuffer;
  readonly found: Found;
  /** By chunk of the round: how many states were found there first. */
  readonly counts: Int32Array;
  /** By hand: transitions so far. */
  readonly transitions: Float64Array;
}

/** The states that are new in a round, those of each hand behind each other. */
export interface Found {
  readonly words: Int32Array;
  /** Where each was come upon first: its chunk, and its place among the successors of that. */
  readonly ranks: Int32Array;
  /** Their places in the table. */
  readonly slots: Int32Array;
}

/** Cells of `control`. */
export const CELL = {
  arrived: 0,
  generation: 1,
  /** Of the round: the next chunk that nobody has taken, its first state, its end, and the states known when it began. */
  next: 2,
  first: 3,
  end: 4,
  known: 5,
  /** Slots of the table; and not 0 where these are more than before, and all hands enter the known states anew. */
  slots: 6,
  grows: 7,
  /** Not 0: there is no further round. */
  over: 8,
} as const;

/** Bits of a rank that are a place; those above are the chunk. */
export const PLACE_BITS = 17;
export const MOST_CHUNKS = 2 ** (31 - PLACE_BITS);
const MOST_CHUNK = 128;

/** How much is set aside: states that a hand finds in a round, words of the log and slots of the table at most, slots to begin with. */
const ROOM = { found: 2 ** 18, words: MOST_WORDS, slots: 2 ** 30, firstSlots: 2 ** 20 };
export type Room = typeof ROOM;

/** `most` is the largest number of successors that a state can have. */
export function share(
  hands: number,
  width: number,
  most: number,
  states: Int32Array,
  room: Room = ROOM,
): Shared {
  const log = reserved(states.length, room.words);
  new Int32Array(log).set(states);
  const control = ints(16);
  return {
    hands,
    width,
    chunk: Math.max(1, Math.min(MOST_CHUNK, Math.floor(Math.min(2 ** PLACE_BITS, room.found / 2) / most))),
    room,
    control,
    log,
    table: reserved(room.firstSlots, room.slots),
    found: {
      words: ints(hands * room.found * width),
      ranks: ints(hands * room.found),
      slots: ints(hands * room.found),
    },
    counts: ints(MOST_CHUNKS),
    transitions: new Float64Array(new SharedArrayBuffer(hands * 8)),
  };
}

/** Memory far beyond what is needed: pages that are never touched cost nothing. Less where the machine refuses so much. */
function reserved(needed: number, most: number): SharedArrayBuffer {
  for (let words = most; words >= needed; words /= 2) {
    try {
      return new SharedArrayBuffer(words * 4);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new NoMemory(`no shared memory for ${needed} words`);
}

function ints(n: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(n * 4));
}

/** How many chunks the round has at most. */
export function chunksOf({ control, chunk }: Shared): number {
  return Math.min(MOST_CHUNKS, Math.ceil((control[CELL.end]! - control[CELL.first]!) / chunk));
}

/** How many of them were expanded, when all hands are through. */
export function doneOf(shared: Shared): number {
  return Math.min(chunksOf(shared), shared.control[CELL.next]!);
}

/** The states that were found in the first `chunks` chunks of the round. */
export function foundIn({ counts }: Shared, chunks: number): number {
  let sum = 0;
  for (let chunk = 0; chunk < chunks; chunk++) sum += counts[chunk]!;
  return sum;
}

/** The states that all hands can find in a round. */
export function mostFound({ hands, room }: Shared): number {
  return hands * room.found;
}
