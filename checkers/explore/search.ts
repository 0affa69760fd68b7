/**
 * Exhaustive search: breadth first over packed states stored exactly, so that the first breach of each property
 * has a shortest trace. All properties are asked in one pass, which goes on after a breach.
 */
import { disabled } from "../../spec/language/call.ts";
import { isFailure, type Outcome } from "../../spec/language/outcome.ts";
import { Asker } from "./asker.ts";
import type { Bounded } from "./bounded.ts";
import { makeCodec, type Codec, type Tracking } from "./codec.ts";
import { Totals, type Explored } from "./explored.ts";
import { Havoc } from "./havoc.ts";
import { Stepper } from "./stepper.ts";
import { Sweep, type SearchOptions } from "./sweep.ts";

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

class Search extends Sweep {
  private readonly subject: Bounded;
  private readonly havoc: Havoc;
  private readonly codec: Codec;
  private readonly stepper: Stepper;
  private readonly asker: Asker;

  constructor(subject: Bounded, tracking: Tracking, options: SearchOptions, total: Totals, started: number) {
    const { design, sizes, m, instances } = subject;
    const havoc = new Havoc();
    const codec = makeCodec(design.state, sizes, tracking, havoc, design.place);
    super(codec.words, options, total, started);
    this.subject = subject;
    this.havoc = havoc;
    this.codec = codec;
    this.stepper = new Stepper(this.codec, this.havoc, m, instances.length);
    this.asker = new Asker(subject, tracking, options.only, this.codec, this.havoc, total);
  }

  override async run(): Promise<void> {
    await super.run();
    this.addOutcomes();
  }

  protected override start(): void {
    const { codec, store } = this;
    const { next } = this.stepper;
    codec.pack(this.subject.start, next, 0);
    store.insert(next, 0, 0);
    codec.unpack(next, 0);
    this.asker.askState(() => []);
    this.levels.push(1);
  }

  /** Runs every call on one state. */
  protected override expand(index: number): void {
    const { codec, store, stepper, total } = this;
    const { current, next, ways } = stepper;
    const { words } = codec;
    for (let i = 0; i < words; i++) current[i] = store.log[index * words + i]!;
    codec.unpack(current, 0);
    const twice = index < TWICE_FIRST || index % TWICE_EVERY === 0;
    const { instances } = this.subject;
    for (let k = 0; k < instances.length; k++) {
      const ended = stepper.step(instances[k]!, k, twice);
      if (stepper.bugs.length > 0) this.bugs(index, k);
      if (ended === disabled) continue;
      total.transitions++;
      if (ways.length === 0) this.follow(index, k, ended, next, false);
      else for (const way of ways) this.follow(index, k, way.ended, way.packed, way.elsewhere);
    }
  }

  /** A call that runs into a bug of the kernel leads nowhere, but is made. Restores the draft. */
  private bugs(index: number, k: number): void {
    const { codec, stepper, total, asker } = this;
    if (stepper.ways.length === 0) total.transitions++;
    for (const bug of stepper.bugs) asker.askBug(bug, () => [...this.pathTo(index), k]);
    codec.unpack(stepper.current, 0);
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
