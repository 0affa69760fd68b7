/** One thread of a search: it expands chunks of a level and looks up what they lead to; then it gives numbers to what it was the first to find. */
import { Batch, FULL, type Expander } from "../explore/expander.ts";
import { recentStates } from "../explore/inserter.ts";
import { enterOn, fillOn, settleOn, type Enter, type Fill, type Ground, type Settle } from "./loops.ts";
import { CELL, PLACE_BITS, chunksOf, type Shared } from "./shared.ts";

/** A claim leads to another one where a third hand was between them; there are seldom more. */
const CLAIMS = 2;

export class Hand {
  readonly log: Int32Array;
  private readonly shared: Shared;
  private readonly me: number;
  private readonly expander: Expander;
  /** The most successors of a state. */
  private readonly most: number;
  private readonly batch: Batch;
  private readonly table: Int32Array;
  private readonly fill: Fill;
  private readonly write: Settle;
  private ground: Ground;
  private look: Enter;
  /** Of each chunk that this hand took in the round: its number, where its claims begin, and where those end that nobody has bettered. */
  private readonly taken: { readonly chunk: number; readonly claims: number; won: number }[] = [];

  constructor(shared: Shared, me: number, expander: Expander, most: number) {
    const { width, found, room } = shared;
    this.shared = shared;
    this.log = new Int32Array(shared.log);
    this.table = new Int32Array(shared.table);
    this.me = me;
    this.expander = expander;
    this.most = most;
    this.batch = new Batch(width);
    this.batch.reserve(FULL + most);
    this.fill = fillOn(width, this.table, this.log);
    this.write = settleOn(width, this.table, this.log, found);
    const claims = CLAIMS * room.found;
    this.ground = {
      table: this.table,
      log: this.log,
      ...this.roomFor(this.batch.words),
      recent: recentStates(width, this.log, 0),
      claims: new Int32Array(claims),
      ranks: new Int32Array(claims),
      made: new Int32Array(2),
    };
    this.look = enterOn(width, this.ground, found);
  }

  private roomFor(words: Int32Array): Pick<Ground, "words" | "hashes" | "open"> {
    const room = words.length / this.shared.width + 1;
    return { words, hashes: new Int32Array(room), open: new Int32Array(room) };
  }

  /** Clears this hand's share of a table that has become larger, or is new. */
  clear(): void {
    const { table } = this;
    const slots = this.shared.control[CELL.slots]!;
    table.fill(0, ...this.shareOf(slots));
  }

  /** Enters this hand's share of the states that are known. */
  enterKnown(): void {
    const { control } = this.shared;
    this.fill((control[CELL.slots]! - 1) | 0, ...this.shareOf(control[CELL.known]!));
  }

  private shareOf(n: number): [first: number, end: number] {
    const { hands } = this.shared;
    return [Math.floor((n * this.me) / hands), Math.floor((n * (this.me + 1)) / hands)];
  }

  /** Before the first chunk of a round. */
  begin(): void {
    this.ground.made.fill(0);
    this.taken.length = 0;
  }

  /** Expands chunks that nobody has taken, as long as there are any, and room for what they lead to; not more than `mostChunks`. */
  expand(mostChunks = Infinity): void {
    const { shared, taken } = this;
    const { control, chunk: size } = shared;
    const { made } = this.ground;
    const chunks = chunksOf(shared);
    for (let n = 0; n < mostChunks && this.hasRoom(); n++) {
      const chunk = Atomics.add(control, CELL.next, 1);
      if (chunk >= chunks) return;
      taken.push({ chunk, claims: made[1]!, won: made[1]! });
      const start = control[CELL.first]! + chunk * size;
      this.expandChunk(chunk, start, Math.min(start + size, control[CELL.end]!));
    }
  }

  private hasRoom(): boolean {
    const { chunk, room } = this.shared;
    const { made, claims } = this.ground;
    const more = chunk * this.most;
    return made[0]! + more <= room.found && made[1]! + more <= claims.length;
  }

  private expandChunk(chunk: number, start: number, end: number): void {
    const { shared, batch, expander, log, me } = this;
    const { width, control, room } = shared;
    const mask = (control[CELL.slots]! - 1) | 0;
    let rank = chunk << PLACE_BITS;
    for (let index = start; index < end;) {
      batch.count = 0;
      while (index < end && batch.count < FULL) expander.expand(log, index * width, index++, batch);
      if (this.ground.words !== batch.words) this.lookInto(batch.words);
      this.look(mask, control[CELL.known]!, me * room.found, batch.count, rank);
      rank += batch.count;
    }
  }

  /** The batch has another array. */
  private lookInto(words: Int32Array): void {
    const { shared } = this;
    this.ground = { ...this.ground, ...this.roomFor(words) };
    this.look = enterOn(shared.width, this.ground, shared.found);
  }

  /** Counts, for each chunk that it took, the states that were found there first, and keeps of its claims those that nobody has bettered. */
  count(): void {
    const { shared, taken, ground } = this;
    const { claims, ranks, made } = ground;
    const held = shared.found.ranks;
    for (let i = 0; i < taken.length; i++) {
      const one = taken[i]!;
      const end = i + 1 < taken.length ? taken[i + 1]!.claims : made[1]!;
      one.won = one.claims;
      for (let at = one.claims; at < end; at++) {
        const claim = claims[at]!;
        if (held[claim] === ranks[at]) claims[one.won++] = claim;
      }
      shared.counts[one.chunk] = one.won - one.claims;
    }
  }

  /**
   * Gives the states that were found first in its chunks the numbers that a single thread would have given them: chunk after chunk, and in each of
   * them in order. Asks about them.
   */
  settle(transitions: () => number): void {
    const { shared, me, expander, taken, write, log, ground } = this;
    const { control, counts, width } = shared;
    const mask = (control[CELL.slots]! - 1) | 0;
    let index = control[CELL.known]!;
    let before = 0;
    for (const { chunk, claims, won } of taken) {
      for (; before < chunk; before++) index += counts[before]!;
      write(mask, ground.claims, claims, won, index);
      for (let at = index; at < index + won - claims; at++) expander.askState(log, at * width, at);
    }
    expander.flush();
    shared.transitions[me] = transitions();
  }
}
