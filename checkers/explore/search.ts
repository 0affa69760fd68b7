/**
 * Exhaustive search: breadth first over packed states stored exactly, so that the first breach of each property
 * has a shortest trace. All properties are asked in one pass, which goes on after a breach.
 */
import { UsageError } from "../usage-error.ts";
import type { Bounded } from "./bounded.ts";
import { CheckpointWriter, identityOf, readCheckpoint, type Resumed } from "./checkpoint.ts";
import { FINGERPRINT, Queue, fingerprint, fingerprints, missProbability, trailThrough } from "./compact.ts";
import { Batch, FULL, type Expander } from "./expander.ts";
import { Totals, type Explored, type Finding } from "./explored.ts";
import { InterpretedExpander, groundOf, type Ground, type MakeExpander } from "./interpreted.ts";
import { profiled } from "./profiler.ts";
import type { StoreOptions } from "./store.ts";
import type { Crew, Threads } from "../parallel/crew.ts";
import { Sweep, type SearchOptions } from "./sweep.ts";
import { trails } from "./trail.ts";

export async function explore(
  subject: Bounded,
  options: SearchOptions,
  make: MakeExpander = (ground) => new InterpretedExpander(ground),
): Promise<Explored> {
  return profiled(subject, options, async (given, wrap) => {
    const run = new Run(subject, given, wrap(make));
    try {
      return await run.explored();
    } finally {
      run.close();
    }
  });
}

/** The searches of a run, one for each tracking, one after the other. */
class Run {
  private readonly subject: Bounded;
  private readonly options: SearchOptions;
  private readonly make: MakeExpander;
  private readonly total = new Totals();
  private readonly writer: CheckpointWriter | null;
  private readonly resumed: Resumed | null;
  private readonly started = performance.now();
  /** What was spent before this process took over. */
  private readonly secondsBefore: number;

  constructor(subject: Bounded, options: SearchOptions, make: MakeExpander) {
    const { checkpoint, resume, only, content = "", compaction = false } = options;
    if (compaction && (checkpoint !== undefined || resume !== undefined))
      throw new UsageError("--compaction keeps no states: such a run has no --checkpoint, and no --resume");
    this.subject = subject;
    this.options = options;
    this.make = make;
    const identity = identityOf(subject, only, content);
    this.resumed = resume === undefined ? null : readCheckpoint(resume, identity);
    this.writer = checkpoint === undefined ? null : new CheckpointWriter(checkpoint, identity);
    this.secondsBefore = this.resumed?.position.seconds ?? 0;
    if (this.resumed !== null) this.total.restore(this.resumed.totals);
  }

  async explored(): Promise<Explored> {
    const { subject, total, resumed } = this;
    const first = resumed?.position.tracking ?? 0;
    for (let i = first; i < subject.trackings.length && total.stopped === null; i++)
      await this.search(i, i === first ? resumed : null);
    return total.explored(this.seconds());
  }

  private async search(i: number, resumed: Resumed | null): Promise<void> {
    const { subject, options, total, started, writer } = this;
    const tracking = subject.trackings[i]!;
    const ground = groundOf(subject, tracking, options.only, total);
    const search = new Search(ground, this.make(ground), options, started);
    try {
      if (resumed !== null) search.resume(resumed);
      if (writer !== null) {
        search.save = (standing) => {
          const position = { ...standing, tracking: i, seconds: this.seconds() };
          writer.write(position, total.now(), search.store);
        };
      }
      await search.run();
      options.onVisited?.(tracking, search.store);
      search.settle();
    } finally {
      search.close();
    }
  }

  private seconds(): number {
    return this.secondsBefore + (performance.now() - this.started) / 1000;
  }

  close(): void {
    this.writer?.close();
  }
}

const CHECKPOINT_SECONDS = 60;
/** Levels that end sooner than this after a checkpoint have none. */
const LEAST_SECONDS = 1;

