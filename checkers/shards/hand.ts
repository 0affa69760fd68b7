/** One machine of a search: it expands slices of a level, and finds out which of the states that were sent to a shard are new there. */
import { TieredExpander } from "../compile/tiered.ts";
import { Translated } from "../compile/translated.ts";
import type { Compiled } from "../compile/expander.ts";
import type { Bounded } from "../explore/bounded.ts";
import { askConsistencyOf } from "../explore/consistent.ts";
import { Batch, FULL, type Expander } from "../explore/expander.ts";
import { Totals } from "../explore/explored.ts";
import { groundOf, InterpretedExpander } from "../explore/interpreted.ts";
import { Store } from "../explore/store.ts";
import type { SearchOptions } from "../explore/sweep.ts";
import { Seeker } from "../explore/trail.ts";
import type { Blobs } from "./blobs.ts";
import { bytesOf, readLevel, readStates, sliceBlob, type Round, type States } from "./level.ts";
import { Owners } from "./owner.ts";
import { shardsOf } from "./shard.ts";
import type { AnswerTo, ExpandTask, Expanded, SeekTask, ShardTask, Slice, Sought } from "./tasks.ts";

export interface HandOptions extends Pick<SearchOptions, "only" | "cache" | "interpreted"> {
  readonly shards: number;
  /** For the states of shards that are kept in memory from one round to the next. */
  readonly bytes: number;
}

/** States between two looks around. */
const AT_ONCE = 1024;
const ASIDE_MS = 200;

/** Lets the machine do what else it has to: to say that it is still there. */
const aside = (): Promise<void> => new Promise((go) => setImmediate(go));

export class ShardHand {
  private readonly subject: Bounded;
  private readonly blobs: Blobs;
  private readonly options: HandOptions;
  private readonly owners: Owners;
  /** What expands states, by tracking. */
  private readonly engines = new Map<number, Engine>();
  private room: readonly [Store, Batch] | null = null;
  private known: { readonly name: string; readonly rounds: readonly Round[] } | null = null;

  constructor(subject: Bounded, blobs: Blobs, options: HandOptions) {
    this.subject = subject;
    this.blobs = blobs;
    this.options = options;
    this.owners = new Owners(blobs, options.bytes);
  }

  async do<T extends ShardTask>(task: T): Promise<AnswerTo<T>> {
    return (await this.answer(task)) as AnswerTo<T>;
  }

  private answer(task: ShardTask): Promise<AnswerTo<ShardTask>> {
    if (task.kind === "expand") return this.expand(task);
    if (task.kind === "seek") return this.seek(task);
    return this.owners.own(task, this.engineFor(task.tracking).expander.words);
  }

  private engineFor(tracking: number, closed?: readonly string[]): Engine {
    let engine = this.engines.get(tracking);
    if (engine === undefined || (closed !== undefined && !engine.isOpenBut(closed))) {
      engine = new Engine(this.subject, tracking, this.options, engine ?? null);
      this.engines.set(tracking, engine);
    }
    return engine;
  }

  private async statesOf({ level, first, end }: Slice, width: number): Promise<States> {
    if (this.known?.name !== level) this.known = { name: level, rounds: await readLevel(this.blobs, level) };
    return readStates(this.blobs, this.known.rounds, width, first, end);
  }

  private async expand(task: ExpandTask): Promise<Expanded> {
    const began = performance.now();
    const engine = this.engineFor(task.tracking, task.closed);
    const states = await this.statesOf(task, engine.expander.words);
    const number = task.levelFirst + task.first;
    if (this.subject.tracked === "full")
      askConsistencyOf(this.subject, states.words, { first: number, count: states.count, known: task.known });
    const found = await this.successorsOf(engine, states, number);
    const { bytes, sent } = shardsOf(found, states.count, this.options.shards);
    await this.blobs.write(sliceBlob(task.round, task.slice), bytesOf(bytes));
    const notices = [...engine.translated.notices];
    return { sent, totals: engine.taken(), notices, seconds: (performance.now() - began) / 1000 };
  }

  /** All that the states lead to, once each, behind the states themselves. */
  private async successorsOf({ expander }: Engine, { words, count }: States, number: number): Promise<Store> {
    const { words: width } = expander;
    const [found, batch] = this.roomFor(width);
    found.replaceBy(words);
    let asideAt = performance.now() + ASIDE_MS;
    for (let i = 0; i < count;) {
      batch.count = 0;
      while (i < count && batch.count < FULL) {
        expander.askState(words, i * width, number + i);
        expander.expand(words, i * width, number + i, batch);
        i++;
      }
      found.insertAll(batch, 0);
      if (performance.now() < asideAt) continue;
      await aside();
      asideAt = performance.now() + ASIDE_MS;
    }
    expander.flush();
    return found;
  }

  /** The same for each slice: what looks states up is made for the arrays that they are in. */
  private roomFor(width: number): readonly [Store, Batch] {
    if (this.room?.[0].words !== width) this.room = [new Store(width, { parents: false }), new Batch(width)];
    return this.room;
  }

  private async seek(task: SeekTask): Promise<Sought> {
    const { expander } = this.engineFor(task.tracking);
    const { words: width } = expander;
    const states = await this.statesOf(task, width);
    const seeker = new Seeker(expander);
    for (const state of task.wanted) seeker.add(Int32Array.from(state));
    for (let i = 0; i < states.count && seeker.left > 0; i++) {
      if (i % AT_ONCE === 0) await aside();
      seeker.expand(states.words, i * width, task.first + i);
    }
    return { steps: seeker.steps() };
  }
}

/** What expands states, and what it counts and finds. */
class Engine {
  readonly expander: Expander;
  readonly translated = new Translated();
  private readonly totals = new Totals();
  private readonly found = new Set<string>();

  /** `before`: one that is to be replaced, whose translation is good. */
  constructor(
    subject: Bounded,
    tracking: number,
    { only, cache, interpreted }: HandOptions,
    before: Engine | null,
  ) {
    const ground = groundOf(subject, subject.trackings[tracking]!, only, this.totals);
    const given = (before?.expander.translation ?? null) as Compiled | null;
    this.expander =
      interpreted === true
        ? new InterpretedExpander(ground)
        : new TieredExpander(ground, this.translated, cache, given);
  }

  /** Whether it asks whatever is not among these: what it has found it asks no more, and another slice may have it earlier. */
  isOpenBut(closed: readonly string[]): boolean {
    return [...this.found].every((name) => closed.includes(name));
  }

  /** What was counted and found since it was asked last. */
  taken(): ReturnType<Totals["now"]> {
    const { totals } = this;
    const now = totals.now();
    for (const name of totals.findings.keys()) this.found.add(name);
    totals.transitions = 0;
    totals.findings.clear();
    totals.outcomes.clear();
    return now;
  }
}
