/** Which shard owns a state, and how what a slice leads to is sent to owners. */
import { fingerprint } from "../explore/compact.ts";
import type { Store } from "../explore/store.ts";

export interface Sent {
  /** By shard: the states for it, and behind them their places. */
  readonly bytes: Int32Array;
  /** States by shard. */
  readonly sent: readonly number[];
}

/** Of a store with the states of a slice, and behind these `own` ones what they lead to. A place is an order of discovery. */
export function shardsOf(found: Store, own: number, shards: number): Sent {
  const { words: width, count, log } = found;
  const owner = new Int32Array(count - own);
  const sent = new Array<number>(shards).fill(0);
  for (let i = own; i < count; i++) {
    const shard = shardOf(log, i * width, width, shards);
    owner[i - own] = shard;
    sent[shard]!++;
  }
  const bytes = new Int32Array((count - own) * (width + 1));
  const next = startsOf(sent, width);
  const places = next.map((start, shard) => start + sent[shard]! * width);
  for (let i = own; i < count; i++) {
    const shard = owner[i - own]!;
    let to = next[shard]!;
    for (let k = 0; k < width; k++) bytes[to++] = log[i * width + k]!;
    next[shard] = to;
    bytes[places[shard]!++] = i - own;
  }
  return { bytes, sent };
}

const print = new Int32Array(2);

export function shardOf(words: Int32Array, offset: number, width: number, shards: number): number {
  fingerprint(words, offset, width, print, 0);
  return (print[0]! >>> 0) % shards;
}

/** Where in the blob of a slice the words of each shard begin. */
export function startsOf(sent: readonly number[], width: number): number[] {
  let at = 0;
  return sent.map((n) => {
    const start = at;
    at += n * (width + 1);
    return start;
  });
}
