/**
 * The visited set: packed states, exact, in the order in which they were found, which is level order: the log is the queue too. The
 * table (probe.ts) holds numbers of states in it.
 */
import { NoMemory, RESERVED_FROM, grown, reserve, touched } from "./column.ts";
import type { Batch } from "./expander.ts";
import { inserterOn, recentStates, type Ground, type Insert } from "./inserter.ts";
import { probeFor, type Far, type Probe } from "./probe.ts";
import { Spill } from "./spill.ts";

export interface StoreOptions {
  /** Whether to keep, for each state, the one that it was found from, and the call that led there. Both when absent. */
  readonly parents?: boolean;
  readonly via?: boolean;
  /** The folder for states that memory has no room for, and the bytes that looking them up there may take. */
  readonly spill?: { readonly dir: string; readonly cache: number } | undefined;
}

/** The table takes this share of states before it grows; a large one takes more, for it is most of what a run needs beside the log. */
const LOAD = 0.5;
const HIGH_LOAD = 0.9;
const HIGH_FROM = 2 ** 24;
const FIRST_STATES = 1024;
const FIRST_SLOTS = 4096;
/** A small table grows in larger steps, where memory is not short: what works on it is made anew each time. */
const FAST_UNTIL = 2 ** 20;
/** States that are read back at once where all are. */
const PIECE_STATES = 65536;
const LEAST_SPILLED = 256;
/** An entry keeps one bit at least of the hash. */
const MOST_SLOTS = 2 ** 31;

export class Store {
  readonly words: number;
  count = 0;
  log: Int32Array;
  /** For each state, the state it was found from and the call instance that led there; 0 for the initial one. Empty when not kept. */
  parents: Int32Array;
  via: Int32Array;
  /** Which of the last batch were new, by their place in it. */
  fresh: Int32Array = new Int32Array(0);
  /** Where the state is that `locate` was asked for last. */
  located: Int32Array;
  readonly keepsParents: boolean;
  private readonly keepsVia: boolean;
  private readonly probe: Probe;
  /** What `insertAll` was made for last. */
  private ground: Ground | null = null;
  private insertBatch: Insert = noInsert;
  private table: Int32Array;
  private slots = FIRST_SLOTS;
  private limit = Math.floor(FIRST_SLOTS * LOAD);
  /** The first state that memory has. */
  private base = 0;
  private readonly spill: Spill | null;
  private readonly far: Far;

  constructor(words: number, { parents = true, via = parents, spill }: StoreOptions = {}) {
    this.words = words;
    this.probe = probeFor(words);
    this.keepsParents = parents;
    this.keepsVia = via;
    this.log = this.located = new Int32Array(words * FIRST_STATES);
    this.parents = new Int32Array(parents ? FIRST_STATES : 0);
    this.via = new Int32Array(via ? FIRST_STATES : 0);
    this.table = new Int32Array(FIRST_SLOTS);
    this.spill = spill === undefined ? null : new Spill(spill.dir, words, spill.cache);
    this.far = (index, from, offset) => this.isSpilled(index, from, offset);
  }

  /** Of memory; without those of the file. */
  get bytes(): number {
    const { count, base, log, parents, via, slots, spill } = this;
    const cache = spill === null ? 0 : spill.cache.byteLength;
    const logBytes = touched(log, (count - base) * this.words);
    return logBytes + touched(parents, count) + touched(via, count) + slots * 4 + cache;
  }

  /** Adds the state at `packed[0 … words - 1]`: its index when it is new, -1 - its index when it was there. */
  insert(packed: Int32Array, parent: number, via: number): number {
    if (this.count + 1 > this.limit) this.growTable(1);
    this.reserve(1);
    const { probe, table, slots, log, base, count, far, words } = this;
    const mask = (slots - 1) | 0;
    const hash = probe.hash(packed, 0);
    const at = probe.slot(table, mask, log, base, packed, 0, hash, far);
    const entry = table[at]!;
    if (entry !== 0) return -(entry & mask);
    const offset = (count - base) * words;
    for (let i = 0; i < words; i++) log[offset + i] = packed[i]!;
    if (this.keepsParents) this.parents[count] = parent;
    if (this.keepsVia) this.via[count] = via;
    table[at] = (hash & ~mask) | (count + 1);
    return this.count++;
  }

  /** Adds the states of a batch, in order; how many were new. `fresh` says which. The store has a state already. */
  insertAll(batch: Batch, parent: number): number {
    const { count: n, via } = batch;
    if (this.count + n > this.limit) this.growTable(n);
    this.reserve(n);
    const { table, log, slots, base, count, ground } = this;
    if (ground === null || ground.table !== table || ground.log !== log || ground.words !== batch.words)
      this.prepare(batch.words);
    const found = this.insertBatch((slots - 1) | 0, base, count, n);
    const { fresh } = this;
    if (this.keepsParents) for (let i = 0; i < found; i++) this.parents[count + i] = parent;
    if (this.keepsVia) for (let i = 0; i < found; i++) this.via[count + i] = via[fresh[i]!]!;
    this.count += found;
    return found;
  }

  /** Makes the loop that enters these successors into the arrays at hand. */
  private prepare(successors: Int32Array): void {
    const { words, table, log, ground, spill } = this;
    const room = successors.length / words + 1;
    const recent = ground?.recent ?? recentStates(words, log, 0);
    const same = ground !== null && ground.hashes.length >= room ? ground : null;
    const hashes = same?.hashes ?? new Int32Array(room);
    const open = same?.open ?? new Int32Array(room);
    const fresh = (this.fresh = same?.fresh ?? new Int32Array(room));
    const far = spill === null ? null : this.far;
    this.ground = { table, log, words: successors, recent, hashes, open, fresh, far };
    this.insertBatch = inserterOn(words, this.ground);
  }

