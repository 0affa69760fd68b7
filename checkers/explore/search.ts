/**
 * Exhaustive search: breadth first over packed states stored exactly, so that the first breach of each property
 * has a shortest trace. All properties are asked in one pass, which goes on after a breach.
 */
import { disabled } from "../../spec/language/call.ts";
import { isFailure, type Outcome } from "../../spec/language/outcome.ts";
import { Asker } from "./asker.ts";
import { initialState, type Bounded } from "./bounded.ts";
import { makeCodec, type Codec, type Tracking } from "./codec.ts";
import { Totals, type Explored } from "./explored.ts";
import { Havoc } from "./havoc.ts";
import { Stepper } from "./stepper.ts";
import { NoMemory, Store } from "./store.ts";

export interface Budget {
  readonly states: number;
  readonly seconds: number;
  readonly bytes: number;
}

export const NO_LIMIT: Budget = { states: Infinity, seconds: Infinity, bytes: Infinity };

export interface Progress {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly frontier: number;
  readonly seconds: number;
  readonly bytes: number;
}

export interface SearchOptions {
  readonly budget: Budget;
  readonly only?: ReadonlySet<string>;
  readonly onProgress?: (progress: Progress) => void;
  /** Asks the search to stop; what it has by then is reported. */
  readonly stop?: () => string | null;
  /** Sees the visited set of each search of the run, when that has ended. */
  readonly onVisited?: (tracking: Tracking, visited: Store) => void;
}

const SLICE_MS = 100;
/** States whose every step is run twice, to find steps that are not deterministic. */
const TWICE_FIRST = 200;
const TWICE_EVERY = 97;

export async function explore(subject: Bounded, options: SearchOptions): Promise<Explored> {
  const total = new Totals();
  const started = performance.now();
  for (const tracking of subject.trackings) {
    const search = new Search(subject, tracking, options, total, started);
    await search.run();
    options.onVisited?.(tracking, search.store);
    total.addLevels(search.levels);
    if (total.stopped !== null) break;
  }
  return total.explored((performance.now() - started) / 1000);
}

class Search {
  readonly levels: number[] = [];
  readonly store: Store;
  private readonly subject: Bounded;
  private readonly options: SearchOptions;
  private readonly total: Totals;
  private readonly started: number;
  private readonly havoc = new Havoc();
  private readonly codec: Codec;
  private readonly stepper: Stepper;
  private readonly asker: Asker;

  constructor(subject: Bounded, tracking: Tracking, options: SearchOptions, total: Totals, started: number) {
    const { design, sizes, m, instances } = subject;
    this.subject = subject;
    this.options = options;
    this.total = total;
    this.started = started;
    this.codec = makeCodec(design.state, sizes, tracking, this.havoc, design.place);
    this.store = new Store(this.codec.words);
    this.stepper = new Stepper(this.codec, this.havoc, m, sizes, instances.length);
    this.asker = new Asker(subject, tracking, options.only, this.codec, this.havoc, total);
    total.bits = Math.max(total.bits, this.codec.bits);
  }

  async run(): Promise<void> {
    const { store, total } = this;
    this.start();
    const before = { states: total.states, bytes: total.bytes };
    let levelEnd = 1;
    let depth = 0;
    let slice = performance.now();
    for (let index = 0; index < store.count; index++) {
      if (index === levelEnd) {
        depth++;
        this.levels.push(store.count - levelEnd);
        levelEnd = store.count;
      }
      const full = this.expandOrStop(index);
      if (!full && (index & 63) !== 0 && index + 1 !== store.count) continue;
      total.states = before.states + store.count;
      total.bytes = before.bytes + store.bytes;
      total.stopped = this.whyStop(full, index + 1 === store.count);
      if (total.stopped !== null) {
        this.levels.push(store.count - levelEnd);
        // The level at hand was not expanded to its end.
        depth = Math.max(0, depth - 1);
        break;
      }
      if (performance.now() - slice < SLICE_MS) continue;
      this.report(depth, store.count - index);
      await new Promise((resume) => setImmediate(resume));
      slice = performance.now();
    }
    total.depth = Math.max(total.depth, depth);
    this.addOutcomes();
  }