class Search extends Sweep {
  /** Writes down how far the search is. */
  save: ((standing: ReturnType<Sweep["standing"]>) => void) | null = null;
  private readonly ground: Ground;
  private readonly expander: Expander;
  private readonly batch: Batch;
  private readonly compact: { readonly queue: Queue; readonly prints: Batch } | null;
  private readonly first: Int32Array;
  private savedAt = performance.now();
  private threads: Threads | null = null;
  private crew: Crew | null = null;

  constructor(ground: Ground, expander: Expander, options: SearchOptions, started: number) {
    super(keptOf(expander, options), options, ground.total, started);
    const { words } = expander;
    this.ground = ground;
    this.expander = expander;
    this.batch = new Batch(words);
    this.compact = isCompact(expander, options)
      ? { queue: new Queue(words), prints: new Batch(FINGERPRINT) }
      : null;
    this.first = new Int32Array(words);
    ground.codec.pack(ground.subject.start, this.first, 0);
  }

  override async run(): Promise<void> {
    await super.run();
    for (const totals of (await this.crew?.dismiss()) ?? []) this.total.add(totals);
    if (this.compact !== null) this.total.missProbability += missProbability(this.store.count);
  }

  protected override start(): void {
    const { first, store, compact } = this;
    if (compact === null) store.insert(first, 0, 0);
    else {
      const print = new Int32Array(FINGERPRINT);
      fingerprint(first, 0, first.length, print, 0);
      store.insert(print, 0, 0);
      compact.queue.push(first, 0);
    }
    this.expander.askState(first, 0, 0);
  }

  /** Runs every call on some states, and looks up all successors together. */
  protected override expandSome(index: number, end: number): number {
    const { store, expander, batch, compact, options } = this;
    // Room is made for all successors together, which a run that is short of memory does not have.
    const isShort = options.spill !== undefined;
    if (compact !== null || store.keepsParents || isShort) return super.expandSome(index, end);
    batch.count = 0;
    let next = index;
    while (next < end && batch.count < FULL) {
      const offset = store.locate(next);
      expander.expand(store.located, offset, next++, batch);
    }
    this.insert(index);
    return next;
  }

  /** Runs every call on one state. */
  protected override expand(index: number): void {
    if (this.compact !== null) return this.expandCompact(index, this.compact.queue, this.compact.prints);
    const { store, expander, batch } = this;
    const offset = store.locate(index);
    batch.count = 0;
    expander.expand(store.located, offset, index, batch);
    this.insert(index);
  }

  private insert(parent: number): void {
    const { store, expander, batch } = this;
    const found = store.insertAll(batch, parent);
    for (let i = store.count - found; i < store.count; i++) {
      const at = store.locate(i);
      expander.askState(store.located, at, i);
    }
  }

  /** Where the search has been long, and may have some time to go, threads are hired; when they are there, they take over. */
  protected override async pause(): Promise<void> {
    await super.pause();
    const { threads, crew, store, options, expander } = this;
    if (crew !== null || options.hire === undefined || !this.isShareable) return;
    const { hands, from, isPatient } = options.hire;
    if (store.count < from) return;
    // Most searches are over by now, and need nothing of it.
    const { Crew, Threads } = await import("../parallel/crew.ts");
    this.threads = threads ?? new Threads(options.hire);
    if (isPatient === true) await this.threads.loaded();
    if (!this.threads.areLoaded) return;
    const states = store.log.subarray(0, store.count * store.words);
    const { total, ground } = this;
    const most = ground.subject.instances.length;
    this.crew = await Crew.of(this.threads, hands, states, expander, most, () => total.transitions);
    store.become(this.crew.log);
    this.together = (index, end) => this.round(this.crew!, index, end);
  }

