/**
 * The interleaving search: from every state, each call in flight takes its next step, and each call that may begin does. States are
 * those of the design with the calls in flight, breadth first, stored exactly; one in which nothing is in flight is quiescent.
 */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { outcomeName, type Outcome } from "../../spec/language/outcome.ts";
import { Asker } from "../explore/asker.ts";
import type { Bounded } from "../explore/bounded.ts";
import { TRACK_ALL, type Codec } from "../explore/codec.ts";
import type { Totals } from "../explore/explored.ts";
import { codecFor } from "../explore/guard.ts";
import { Havoc } from "../explore/havoc.ts";
import { changedWhileDisabled, isDeclared, undeclared } from "../explore/stepper.ts";
import { Sweep, type SearchOptions } from "../explore/sweep.ts";
import { Advancer, isBlocked, type Advanced, type Blocked } from "./advance.ts";
import { Frames, type Frame } from "./frame.ts";
import { LockOrder } from "./lock-order.ts";
import { schedule } from "./schedule.ts";
import { deadlockOf } from "./stuck.ts";

/** States in which it is asked of calls that cannot be made whether they wrote something. */
const ASKED_FIRST = 200;
const ASKED_EVERY = 97;

export class Interleaving extends Sweep {
  readonly subject: Bounded;
  readonly frames = new Frames();
  readonly advancer: Advancer;
  readonly asker: Asker;
  readonly codec: Codec;
  /** States that a call in flight has come back to: every way round has one. */
  readonly retreats: number[] = [];
  protected readonly order: LockOrder;
  /** The state that the draft holds before each step, packed. */
  readonly current: Int32Array;
  protected readonly next: Int32Array;
  protected readonly tasks: number;

  constructor(subject: Bounded, options: SearchOptions, total: Totals, started: number) {
    const { m, instances, inFlight } = subject;
    const havoc = new Havoc();
    const codec = codecFor(subject, TRACK_ALL, havoc);
    super({ words: codec.words + inFlight }, options, total, started);
    this.subject = subject;
    this.codec = codec;
    this.current = new Int32Array(codec.words + inFlight);
    this.next = new Int32Array(codec.words + inFlight);
    this.advancer = new Advancer(instances, m, this.frames, options.merges !== false);
    this.asker = new Asker(subject, TRACK_ALL, options.only, codec, havoc, total);
    this.order = new LockOrder(this.frames);
    this.tasks = Number(subject.bounds["tasks"] ?? 1);
  }

  protected override start(): void {
    const { codec, next, store } = this;
    codec.pack(this.subject.start, next, 0);
    store.insert(next, 0, 0);
    codec.unpack(next, 0);
    this.asker.askState(0);
  }

  /** The calls in flight in a stored state. */
  framesAt(index: number): Frame[] {
    const { codec, store, frames } = this;
    const found: Frame[] = [];
    const offset = store.locate(index);
    for (let i = codec.words; i < store.words; i++) {
      const id = store.located[offset + i]!;
      if (id !== 0) found.push(frames.get(id));
    }
    return found;
  }

  isQuiescent(index: number): boolean {
    const { codec, store } = this;
    const offset = store.locate(index);
    for (let i = codec.words; i < store.words; i++) if (store.located[offset + i] !== 0) return false;
    return true;
  }

  /** Fills `current` and the draft with a stored state. */
  load(index: number): Frame[] {
    const { codec, current, store } = this;
    store.read(index, current);
    codec.unpack(current, 0);
    return this.framesAt(index);
  }

  protected override expand(index: number): void {
    const inFlight = this.load(index);
    let moves = 0;
    const blocked: { readonly frame: Frame; readonly by: Blocked }[] = [];
    for (const [i, frame] of inFlight.entries()) {
      // Two calls that are alike: what one can do, so can the other.
      if (inFlight[i - 1] === frame) {
        if (blocked.at(-1)?.frame === frame) blocked.push(blocked.at(-1)!);
        continue;
      }
      const others = inFlight.filter((_, at) => at !== i);
      const step = this.advance(index, frame, others);
      if (step === null) moves++;
      else if (isBlocked(step)) blocked.push({ frame, by: step });
      else {
        moves++;
        this.follow(index, frame.instance.name, frame.id + this.subject.instances.length, others, step);
      }
    }
    if (inFlight.length > 0 && moves === 0) this.stuck(index, blocked);
    if (inFlight.length < this.subject.inFlight) this.startCalls(index, inFlight);
  }

  private startCalls(index: number, inFlight: readonly Frame[]): void {
    const { instances } = this.subject;
    const { advancer } = this;
    let tasks = 0;
    for (const { actor } of inFlight) if (actor === "task") tasks++;
    for (let k = 0; k < instances.length; k++) {
      const actor = advancer.actor(k);
      if (actor === "task" ? tasks >= this.tasks : inFlight.some((frame) => frame.actor === actor)) continue;
      const step = this.begin(index, k, inFlight);
      if (step === null || isBlocked(step)) continue;
      if (step === disabled) this.asBefore(index, k);
      else this.follow(index, instances[k]!.name, k, inFlight, step);
    }
  }

