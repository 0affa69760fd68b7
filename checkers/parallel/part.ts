/** A hand's part of the table: the states whose hash it owns, by their numbers in the log. */
import { probeFor, type Probe } from "../explore/probe.ts";
import { reserve } from "../explore/column.ts";
import { enterOn, ownerOn, writeOn, type Enter, type Found, type Write } from "./loops.ts";
import { CELL, mostFound, type Outbox, type Shared } from "./shared.ts";

/** A search that was handed over may well become so many times as large: to grow a table costs more than memory that is not touched. */
const EXPECTED = 8;
/** Of its slots, a part fills so many before it grows; more of a large one. */
const LOAD = 0.5;
const HIGH_LOAD = 0.9;
const HIGH_FROM = 2 ** 23;
const MOST_NUMBERS = 2 ** 31;

export class Part {
  private readonly shared: Shared;
  private readonly log: Int32Array;
  private readonly me: number;
  private readonly probe: Probe;
  private readonly found: Found;
  /** What comes from each hand. */
  private readonly inboxes: readonly Outbox[];
  private enters: readonly Enter[] = [];
  private write: Write = () => undefined;
  /** The numbers of what was found in this round. */
  readonly indices: Int32Array;
  private table = new Int32Array(0);
  private slots: number;
  /** The mask of an entry's number. */
  private numbers: number;
  /** States of this part that have a number, and that were found in this round. */
  private settled = 0;
  private made = 0;

  constructor(shared: Shared, log: Int32Array, me: number) {
    this.shared = shared;
    this.log = log;
    this.me = me;
    this.slots = shared.room.slots;
    this.numbers = shared.room.numbers - 1;
    this.probe = probeFor(shared.width);
    const most = mostFound(shared);
    const words = reserve(most * shared.width, most * shared.width);
    this.found = { words, slots: reserve(most, most), places: shared.places[me]! };
    this.indices = reserve(most, most);
    this.inboxes = shared.outboxes.map((to) => to[me]!);
  }

  get bytes(): number {
    return this.slots * 4;
  }

  /** Takes up those of the first `count` states of the log that are of this part. */
  takeUp(count: number): void {
    const { shared, log, me, probe } = this;
    const ownerOf = ownerOn(shared.hands);
    const mine: number[] = [];
    for (let index = 0; index < count; index++)
      if (ownerOf(probe.hash(log, index * shared.width)) === me) mine.push(index);
    this.size(mine.length * EXPECTED, count);
    for (const index of mine) this.put(this.hashOf(index, count), index + 1);
    this.settled = mine.length;
  }

  /** Room for so many states of this part, and for so high a number. */
  private size(states: number, highest: number): void {
    while (states > limitOf(this.slots)) this.slots *= 2;
    while (highest >= this.numbers) this.numbers = this.numbers * 2 + 1;
    if (this.numbers >= MOST_NUMBERS) throw new RangeError(`no table has numbers above ${MOST_NUMBERS}`);
    this.table = new Int32Array(this.slots);
    const { shared, log, table, found } = this;
    this.enters = this.inboxes.map((inbox) => enterOn(shared.width, table, log, inbox, found));
    this.write = writeOn(shared.width, table, log, found, this.indices);
  }

  private put(h: number, number: number): number {
    const { table, slots, numbers } = this;
    let at = h & (slots - 1);
    while (table[at] !== 0) at = (at + 1) & (slots - 1);
    table[at] = (h & ~numbers) | number;
    return at;
  }

  /** The hash of a state with a number below `known`, or of one that was found behind them in this round. */
  private hashOf(index: number, known: number): number {
    const { shared, log, probe, found } = this;
    const { width } = shared;
    return index < known ? probe.hash(log, index * width) : probe.hash(found.words, (index - known) * width);
  }

  /** Makes room for more states of this part, and for a higher number. */
  private makeRoom(more: number, highest: number): void {
    const states = this.settled + this.made + more;
    if (states <= limitOf(this.slots) && highest < this.numbers) return;
    const known = this.shared.control[CELL.known]!;
    const { table: old, numbers: before, found } = this;
    this.size(states, highest);
    for (const entry of old) {
      if (entry === 0) continue;
      const index = (entry & before) - 1;
      const at = this.put(this.hashOf(index, known), index + 1);
      if (index >= known) found.slots[index - known] = at;
    }
  }

  /** Enters what was sent in this round, chunk after chunk. */
  enter(chunks: number): void {
    const { shared, me } = this;
    const { segments, hands, control } = shared;
    const known = control[CELL.known]!;
    const counts = shared.found[me]!;
    let sent = 0;
    for (let at = 0; at < chunks * hands * 3; at += 3) sent += segments[at + 2]! - segments[at + 1]!;
    this.made = 0;
    this.makeRoom(0, known + sent);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const at = (chunk * hands + me) * 3;
      const [from, first, end] = [segments[at]!, segments[at + 1]!, segments[at + 2]!];
      this.makeRoom(end - first, 0);
      const { slots, numbers, made } = this;
      this.made = this.enters[from]!(slots - 1, numbers, known, made, first, end);
      counts[chunk] = this.made;
    }
  }

  /**
   * Gives those that are new the numbers that a single thread would have given them, and writes them to the log: chunk after chunk, and in each of them
   * by their places, among those of all hands. How many there are; `indices` has their numbers.
   */
  number(chunks: number): number {
    const { shared, me, made, indices, numbers } = this;
    const { found: counts, places, hands } = shared;
    let index = shared.control[CELL.known]!;
    const at = new Int32Array(hands);
    const [own, ownCounts] = [places[me]!, counts[me]!];
    for (let chunk = 0, mine = 0; chunk < chunks; chunk++) {
      for (const end = ownCounts[chunk]!; mine < end; mine++) {
        for (let hand = 0; hand < hands; hand++)
          if (hand !== me) index += this.skip(at, hand, counts[hand]![chunk]!, own[mine]!);
        indices[mine] = index++;
      }
      for (let hand = 0; hand < hands; hand++)
        if (hand !== me) index += this.skip(at, hand, counts[hand]![chunk]!, Infinity);
    }
    this.write(numbers, made);
    this.settled += made;
    return made;
  }

  /** Goes on in the list of another hand to the first place that is not below `place`, and not beyond `stop`: how many there were. */
  private skip(at: Int32Array, hand: number, stop: number, place: number): number {
    const places = this.shared.places[hand]!;
    const first = at[hand]!;
    let next = first;
    while (next < stop && places[next]! < place) next++;
    at[hand] = next;
    return next - first;
  }
}

function limitOf(slots: number): number {
  return Math.floor(slots * (slots < HIGH_FROM ? LOAD : HIGH_LOAD));
}
