/**
 * What the threads of one search share. Each of them ("hand") expands states, and owns the part of the visited set that a hash of the states
 * chooses; the log is one for all, in the order in which a single thread would have found the states.
 */

import { MOST_WORDS, NoMemory } from "../explore/column.ts";

/** Successors on their way from the hand that found them to the one that owns them. */
export interface Outbox {
  readonly words: Int32Array;
  /** Their places among all successors of their chunk. */
  readonly places: Int32Array;
}

export interface Shared {
  readonly hands: number;
  /** Words of a state. */
  readonly width: number;
  /** States that are expanded in one go. */
  readonly chunk: number;
  readonly room: Room;
  readonly control: Int32Array;
  /** The states, as 32-bit words. A view of so much memory cannot be handed to a thread: each makes its own. */
  readonly log: SharedArrayBuffer;
  /** By the hand that sends, and the one that receives. */
  readonly outboxes: readonly (readonly Outbox[])[];
  /** Of each chunk of the round, for each receiving hand: who sends, the first successor in the outbox, and the end. */
  readonly segments: Int32Array;
  /** By hand: how many new states it had when it was through with each chunk of the round, and their places in their chunks. */
  readonly found: readonly Int32Array[];
  readonly places: readonly Int32Array[];
  /** By hand: transitions so far, and bytes of its part of the table. */
  readonly figures: Float64Array;
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
  /** Not 0: there is no further round. */
  over: 6,
} as const;
export const FIGURES = 2;
export const MOST_CHUNKS = 2 ** 14;
/**
 * How much is set aside: successors in an outbox, words of the log at most; the slots that a part of the table begins with, and the numbers of
 * states that its entries begin with: what these leave of an entry tells hashes apart.
 */
const ROOM = { outbox: 2 ** 18, words: MOST_WORDS, slots: 2 ** 16, numbers: 2 ** 23 };
export type Room = typeof ROOM;
const MOST_CHUNK = 128;

/** `most` is the largest number of successors that a state can have. */
export function share(hands: number, width: number, most: number, states: Int32Array, room = ROOM): Shared {
  const { outbox } = room;
  const chunk = Math.max(1, Math.min(MOST_CHUNK, Math.floor(outbox / 8 / most)));
  const each = <T>(make: () => T): T[] => Array.from({ length: hands }, make);
  const log = reserved(states.length, room.words);
  new Int32Array(log).set(states);
  return {
    hands,
    width,
    chunk,
    room,
    control: ints(8),
    log,
    outboxes: each(() => each(() => ({ words: ints(outbox * width), places: ints(outbox) }))),
    segments: ints(MOST_CHUNKS * hands * 3),
    found: each(() => ints(MOST_CHUNKS)),
    places: each(() => ints(outbox * hands)),
    figures: new Float64Array(new SharedArrayBuffer(hands * FIGURES * 8)),
  };
}

/** Memory far beyond what is needed: pages that are never touched cost nothing. Less where the machine refuses so much. */
function reserved(needed: number, most: number): SharedArrayBuffer {
  for (let words = most; words > needed; words /= 2) {
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

/** Whether an outbox has room for all successors of one more chunk. */
export function hasRoom({ chunk, room }: Shared, used: number, most: number): boolean {
  return used + chunk * most <= room.outbox;
}

/** The most states that one round adds to a hand's part. */
export function mostFound({ hands, room }: Shared): number {
  return room.outbox * hands;
}
