/** One thread of a search: it expands chunks of a level, then enters what is its own of what all have found. */
import { Batch, FULL, type Expander } from "../explore/expander.ts";
import { recentStates } from "../explore/inserter.ts";
import { scatterOn, type Scatter } from "./loops.ts";
import { Part } from "./part.ts";
import { CELL, FIGURES, MOST_CHUNKS, hasRoom, type Shared } from "./shared.ts";

export class Hand {
  readonly log: Int32Array;
  private readonly shared: Shared;
  private readonly me: number;
  private readonly expander: Expander;
  /** The most successors of a state. */
  private readonly most: number;
  private readonly batch: Batch;
  private readonly part: Part;
  /** How full the outboxes are. */
  private readonly fill: Int32Array;
  private readonly recent: Int32Array;
  private scatter: Scatter;
  private scattered: Int32Array;

  /** The log has `count` states already. */
  constructor(shared: Shared, me: number, expander: Expander, most: number, count: number) {
    this.shared = shared;
    this.log = new Int32Array(shared.log);
    this.me = me;
    this.expander = expander;
    this.most = most;
    this.batch = new Batch(shared.width);
    this.fill = new Int32Array(shared.hands);
    this.recent = recentStates(shared.width, this.log, 0);
    this.part = new Part(shared, this.log, me);
    this.part.takeUp(count);
    this.scattered = this.batch.words;
    this.scatter = this.scatterOf();
  }

  private scatterOf(): Scatter {
    const { shared, me, batch, recent, fill } = this;
    return scatterOn(shared.width, (this.scattered = batch.words), recent, fill, shared.outboxes[me]!);
  }

  /** Expands chunks that nobody has taken, as long as there are any, and room for what they lead to; not more than `mostChunks`. */
  expand(mostChunks = Infinity): void {
    const { shared, fill, most } = this;
    const { control, chunk: size } = shared;
    const first = control[CELL.first]!;
    const chunks = chunksOf(shared);
    fill.fill(0);
    for (let taken = 0; taken < mostChunks && fill.every((used) => hasRoom(shared, used, most)); taken++) {
      const chunk = Atomics.add(control, CELL.next, 1);
      if (chunk >= chunks) return;
      const start = first + chunk * size;
      this.expandChunk(chunk, start, Math.min(start + size, control[CELL.end]!));
    }
  }

  private expandChunk(chunk: number, start: number, end: number): void {
    const { shared, log, batch, expander, fill } = this;
    const { segments, hands, width } = shared;
    const before = fill.slice();
    let place = 0;
    for (let index = start; index < end;) {
      batch.count = 0;
      while (index < end && batch.count < FULL) expander.expand(log, index * width, index++, batch);
      if (this.scattered !== batch.words) this.scatter = this.scatterOf();
      this.scatter(batch.count, place);
      place += batch.count;
    }
    for (let to = 0; to < hands; to++) {
      const at = (chunk * hands + to) * 3;
      segments[at] = this.me;
      segments[at + 1] = before[to]!;
      segments[at + 2] = fill[to]!;
    }
  }

  enter(): void {
    this.part.enter(doneOf(this.shared));
  }

  /** Numbers what is new, asks about it, and writes down how far this hand is. */
  settle(transitions: () => number): void {
    const { shared, log, me, expander, part } = this;
    const { width, figures } = shared;
    const made = part.number(doneOf(shared));
    for (let i = 0; i < made; i++) {
      const index = part.indices[i]!;
      expander.askState(log, index * width, index);
    }
    expander.flush();
    figures[me * FIGURES] = transitions();
    figures[me * FIGURES + 1] = part.bytes;
  }
}

/** How many chunks the round has at most. */
function chunksOf({ control, chunk }: Shared): number {
  return Math.min(MOST_CHUNKS, Math.ceil((control[CELL.end]! - control[CELL.first]!) / chunk));
}

/** How many of them were expanded, when all hands are through. */
export function doneOf(shared: Shared): number {
  return Math.min(chunksOf(shared), shared.control[CELL.next]!);
}
