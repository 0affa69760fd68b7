/** Runs calls as they are written, on the draft, one after the other. */
import { disabled } from "../../spec/language/call.ts";
import { isFailure, type Outcome } from "../../spec/language/outcome.ts";
import { Asker } from "./asker.ts";
import type { Bounded } from "./bounded.ts";
import type { Codec, Tracking } from "./codec.ts";
import type { Batch, Expander } from "./expander.ts";
import type { Totals } from "./explored.ts";
import { codecFor } from "./guard.ts";
import { Havoc } from "./havoc.ts";
import { Stepper } from "./stepper.ts";

/** States whose every step is run twice, to find steps that are not deterministic. */
const TWICE_FIRST = 200;
const TWICE_EVERY = 97;

/** What an expander is made for: one search of a run. */
export interface Ground {
  readonly subject: Bounded;
  readonly tracking: Tracking;
  readonly codec: Codec;
  readonly havoc: Havoc;
  /** The properties to ask; all when absent. */
  readonly only: ReadonlySet<string> | undefined;
  readonly total: Totals;
}

export type MakeExpander = (ground: Ground) => Expander;

export function groundOf(
  subject: Bounded,
  tracking: Tracking,
  only: ReadonlySet<string> | undefined,
  total: Totals,
): Ground {
  const havoc = new Havoc();
  const codec = codecFor(subject, tracking, havoc);
  return { subject, tracking, codec, havoc, only, total };
}

export class InterpretedExpander implements Expander {
  readonly words: number;
  readonly isCheap: boolean = false;
  private readonly subject: Bounded;
  private readonly havoc: Havoc;
  private readonly codec: Codec;
  private readonly stepper: Stepper;
  private readonly asker: Asker;
  private readonly total: Totals;
  private transitions = 0;

  constructor({ subject, tracking, codec, havoc, only, total }: Ground) {
    this.subject = subject;
    this.havoc = havoc;
    this.codec = codec;
    this.total = total;
    this.words = codec.words;
    this.stepper = new Stepper(codec, havoc, subject.m, subject.instances.length);
    this.asker = new Asker(subject, tracking, only, codec, havoc, total);
  }

  expand(from: Int32Array, offset: number, index: number, batch: Batch): void {
    const { stepper } = this;
    const { next, ways } = stepper;
    this.load(from, offset);
    const twice = this.isTwice(index);
    const { instances } = this.subject;
    for (let k = 0; k < instances.length; k++) {
      const ended = stepper.step(instances[k]!, k, twice);
      if (stepper.bugs.length > 0) this.bugs(index, k);
      if (ended === disabled) continue;
      this.transitions++;
      if (ways.length === 0) this.follow(index, k, ended, next, false, batch);
      else for (const way of ways) this.follow(index, k, way.ended, way.packed, way.elsewhere, batch);
    }
  }

  private isTwice(index: number): boolean {
    return index < TWICE_FIRST || index % TWICE_EVERY === 0 || this.subject.isParanoid;
  }

  /** One call of a state; with `asks`, counted and asked about. */
  expandOne(from: Int32Array, offset: number, index: number, k: number, batch: Batch, asks: boolean): void {
    const { stepper, codec } = this;
    const { next, ways, current } = stepper;
    this.load(from, offset);
    stepper.counting = asks;
    const ended = stepper.step(this.subject.instances[k]!, k, asks && this.isTwice(index));
    stepper.counting = true;
    if (stepper.bugs.length > 0 && asks) this.bugs(index, k);
    if (ended === disabled) return;
    if (asks) this.transitions++;
    const known = ways.length === 0 ? [{ ended, packed: next, elsewhere: false }] : ways;
    for (const way of known) {
      if (asks) this.follow(index, k, way.ended, way.packed, way.elsewhere, batch);
      else this.take(way.packed, k, batch);
    }
    codec.unpack(current, 0);
  }

  /** Asks the promises of one step, which is counted elsewhere. */
  askOne(from: Int32Array, offset: number, index: number, k: number): void {
    const { stepper } = this;
    const { next, ways } = stepper;
    this.load(from, offset);
    stepper.counting = false;
    const ended = stepper.step(this.subject.instances[k]!, k, false);
    stepper.counting = true;
    if (ended === disabled) return;
    if (ways.length === 0) this.follow(index, k, ended, next, false, null);
    else for (const way of ways) this.follow(index, k, way.ended, way.packed, way.elsewhere, null);
  }

  /** How often calls were run so far. */
  get runs(): number {
    return this.stepper.runs;
  }

  isOpen(property: string): boolean {
    return this.asker.isOpen(property);
  }

  successors(from: Int32Array, offset: number, batch: Batch): void {
    const { codec, stepper } = this;
    const { next, ways, current } = stepper;
    this.load(from, offset);
    const { instances } = this.subject;
    stepper.counting = false;
    for (let k = 0; k < instances.length; k++) {
      const ended = stepper.step(instances[k]!, k, false);
      if (ended === disabled && stepper.bugs.length === 0) continue;
      if (ended !== disabled) {
        if (ways.length === 0) this.take(next, k, batch);
        else for (const { packed } of ways) this.take(packed, k, batch);
      }
      codec.unpack(current, 0);
    }
    stepper.counting = true;
  }

  askState(from: Int32Array, offset: number, index: number): void {
    this.codec.unpack(from, offset);
    this.asker.askState(index);
  }

  flush(): void {
    const { outcomes } = this.total;
    this.total.transitions += this.transitions;
    this.transitions = 0;
    this.stepper.counts.forEach((counts, k) => {
      const call = this.subject.instances[k]!.name;
      for (const [name, n] of counts) {
        const key = `${call} ${name}`;
        outcomes.set(key, (outcomes.get(key) ?? 0) + n);
        counts.set(name, 0);
      }
    });
  }

  private load(from: Int32Array, offset: number): void {
    const { current } = this.stepper;
    for (let i = 0; i < current.length; i++) current[i] = from[offset + i]!;
    this.codec.unpack(current, 0);
  }

  /** A call that runs into a bug of the kernel leads nowhere, but is made. Restores the draft. */
  private bugs(index: number, k: number): void {
    const { codec, stepper, asker } = this;
    if (stepper.ways.length === 0) this.transitions++;
    for (const bug of stepper.bugs) asker.askBug(bug, { at: index, then: [k] });
    codec.unpack(stepper.current, 0);
  }

  /** Takes up one successor of a state: asks the properties of steps. Restores the draft. */
  private follow(
    from: number,
    k: number,
    ended: Outcome,
    packed: Int32Array,
    elsewhere: boolean,
    batch: Batch | null,
  ): void {
    const { codec, havoc, stepper, asker } = this;
    const changed = !stepper.isCurrent(packed);
    // A draft with untracked cells holds what the last run put there; the state knows less.
    if (changed && !havoc.isEmpty) codec.unpack(packed, 0);
    // Nothing is made for a step that nobody asks about: there are many.
    if (asker.asksSteps || (changed && isFailure(ended))) {
      const instance = this.subject.instances[k]!;
      asker.askStep({ from, k, instance, ended, changed, elsewhere }, stepper.current);
    }
    if (!changed && havoc.isEmpty) return;
    if (changed && batch !== null) this.take(packed, k, batch);
    codec.unpack(stepper.current, 0);
  }

  private take(packed: Int32Array, k: number, batch: Batch): void {
    if (this.stepper.isCurrent(packed)) return;
    batch.reserve(1);
    const offset = batch.count * batch.width;
    for (let i = 0; i < packed.length; i++) batch.words[offset + i] = packed[i]!;
    batch.via[batch.count++] = k;
  }
}