  private start(): void {
    const { codec, store } = this;
    const { design, m, sizes } = this.subject;
    const { next } = this.stepper;
    codec.pack(initialState(design, m, sizes), next, 0);
    store.insert(next, 0, 0);
    codec.unpack(next, 0);
    this.asker.askState(() => []);
    this.levels.push(1);
  }

  private whyStop(full: boolean, atEnd: boolean): string | null {
    if (full) return "no memory for more states";
    if (atEnd) return null;
    const { budget, stop } = this.options;
    const { total } = this;
    if (total.states > budget.states) return `more than ${budget.states} states`;
    if (total.bytes > budget.bytes) return `more than ${budget.bytes} bytes`;
    if (this.seconds() > budget.seconds) return `more than ${budget.seconds} seconds`;
    return stop?.() ?? null;
  }

  private seconds(): number {
    return (performance.now() - this.started) / 1000;
  }

  private report(depth: number, frontier: number): void {
    const { states, transitions, bytes } = this.total;
    this.options.onProgress?.({ states, transitions, depth, frontier, seconds: this.seconds(), bytes });
  }

  /** True when the machine has no memory for the successors. */
  private expandOrStop(index: number): boolean {
    try {
      this.expand(index);
      return false;
    } catch (error) {
      if (error instanceof NoMemory) return true;
      throw error;
    }
  }

  /** Runs every call on one state. */
  private expand(index: number): void {
    const { codec, store, stepper, total } = this;
    const { current, next, ways } = stepper;
    const { words } = codec;
    for (let i = 0; i < words; i++) current[i] = store.log[index * words + i]!;
    codec.unpack(current, 0);
    const twice = index < TWICE_FIRST || index % TWICE_EVERY === 0;
    const { instances } = this.subject;
    for (let k = 0; k < instances.length; k++) {
      const ended = stepper.step(instances[k]!, k, twice);
      if (ended === disabled) continue;
      total.transitions++;
      if (ways.length === 0) this.follow(index, k, ended, next, false);
      else for (const way of ways) this.follow(index, k, way.ended, way.packed, way.elsewhere);
    }
  }

  /** Takes up one successor of a state: asks the properties, and keeps it when it is new. Restores the draft. */
  private follow(from: number, k: number, ended: Outcome, packed: Int32Array, elsewhere: boolean): void {
    const { codec, havoc, stepper, asker } = this;
    const changed = !stepper.isCurrent(packed);
    // A draft with untracked cells holds what the last run put there; the state knows less.
    if (changed && !havoc.isEmpty) codec.unpack(packed, 0);
    // Nothing is made for a step that nobody asks about: there are many.
    if (asker.asksSteps || (changed && isFailure(ended))) {
      const instance = this.subject.instances[k]!;
      const path = (): number[] => [...this.pathTo(from), k];
      asker.askStep({ from, instance, ended, changed, elsewhere }, stepper.current, path);
    }
    if (!changed && havoc.isEmpty) return;
    if (changed) {
      const found = this.store.insert(packed, from, k);
      if (found >= 0) asker.askState(() => this.pathTo(found));
    }
    codec.unpack(stepper.current, 0);
  }

  private pathTo(index: number): number[] {
    const path: number[] = [];
    for (let at = index; at !== 0; at = this.store.parents[at]!) path.push(this.store.via[at]!);
    return path.reverse();
  }

  private addOutcomes(): void {
    const { outcomes } = this.total;
    this.stepper.counts.forEach((counts, k) => {
      const call = this.subject.instances[k]!.name;
      for (const [name, n] of counts) {
        const key = `${call} ${name}`;
        outcomes.set(key, (outcomes.get(key) ?? 0) + n);
      }
    });
  }
}
