/**
 * A search whose slices are expanded, and whose shards are owned, by whoever does its tasks. It goes level by level and, in a level, round by
 * round: as many slices as may wait for their owners, and then these. Numbers, counts, findings and ways are those of a single thread, for
 * states keep their order: see level.ts. What is done is written down after each round.
 */
import type { Bounded } from "../explore/bounded.ts";
import { Totals, type Explored, type Finding } from "../explore/explored.ts";
import { groundOf } from "../explore/interpreted.ts";
import { NoRoom } from "../explore/spill.ts";
import type { SearchOptions } from "../explore/sweep.ts";
import type { Blobs } from "./blobs.ts";
import { bytesOf, countOf, levelBlob, shardBlob, slicesOf, type Round } from "./level.ts";
import { shardOf } from "./shard.ts";
import { readStanding, writeStanding, type Standing } from "./standing.ts";
import { Abandoned, type Doer, type Expanded, type ExpandTask, type OwnTask } from "./tasks.ts";
import { waysTo } from "./ways.ts";

export interface Sharding {
  readonly shards: number;
  /** The most slices of a round: what they lead to takes up room until its owners have looked it up. */
  readonly slices: number;
  /** Seconds that a slice is to take, and the states that it has at least, where there are so many. */
  readonly seconds: number;
  readonly least: number;
}

export const SHARDING: Sharding = { shards: 16, slices: 32, seconds: 1.5, least: 512 };

const MOST_IN_SLICE = 2 ** 18;
/** The rest of a level is left to so many slices at least. */
const SPREAD = 8;
/** Candidates that one task looks up. */
const LEAST_OWNED = 20_000;
const MOST_OWNED = 500_000;

interface Means {
  readonly doer: Doer;
  readonly blobs: Blobs;
  readonly sharding: Sharding;
  /** Told of places of the design that were not translated. */
  readonly onNotice: (notice: string) => void;
}

/** Goes on from where another process stood, where the blobs say so. */
export async function exploreSharded(
  subject: Bounded,
  options: SearchOptions,
  means: Means,
): Promise<Explored> {
  const total = new Totals();
  const written = await readStanding(means.blobs);
  if (written !== null) total.restore(written.totals);
  const began = performance.now() - (written?.standing.seconds ?? 0) * 1000;
  const seconds = (): number => (performance.now() - began) / 1000;
  const { least } = means.sharding;
  let standing = written?.standing ?? startOf(0, 0, 0, least);
  while (standing.tracking < subject.trackings.length && total.stopped === null) {
    const search = new ShardedSearch(subject, options, means, total, standing, seconds);
    await search.run();
    standing = startOf(standing.tracking + 1, search.round, search.states, least);
  }
  return total.explored(seconds());
}

function startOf(tracking: number, round: number, before: number, inSlice: number): Standing {
  const none = { known: 0, levels: [], at: 0, next: [], bytes: 0, seconds: 0 };
  return { tracking, firstRound: round, round, before, inSlice, ...none };
}

class ShardedSearch {
  round: number;
  private readonly subject: Bounded;
  private readonly options: SearchOptions;
  private readonly means: Means;
  private readonly total: Totals;
  private readonly seconds: () => number;
  private readonly tracking: number;
  private readonly firstRound: number;
  private readonly before: number;
  private readonly width: number;
  private readonly levels: number[];
  private known: number;
  private at: number;
  private next: Round[];
  private inSlice: number;
  private bytes: number;

  constructor(
    subject: Bounded,
    options: SearchOptions,
    means: Means,
    total: Totals,
    standing: Standing,
    seconds: () => number,
  ) {
    this.subject = subject;
    this.options = options;
    this.means = means;
    this.total = total;
    this.seconds = seconds;
    this.tracking = standing.tracking;
    this.firstRound = standing.firstRound;
    this.round = standing.round;
    this.before = standing.before;
    this.known = standing.known;
    this.levels = [...standing.levels];
    this.at = standing.at;
    this.next = [...standing.next];
    this.inSlice = standing.inSlice;
    this.bytes = standing.bytes;
    this.width = this.ground().codec.words;
  }

  /** Of all trackings so far. */
  get states(): number {
    return this.before + this.known;
  }