  /** Whether other threads can do what this one does. A run that is to end at a number of states ends at the same ones in any number of threads: in one. */
  private get isShareable(): boolean {
    const { options, compact, expander, ground } = this;
    const { spill, checkpoint, resume, paranoid, budget } = options;
    const isOnDisk = [spill, checkpoint, resume].some((folder) => folder !== undefined);
    const isTold = expander.translation !== undefined && expander.translation !== null;
    return (
      isTold &&
      ground.havoc.isEmpty &&
      !isOnDisk &&
      compact === null &&
      paranoid !== true &&
      budget.states === Infinity
    );
  }

  private async round(crew: Crew, index: number, end: number): Promise<number> {
    const { next, known } = await crew.round(index, end, this.store.count);
    this.store.count = known;
    return next;
  }

  protected override get moreTransitions(): number {
    return this.crew?.transitionsOfOthers ?? 0;
  }

  private expandCompact(index: number, queue: Queue, prints: Batch): void {
    const { store, expander, batch } = this;
    const offset = queue.from(index);
    batch.count = 0;
    expander.expand(queue.words, offset, index, batch);
    fingerprints(batch, prints);
    const found = store.insertAll(prints, index);
    for (let i = 0; i < found; i++) queue.push(batch.words, store.fresh[i]! * batch.width);
    for (let i = store.count - found; i < store.count; i++)
      expander.askState(queue.words, queue.locate(i), i);
  }

  protected override flush(): void {
    this.expander.flush();
  }

  protected override get moreBytes(): number {
    return (this.compact?.queue.bytes ?? 0) + (this.crew?.bytes ?? 0);
  }

  protected override standAt(where: "level" | "slice" | "end"): void {
    if (this.save === null) return;
    const { checkpointSeconds = CHECKPOINT_SECONDS } = this.options;
    const least = where === "level" ? Math.min(LEAST_SECONDS, checkpointSeconds) : checkpointSeconds;
    if (where !== "end" && performance.now() - this.savedAt < least * 1000) return;
    this.flush();
    this.save(this.standing());
    this.savedAt = performance.now();
  }

  /** Goes on where another process stood. */
  resume({ position, fill }: Resumed): void {
    if (position.words !== this.store.words)
      throw new UsageError("cannot resume: states are packed in another way than they were");
    const full = this.orFull(() =>
      fill(this.store, () => {
        if (this.store.bytes > this.options.budget.bytes) this.store.spillHalf();
      }),
    );
    if (full !== null) throw new UsageError(`cannot resume: ${full}`);
    this.standAgain(position);
  }

  override close(): void {
    super.close();
    this.threads?.end();
  }

  /** Finds the ways to what was found. */
  settle(): void {
    const { total, ground, levels } = this;
    total.addLevels(levels);
    total.settle(
      ground.tracking,
      (state) => this.depthOf(state),
      (wanted) => this.pathsOf(wanted),
    );
  }

  private pathsOf(wanted: readonly Finding[]): number[][] {
    const ways = this.waysTo(wanted.map(({ at }) => at));
    return ways.map((way, i) => [...way, ...wanted[i]!.then]);
  }

  private waysTo(states: readonly number[]): number[][] {
    const { store, expander, levels, first, compact } = this;
    if (compact !== null) return states.map((state) => trailThrough(expander, first, store, state));
    if (store.keepsParents) return states.map((state) => this.pathTo(state));
    return trails(expander, store, levels, states);
  }
}

/** Nothing is gained where a state is no larger than what stands for it. */
function isCompact({ words }: Expander, { compaction }: SearchOptions): boolean {
  return compaction === true && words > FINGERPRINT;
}

/** What the store keeps. Parents are not spilled, and not written down: a run that needs memory, or is resumed, finds ways without them. */
function keptOf(expander: Expander, options: SearchOptions): StoreOptions & { readonly words: number } {
  if (isCompact(expander, options)) return { words: FINGERPRINT, parents: true, via: false };
  const { spill, checkpoint, resume } = options;
  const isLean = expander.isCheap || spill !== undefined || checkpoint !== undefined || resume !== undefined;
  return { words: expander.words, parents: !isLean };
}