  /** A call that cannot be made has written nothing; asked now and then. */
  protected asBefore(index: number, k: number): void {
    if (index >= ASKED_FIRST && index % ASKED_EVERY !== 0 && !this.subject.isParanoid) return;
    const { codec, next, current } = this;
    codec.pack(codec.draft, next, 0);
    for (let i = 0; i < codec.words; i++)
      if (next[i] !== current[i]) throw changedWhileDisabled(this.subject.instances[k]!);
  }

  /** A step of a call in flight; null where it ran into a bug of the kernel. */
  protected advance(index: number, frame: Frame, others: readonly Frame[]): Advanced | Blocked | null {
    try {
      const step = this.advancer.advance(this.codec.draft, frame, others);
      if (step === disabled) throw new Error("a call in flight is never disabled");
      return step;
    } catch (error) {
      this.bug(error, index, frame.id + this.subject.instances.length);
      return null;
    }
  }

  protected begin(
    index: number,
    k: number,
    inFlight: readonly Frame[],
  ): ReturnType<Advancer["start"]> | null {
    try {
      return this.advancer.start(this.codec.draft, this.subject.instances[k]!, k, inFlight);
    } catch (error) {
      this.bug(error, index, k);
      return null;
    }
  }

  protected bug(error: unknown, index: number, move: number): void {
    if (!(error instanceof KernelBug)) throw error;
    this.total.transitions++;
    this.asker.askBug(error, { at: index, then: [move] });
    this.codec.unpack(this.current, 0);
  }

  /** Takes up the state that a step leads to; restores the draft. */
  protected follow(from: number, name: string, via: number, others: readonly Frame[], step: Advanced): void {
    const { codec, next, store, total, asker } = this;
    total.transitions++;
    if (step.outcome !== undefined) this.count(via, name, step.outcome);
    if (step.acquired !== null) {
      const inversion = this.order.add(step.acquired, name, step.ran[0] ?? "");
      if (inversion !== null) asker.askBug(inversion, { at: from, then: [via] });
    }
    codec.pack(codec.draft, next, 0);
    this.packFrames(step.frame, step.others);
    const found = store.insert(next, from, via);
    if (found >= 0) {
      asker.askState(found, step.frame !== null || others.length > 0);
    } else {
      const known = -1 - found;
      const wasInFlight = via >= this.subject.instances.length;
      if (known <= from && wasInFlight && step.frame !== null) this.retreats.push(known);
    }
    codec.unpack(this.current, 0);
  }

  private packFrames(frame: Frame | null, others: readonly Frame[]): void {
    const { next, codec, store } = this;
    for (let i = codec.words; i < store.words; i++) next[i] = 0;
    let end = codec.words;
    const put = (id: number): void => {
      let at = end++;
      for (; at > codec.words && next[at - 1]! > id; at--) next[at] = next[at - 1]!;
      next[at] = id;
    };
    for (const other of others) put(other.id);
    if (frame !== null) put(frame.id);
  }

  protected count(via: number, name: string, ended: Outcome): void {
    const { outcomes } = this.total;
    const key = `${name} ${outcomeName(ended)}`;
    const known = outcomes.get(key);
    if (known === undefined) {
      const { instances } = this.subject;
      const instance =
        via < instances.length ? instances[via]! : this.frames.get(via - instances.length).instance;
      if (!isDeclared(instance, ended)) throw undeclared(instance, outcomeName(ended));
    }
    outcomes.set(key, (known ?? 0) + 1);
  }

  /** No call in flight can go on. */
  protected stuck(index: number, blocked: readonly { readonly frame: Frame; readonly by: Blocked }[]): void {
    this.asker.askBug(deadlockOf(this.frames, blocked), { at: index, then: [] });
  }

  /** Finds the schedules of what was found. */
  settle(): void {
    this.total.settle(
      TRACK_ALL,
      (state) => this.depthOf(state),
      (wanted) => wanted.map(({ at, then, path }) => path ?? this.scheduleTo(at, ...then).schedule),
    );
  }

  /** What led to a stored state, and some moves more. */
  scheduleTo(index: number, ...more: readonly number[]): ReturnType<typeof schedule> {
    return schedule(this.subject, this.advancer, [...this.pathTo(index), ...more]);
  }

  /**
   * A step on the draft as it is; null where it runs into a bug of the kernel, which the search has found already: the draft holds the loaded state
   * again then.
   */
  tryAdvance(frame: Frame, others: readonly Frame[]): Advanced | Blocked | typeof disabled | null {
    return this.orNull(() => this.advancer.advance(this.codec.draft, frame, others));
  }

  tryStart(k: number, others: readonly Frame[]): Advanced | Blocked | typeof disabled | null {
    return this.orNull(() => this.advancer.start(this.codec.draft, this.subject.instances[k]!, k, others));
  }

  /** The bug that the last step ran into which was tried and led nowhere. */
  caught: KernelBug | null = null;

  private orNull<T>(step: () => T): T | null {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error;
      this.caught = error;
      this.codec.unpack(this.current, 0);
      return null;
    }
  }

  /** The stored state that a step from the loaded one leads to; the loaded one is in the draft again. */
  indexAfter(step: Advanced): number {
    this.codec.pack(this.codec.draft, this.next, 0);
    this.packFrames(step.frame, step.others);
    this.codec.unpack(this.current, 0);
    return this.store.find(this.next);
  }
}