  private get depth(): number {
    return this.levels.length - 1;
  }

  private ground(): ReturnType<typeof groundOf> {
    const { subject, tracking, options, total } = this;
    return groundOf(subject, subject.trackings[tracking]!, options.only, total);
  }

  async run(): Promise<void> {
    const { total } = this;
    if (this.known === 0) await this.start();
    await this.unlessAbandoned(async () => {
      while (this.levels.at(-1)! > 0 && total.stopped === null) await this.expandLevel();
    });
    this.endLevels();
    await this.unlessAbandoned(() => this.settle());
    this.tally();
  }

  private async unlessAbandoned(what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      // Rounds that were done are kept; a way that nobody finds is told of.
      if (!(error instanceof Abandoned) && !(error instanceof NoRoom)) throw error;
      const { findings } = this.total;
      const isWayLost = error instanceof Abandoned && error.of === "seek";
      const lost = isWayLost ? `; no way is known to what breaks ${[...findings.keys()].join(", ")}` : "";
      this.total.stopped = `${error.message}${lost}`;
    }
  }

  /** The initial state, with its owner. */
  private async start(): Promise<void> {
    const { means, width, round } = this;
    const { blobs, sharding } = means;
    const words = new Int32Array(width + 1);
    this.ground().codec.pack(this.subject.start, words, 0);
    const owner = shardOf(words, 0, width, sharding.shards);
    const counts = Array.from({ length: sharding.shards }, (_, shard) => [shard === owner ? 1 : 0]);
    for (const shard of counts.keys())
      await blobs.write(shardBlob(round, shard), bytesOf(shard === owner ? words : words.subarray(0, 0)));
    this.round++;
    this.known = 1;
    await this.enter([{ number: round, bounds: [0, 0], counts }]);
  }

  /** Goes on to a level that is known whole. */
  private async enter(rounds: readonly Round[]): Promise<void> {
    const count = rounds.reduce((sum, round) => sum + countOf(round), 0);
    this.levels.push(count);
    await this.means.blobs.write(levelBlob(this.tracking, this.depth), Buffer.from(JSON.stringify(rounds)));
    this.at = 0;
    this.next = [];
    await this.writeDown();
  }

  private async expandLevel(): Promise<void> {
    const { total, levels } = this;
    while (this.at < levels.at(-1)!) {
      total.stopped = this.whyStop();
      if (total.stopped !== null) return;
      await this.doRound();
      await this.writeDown();
    }
    await this.enter(this.next);
  }

  private whyStop(): string | null {
    const { budget, stop } = this.options;
    if (this.depth >= (budget.levels ?? Infinity)) return `more than ${budget.levels} levels`;
    if (this.states > budget.states) return `more than ${budget.states} states`;
    if (this.seconds() > budget.seconds) return `more than ${budget.seconds} seconds`;
    return stop?.() ?? null;
  }

  private async doRound(): Promise<void> {
    const { means, round, total } = this;
    const bounds = this.boundsOfSlices();
    const progress = (): void => this.report();
    const expanded = await means.doer.all(this.expandTasks(bounds), progress);
    const owned = await means.doer.all(this.ownTasks(expanded), progress);
    const counts = owned.flatMap((answer) => answer.counts);
    const found: Round = { number: round, bounds, counts };
    for (const { totals, notices } of expanded) {
      total.add(totals);
      for (const notice of notices) means.onNotice(notice);
    }
    this.next.push(found);
    this.round++;
    this.at = bounds.at(-1)!;
    this.known += countOf(found);
    this.bytes += countOf(found) * (this.width + 1) * Int32Array.BYTES_PER_ELEMENT;
    this.inSlice = sliceFor(expanded, bounds.at(-1)! - bounds[0]!, means.sharding);
    await means.blobs.remove(slicesOf(round));
    this.report();
  }

  /** Where the slices of the next round begin, and where they end. */
  private boundsOfSlices(): number[] {
    const { at, levels, means } = this;
    const end = levels.at(-1)!;
    const size = Math.max(means.sharding.least, Math.min(this.inSlice, Math.ceil((end - at) / SPREAD)));
    const bounds = [at];
    while (bounds.at(-1)! < end && bounds.length <= means.sharding.slices)
      bounds.push(Math.min(end, bounds.at(-1)! + size));
    return bounds;
  }

  private expandTasks(bounds: readonly number[]): ExpandTask[] {
    const { tracking, round, depth, known, total, levels } = this;
    const closed = [...total.findings.keys()];
    const level = levelBlob(tracking, depth);
    const levelFirst = levels.slice(0, -1).reduce((sum, n) => sum + n, 0);
    return bounds.slice(1).map((end, slice) => {
      const place = { level, levelFirst, first: bounds[slice]!, end };
      return { kind: "expand", tracking, round, slice, ...place, closed, known };
    });
  }

  /** Shards in a row, as many as are worth a task. */
  private ownTasks(expanded: readonly Expanded[]): OwnTask[] {
    const { tracking, round, firstRound, means } = this;
    const sent = expanded.map((answer) => answer.sent);
    const { shards } = means.sharding;
    const sizes = Array.from({ length: shards }, (_, shard) =>
      sent.reduce((sum, ofSlice) => sum + ofSlice[shard]!, 0),
    );
    const all = sizes.reduce((sum, n) => sum + n, 0);
    const enough = Math.max(LEAST_OWNED, Math.min(MOST_OWNED, all / SPREAD));
    const tasks: OwnTask[] = [];
    for (let first = 0; first < shards;) {
      let end = first;
      for (let size = 0; end < shards && size < enough; end++) size += sizes[end]!;
      tasks.push({ kind: "own", tracking, round, firstRound, shards: [first, end], sent });
      first = end;
    }
    return tasks;
  }

  private async writeDown(): Promise<void> {
    const { tracking, firstRound, round, before, known, levels, at, next, inSlice, bytes } = this;
    const place = { tracking, firstRound, round, before, known, levels, at, next };
    const standing = { ...place, inSlice, bytes, seconds: this.seconds() };
    await writeStanding(this.means.blobs, { standing, totals: this.total.now() });
  }

  /** The search has ended, or has to. */
  private endLevels(): void {
    const { total, levels } = this;
    if (total.stopped === null) levels.pop();
    else levels.push(this.next.reduce((sum, round) => sum + countOf(round), 0));
    total.addLevels(levels);
    const depth = total.stopped === null ? this.depth : Math.max(0, this.depth - 2);
    total.depth = Math.max(total.depth, depth);
  }

  /** Finds the ways to what was found. */
  private async settle(): Promise<void> {
    const { total, subject, tracking } = this;
    const found = [...total.findings.values()];
    const ways = await this.waysTo(found);
    const pathOf = (finding: Finding): readonly number[] => ways[found.indexOf(finding)]!;
    total.settle(
      subject.trackings[tracking]!,
      (state) => this.levelOf(state),
      (wanted) => wanted.map((finding) => [...pathOf(finding), ...finding.then]),
    );
  }

  private waysTo(found: readonly Finding[]): Promise<number[][]> {
    const { means, tracking, width, levels } = this;
    return waysTo(
      { blobs: means.blobs, doer: means.doer, tracking, width, levels },
      found.map(({ at }) => at),
    );
  }

  private levelOf(state: number): number {
    let level = 0;
    for (let end = this.levels[0]!; end <= state; end += this.levels[level]!) level++;
    return level;
  }

  private tally(): void {
    this.total.states = this.states;
    this.total.bytes = this.bytes;
  }

  private report(): void {
    this.tally();
    const { options, total, depth, known, at, levels } = this;
    const { states, transitions, bytes } = total;
    const frontier = levels.at(-1)! - at + (known - levels.reduce((sum, n) => sum + n, 0));
    options.onProgress?.({ states, transitions, depth, frontier, seconds: this.seconds(), bytes });
  }
}

/** States of the next slices, from the time that those of these took. */
function sliceFor(expanded: readonly Expanded[], states: number, { seconds, least }: Sharding): number {
  const taken = expanded.reduce((sum, answer) => sum + answer.seconds, 0);
  const wanted = Math.floor((seconds * states) / Math.max(taken, 1e-3));
  return Math.min(MOST_IN_SLICE, Math.max(least, wanted));
}