  /** The index of the state at packed[offset …], or -1. */
  find(packed: Int32Array, offset = 0): number {
    const { probe, table, slots, log, base, far } = this;
    const mask = (slots - 1) | 0;
    const at = probe.slot(table, mask, log, base, packed, offset, probe.hash(packed, offset), far);
    return (table[at]! & mask) - 1;
  }

  /** The offset of a state in `located`; good until the next one is asked for, or added. */
  locate(index: number): number {
    const { base, spill } = this;
    if (index >= base) {
      this.located = this.log;
      return (index - base) * this.words;
    }
    this.located = spill!.cache;
    return spill!.locate(index);
  }

  read(index: number, out: Int32Array): void {
    const offset = this.locate(index);
    for (let i = 0; i < this.words; i++) out[i] = this.located[offset + i]!;
  }

  /** Moves the older half of what memory has to the file; false when there is no file, or not much to move. */
  spillHalf(): boolean {
    const { base, count, log, words, spill } = this;
    const n = Math.floor((count - base) / 2);
    if (spill === null || n < LEAST_SPILLED) return false;
    spill.append(log, n);
    this.base += n;
    const [first, end] = [n * words, (count - base) * words];
    // A large array keeps the memory that it has, for states to come.
    if (log.length < RESERVED_FROM) this.log = log.slice(first, end);
    else log.copyWithin(0, first, end);
    this.located = this.log;
    return true;
  }

  /** States by their numbers, from `first` to before `end`, in a few arrays. */
  *pieces(first: number, end: number): Generator<{ readonly words: Int32Array; readonly first: number }> {
    const { words, base } = this;
    const buffer = new Int32Array(first < base ? PIECE_STATES * words : 0);
    for (let at = first; at < Math.min(end, base); at += PIECE_STATES) {
      const piece = buffer.subarray(0, Math.min(PIECE_STATES, Math.min(end, base) - at) * words);
      this.spill!.read(at, piece);
      yield { words: piece, first: at };
    }
    const at = Math.max(first, base);
    if (at < end) yield { words: this.log.subarray((at - base) * words, (end - base) * words), first: at };
  }

  /** Adds states that are all new. */
  restore(states: Int32Array): void {
    const { words } = this;
    const n = states.length / words;
    if (this.count + n > this.limit) this.growTable(n);
    this.reserve(n);
    this.log.set(states, (this.count - this.base) * words);
    this.probe.rehash(this.table, (this.slots - 1) | 0, states, 0, n, this.count);
    this.count += n;
  }

  /** Forgets what it has, and has these in place of it, which are different: memory, and the code that was made for it, are used again. */
  replaceBy(states: Int32Array): void {
    const { ground, words } = this;
    this.table.fill(0, 0, this.slots);
    this.count = 0;
    this.restore(states);
    if (ground === null) return;
    for (let at = 0; at < ground.recent.length; at += words) ground.recent.set(states.subarray(0, words), at);
  }

  /** Goes on as a mere log, with the same states, in an array that others fill. */
  become(log: Int32Array): void {
    this.log = this.located = log;
    this.table = new Int32Array(0);
    this.slots = 0;
  }

  close(): void {
    this.spill?.close();
  }

  private isSpilled(index: number, from: Int32Array, offset: number): boolean {
    const { words } = this;
    const { cache } = this.spill!;
    const at = this.spill!.locate(index);
    for (let i = 0; i < words; i++) if (cache[at + i] !== from[offset + i]) return false;
    return true;
  }

  /** Makes room in the log for n more states. */
  private reserve(n: number): void {
    const { words, keepsParents, keepsVia, parents, via } = this;
    const count = this.count + n;
    if ((count - this.base) * words > this.log.length) this.growLog(n);
    if (keepsParents && count > parents.length) this.parents = grown(parents, this.count, count);
    if (keepsVia && count > via.length) this.via = grown(via, this.count, count);
  }

  private growLog(n: number): void {
    const { words, count, base, log } = this;
    try {
      this.log = grown(log, (count - base) * words, (count - base + n) * words);
    } catch (error) {
      if (!(error instanceof NoMemory) || !this.spillHalf()) throw error;
      this.reserve(n);
    }
  }

  /** Makes room in the table for n more states, in place where it was reserved. */
  private growTable(n: number): void {
    const old = this.slots;
    let slots = old;
    while (this.count + n > limitOf(slots)) slots *= this.spill === null && slots < FAST_UNTIL ? 4 : 2;
    if (slots > MOST_SLOTS) throw new NoMemory(`no table has ${slots} slots`);
    if (slots > this.table.length) this.table = reserve(slots, slots);
    else this.table.fill(0, 0, old);
    this.slots = slots;
    this.limit = limitOf(slots);
    for (const { words, first } of this.pieces(0, this.count)) {
      this.probe.rehash(this.table, (slots - 1) | 0, words, 0, words.length / this.words, first);
    }
  }
}

const noInsert: Insert = () => {
  throw new Error("nothing was prepared");
};

/** The most states that a table of so many slots takes. */
export function limitOf(slots: number): number {
  return Math.floor(slots * (slots < HIGH_FROM ? LOAD : HIGH_LOAD));
}
