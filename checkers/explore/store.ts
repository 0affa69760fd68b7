/**
 * The visited set: packed states, exact, in the order in which they were found, which is level order. The table
 * holds indices into that log; equal hashes are told apart by the whole state.
 */

/** The machine refused memory for more states. */
export class NoMemory extends Error {
  override readonly name = "NoMemory";
}

export class Store {
  readonly words: number;
  count = 0;
  log: Int32Array;
  /** For each state, the state it was found from and the call instance that led there; 0 for the initial one. */
  parents: Uint32Array;
  via: Uint32Array;
  private table: Int32Array;
  private mask: number;

  constructor(words: number) {
    this.words = words;
    this.log = new Int32Array(words * 1024);
    this.parents = new Uint32Array(1024);
    this.via = new Uint32Array(1024);
    this.table = new Int32Array(4096);
    this.mask = 4095;
  }

  get bytes(): number {
    return this.log.byteLength + this.parents.byteLength + this.via.byteLength + this.table.byteLength;
  }

  /** Adds the state at `packed[0 … words - 1]`: its index when it is new, -1 - its index when it was there. */
  insert(packed: Int32Array, parent: number, via: number): number {
    const { words } = this;
    let at = this.hash(packed, 0) & this.mask;
    for (let entry = this.table[at]!; entry !== 0; entry = this.table[at]!) {
      if (this.equals(packed, entry - 1)) return -entry;
      at = (at + 1) & this.mask;
    }
    const index = this.count;
    if (index === this.parents.length) this.growLog();
    this.count++;
    const offset = index * words;
    for (let i = 0; i < words; i++) this.log[offset + i] = packed[i]!;
    this.parents[index] = parent;
    this.via[index] = via;
    this.table[at] = index + 1;
    if (this.count * 5 > this.table.length * 3) this.growTable();
    return index;
  }

  /** The index of the state at `packed[0 … words - 1]`, or -1. */
  find(packed: Int32Array): number {
    let at = this.hash(packed, 0) & this.mask;
    for (let entry = this.table[at]!; entry !== 0; entry = this.table[at]!) {
      if (this.equals(packed, entry - 1)) return entry - 1;
      at = (at + 1) & this.mask;
    }
    return -1;
  }

  private equals(packed: Int32Array, index: number): boolean {
    const offset = index * this.words;
    for (let i = 0; i < this.words; i++) if (this.log[offset + i] !== packed[i]) return false;
    return true;
  }

  private hash(from: Int32Array, offset: number): number {
    let h = 0x9747b28c | 0;
    for (let i = 0; i < this.words; i++) {
      h = Math.imul(h ^ from[offset + i]!, 0x5bd1e995);
      h ^= h >>> 15;
    }
    h = Math.imul(h, 0x27d4eb2d);
    return h ^ (h >>> 13);
  }

  private growLog(): void {
    this.log = grown(Int32Array, this.log);
    this.parents = grown(Uint32Array, this.parents);
    this.via = grown(Uint32Array, this.via);
  }

  private growTable(): void {
    const table = allocated(Int32Array, this.table.length * 2);
    const mask = table.length - 1;
    for (let index = 0; index < this.count; index++) {
      let at = this.hash(this.log, index * this.words) & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = index + 1;
    }
    this.table = table;
    this.mask = mask;
  }
}

function allocated<A extends Int32Array | Uint32Array>(make: new (length: number) => A, length: number): A {
  try {
    return new make(length);
  } catch (error) {
    if (error instanceof RangeError) throw new NoMemory(`no memory for a table of ${length} words`);
    throw error;
  }
}

function grown<A extends Int32Array | Uint32Array>(make: new (length: number) => A, old: A): A {
  const wider = allocated(make, old.length * 2);
  wider.set(old);
  return wider;
}
