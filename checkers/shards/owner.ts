/**
 * Owners of shards: which of the states that slices have sent are new. What is known of a shard is in the blobs of the rounds before; a
 * machine that had the shard in the round before has it in memory still.
 */
import { Batch } from "../explore/expander.ts";
import { Store } from "../explore/store.ts";
import type { Blobs } from "./blobs.ts";
import { bytesOf, shardBlob, sliceBlob, wordsOf } from "./level.ts";
import { startsOf } from "./shard.ts";
import type { Owned, OwnTask } from "./tasks.ts";

/** A shard as it is behind all rounds before one. */
interface Known {
  readonly firstRound: number;
  readonly round: number;
  readonly store: Store;
}

const BYTES = Int32Array.BYTES_PER_ELEMENT;
/** States that are looked up together. */
const AT_ONCE = 4096;

export class Owners {
  private readonly blobs: Blobs;
  /** The most that is kept from one round to the next. */
  private readonly bytes: number;
  /** By shard; what was used last is last. */
  private readonly kept = new Map<number, Known>();
  private batch: Batch | null = null;

  constructor(blobs: Blobs, bytes: number) {
    this.blobs = blobs;
    this.bytes = bytes;
  }

  async own(task: OwnTask, width: number): Promise<Owned> {
    const counts: number[][] = [];
    for (let shard = task.shards[0]; shard < task.shards[1]; shard++) {
      const store = await this.before(task, shard, width);
      counts.push(await this.take(store, task, shard));
      this.keep(shard, { firstRound: task.firstRound, round: task.round + 1, store });
    }
    return { counts };
  }

  /** The shard as it was before the round; nobody else has it until it is kept again. */
  private async before({ firstRound, round }: OwnTask, shard: number, width: number): Promise<Store> {
    const known = this.kept.get(shard);
    this.kept.delete(shard);
    // One that is ahead has done this task before.
    const isGood = known !== undefined && known.firstRound === firstRound && known.round <= round;
    const store = isGood ? known.store : new Store(width, { parents: false });
    for (let r = isGood ? known.round : firstRound; r < round; r++)
      store.restore(await this.wordsOf(shardBlob(r, shard), width));
    return store;
  }

  private async wordsOf(name: string, width: number): Promise<Int32Array> {
    const states = (await this.blobs.size(name)) / BYTES / (width + 1);
    return wordsOf(await this.blobs.readPart(name, 0, states * width * BYTES));
  }

  /** Looks up all that was sent, slice by slice; writes down what is new. */
  private async take(store: Store, { round, sent }: OwnTask, shard: number): Promise<number[]> {
    const { words: width, count: before } = store;
    const places = new Int32Array(sent.reduce((sum, ofSlice) => sum + ofSlice[shard]!, 0));
    const counts: number[] = [];
    for (let slice = 0; slice < sent.length; slice++) {
      const given = await this.given(sliceBlob(round, slice), sent[slice]!, shard, width);
      const found = this.enter(store, given, places.subarray(store.count - before));
      counts.push(found);
    }
    const fresh = store.count - before;
    const bytes = new Int32Array(fresh * (width + 1));
    bytes.set(store.log.subarray(before * width, store.count * width));
    bytes.set(places.subarray(0, fresh), fresh * width);
    await this.blobs.write(shardBlob(round, shard), bytesOf(bytes));
    return counts;
  }

  /** What a slice sent to a shard: states, and their places behind them. */
  private async given(
    name: string,
    sent: readonly number[],
    shard: number,
    width: number,
  ): Promise<{ readonly words: Int32Array; readonly places: Int32Array }> {
    const count = sent[shard]!;
    const start = startsOf(sent, width)[shard]! * BYTES;
    const all = wordsOf(await this.blobs.readPart(name, start, count * (width + 1) * BYTES));
    return { words: all.subarray(0, count * width), places: all.subarray(count * width) };
  }

  /** Enters those that are new, in order, and puts their places into `into`. How many they are. */
  private enter(
    store: Store,
    { words, places }: { readonly words: Int32Array; readonly places: Int32Array },
    into: Int32Array,
  ): number {
    const { words: width, count: before } = store;
    let first = 0;
    if (before === 0 && places.length > 0) {
      // What looks up many at once wants a store with a state.
      store.insert(words, 0, 0);
      into[0] = places[first++]!;
    }
    const batch = this.batchFor(width);
    for (; first < places.length; first += AT_ONCE) {
      const n = Math.min(AT_ONCE, places.length - first);
      batch.words.set(words.subarray(first * width, (first + n) * width));
      batch.count = n;
      const known = store.count - before;
      const found = store.insertAll(batch, 0);
      for (let i = 0; i < found; i++) into[known + i] = places[first + store.fresh[i]!]!;
    }
    return store.count - before;
  }

  /** The same one each time: what looks states up is made for the array that they are in. */
  private batchFor(width: number): Batch {
    if (this.batch?.width === width) return this.batch;
    this.batch = new Batch(width);
    this.batch.reserve(AT_ONCE);
    return this.batch;
  }

  private keep(shard: number, known: Known): void {
    this.kept.set(shard, known);
    let bytes = 0;
    for (const { store } of this.kept.values()) bytes += store.bytes;
    for (const [other, { store }] of this.kept) {
      if (bytes <= this.bytes) break;
      bytes -= store.bytes;
      this.kept.delete(other);
    }
  }
}
