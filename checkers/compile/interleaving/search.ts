/**
 * The interleaving search with compiled steps: the same states in the same order, the same counts and findings. Successors of some states
 * in a row are collected, and looked up together.
 */
import { disabled } from "../../../spec/language/call.ts";
import { KernelBug, NO_DEADLOCK } from "../../../spec/language/kernel-bug.ts";
import { outcomeName, type Outcome } from "../../../spec/language/outcome.ts";
import type { Bounded } from "../../explore/bounded.ts";
import { Batch } from "../../explore/expander.ts";
import type { Totals } from "../../explore/explored.ts";
import type { Instance } from "../../explore/sequential.ts";
import { isDeclared, undeclared } from "../../explore/stepper.ts";
import type { SearchOptions } from "../../explore/sweep.ts";
import { isBlocked, type Advanced } from "../../interleave/advance.ts";
import type { Frame } from "../../interleave/frame.ts";
import { Interleaving } from "../../interleave/search.ts";
import { AnytimeAsker } from "./asker.ts";
import {
  ENDED,
  HAS_BEGUN,
  IS_BLOCKED,
  IS_DISABLED,
  IS_GIVEN_BACK,
  type Ending,
  type Point,
} from "./point.ts";
import { Stepper, type Compiling } from "./stepper.ts";

/** The search is asked to stop behind every 64 states: no state further on has been expanded then. */
const CHUNK = 64;

/** Nobody began the call at hand and nobody ends it: where it leads to a known state, that may be a way round. */
const STAYS = 1;
/** The words are those of the state before. */
const SAME = 2;

export class CompiledInterleaving extends Interleaving {
  readonly stepper: Stepper;
  private readonly asks: AnytimeAsker;
  private readonly batch: Batch;
  /** By successor: the state that it comes from, and what is known of it. */
  private from = new Int32Array(64);
  private flags = new Uint8Array(64);
  /** The frame that goes on; 0 where the call has ended. */
  private to = new Int32Array(64);
  /** Before this one, all states are expanded. */
  private expanded = 0;
  private levelEnds = 1;
  /** The frames of the state at hand, and those besides the one that steps. */
  private readonly flight: Int32Array;
  private readonly rest: Int32Array;
  private inFlight = 0;
  /** By frame: a task, or the number of its actor. */
  private readonly actorOfFrame: number[] = [];
  private readonly actorOfStart: readonly number[];
  private readonly actors = new Map<string, number>([["task", 0]]);
  /** For each retreat, the frame that stepped, and the one that goes on. */
  readonly retreating: number[] = [];
  private counters: { readonly key: string; count: number }[] = [];
  private readonly counterOf = new Map<string, number>();
  private transitions = 0;

  constructor(
    subject: Bounded,
    options: SearchOptions,
    total: Totals,
    started: number,
    compiling: Compiling = {},
  ) {
    super(subject, options, total, started);
    this.stepper = new Stepper(
      subject,
      this.codec,
      this.advancer,
      this.frames,
      options.merges !== false,
      compiling,
    );
    this.asks = new AnytimeAsker(subject, this.stepper.translator, this.stepper.timed, (name) =>
      this.asker.isOpen(name),
    );
    this.asks.refresh((name) => this.asker.isOpen(name));
    this.batch = new Batch(this.store.words);
    this.flight = new Int32Array(subject.inFlight);
    this.rest = new Int32Array(subject.inFlight);
    this.actorOfStart = subject.instances.map((_, k) => this.actorNumber(this.advancer.actor(k)));
  }

  private actorNumber(actor: string): number {
    const known = this.actors.get(actor);
    if (known !== undefined) return known;
    this.actors.set(actor, this.actors.size);
    return this.actors.size - 1;
  }

  protected override standAt(where: "level" | "slice" | "end"): void {
    if (where === "level") this.levelEnds = this.store.count;
    super.standAt(where);
  }

  protected override expand(index: number): void {
    if (index < this.expanded) return;
    const end = Math.min(this.levelEnds, (Math.floor((index - 1) / CHUNK) + 1) * CHUNK + 1);
    for (let i = index; i < end; i++) this.expandOne(i);
    this.insert();
    this.expanded = end;
  }

  private expandOne(index: number): void {
    const { store, current, codec, flight, subject, stepper } = this;
    store.read(index, current);
    let n = 0;
    for (let i = codec.words; i < store.words && current[i] !== 0; i++) flight[n++] = current[i]!;
    this.inFlight = n;
    let moves = 0;
    for (let i = 0; i < n; i++) {
      // Two calls that are alike: what one can do, so can the other.
      if (i > 0 && flight[i] === flight[i - 1]) continue;
      if (this.step(index, stepper.at(flight[i]!), i)) moves++;
    }
    if (n > 0 && moves === 0) this.nobodyMoves(index);
    if (n < subject.inFlight) this.begins(index);
  }

  private begins(index: number): void {
    const { flight, actorOfStart, stepper, inFlight } = this;
    let tasks = 0;
    for (let i = 0; i < inFlight; i++) if (this.actorOf(flight[i]!) === 0) tasks++;
    next: for (let k = 0; k < actorOfStart.length; k++) {
      const actor = actorOfStart[k]!;
      if (actor === 0) {
        if (tasks >= this.tasks) continue;
      } else for (let i = 0; i < inFlight; i++) if (this.actorOf(flight[i]!) === actor) continue next;
      this.step(index, stepper.start(k), -1);
    }
  }

  private actorOf(frame: number): number {
    return (this.actorOfFrame[frame] ??= this.actorNumber(this.frames.get(frame).actor));
  }

  /** One step of a call, which is number `who` of those in flight, or begins; whether it has moved. */
  private step(index: number, point: Point, who: number): boolean {
    const { batch, stepper, current, flight, rest, inFlight } = this;
    let n = 0;
    for (let i = 0; i < inFlight; i++) if (i !== who) rest[n++] = flight[i]!;
    if (batch.count + 1 > batch.via.length) batch.reserve(1);
    const at = batch.count * batch.width;
    const ending = stepper.step(point, current, 0, rest, n, batch.words, at);
    const { kind } = ending;
    if (kind === IS_BLOCKED || kind === IS_DISABLED) return false;
    if (kind === IS_GIVEN_BACK) return this.interpreted(index, point, n);
    this.transitions++;
    if (kind === ENDED)
      this.counters[ending.counter < 0 ? this.counterFor(ending, point.frame.instance) : ending.counter]!
        .count++;
    if (!point.isNoted) this.note(index, point, at);
    this.take(index, point, kind === HAS_BEGUN ? stepper.others : rest, n, ending.frame);
    return true;
  }

  /** Takes up the successor whose words are in the batch. */
  private take(index: number, { via, id }: Point, others: Int32Array, n: number, frame: number): void {
    const { batch, codec, current } = this;
    const { words, width, count } = batch;
    const first = count * width;
    let isSame = true;
    for (let i = 0; i < codec.words; i++) if (words[first + i] !== current[i]) isSame = false;
    const frames = first + codec.words;
    const end = first + width;
    // The frames of the others are in order, unless they were marked.
    let filled = frames;
    for (let i = 0; i <= n; i++) {
      const one = i === n ? frame : others[i]!;
      if (one === 0) continue;
      let at = filled++;
      for (; at > frames && words[at - 1]! > one; at--) words[at] = words[at - 1]!;
      words[at] = one;
    }
    while (filled < end) words[filled++] = 0;
    batch.via[count] = via;
    if (count >= this.from.length) this.moreRoom();
    this.from[count] = index;
    this.to[count] = frame;
    this.flags[count] = (id !== 0 && frame !== 0 ? STAYS : 0) | (isSame ? SAME : 0);
    batch.count++;
  }

  private moreRoom(): void {
    const { from, flags, to } = this;
    const room = from.length * 2;
    this.from = new Int32Array(room);
    this.flags = new Uint8Array(room);
    this.to = new Int32Array(room);
    this.from.set(from);
    this.flags.set(flags);
    this.to.set(to);
  }

  /** The step as it is written. */
  private interpreted(index: number, point: Point, n: number): boolean {
    const { stepper, codec, current } = this;
    const others = stepper.framesOf(this.rest, n);
    codec.unpack(current, 0);
    const k = point.frame.k;
    const step =
      point.id === 0 ? this.begin(index, k, others) : this.advance(index, this.frames.get(point.id), others);
    if (step === null) return true;
    if (step === disabled) {
      this.asBefore(index, k);
      return false;
    }
    if (isBlocked(step)) return false;
    this.follow(index, point.frame.instance.name, point.via, others, step);
    return true;
  }

  protected override follow(
    from: number,
    name: string,
    via: number,
    _others: readonly Frame[],
    step: Advanced,
  ): void {
    const { total, codec, batch } = this;
    total.transitions++;
    if (step.outcome !== undefined) this.count(via, name, step.outcome);
    const n = this.subject.instances.length;
    const point = via < n ? this.stepper.start(via) : this.stepper.at(via - n);
    if (batch.count + 1 > batch.via.length) batch.reserve(1);
    const at = batch.count * batch.width;
    codec.pack(codec.draft, batch.words, at);
    if (!point.isNoted) this.note(from, point, at);
    step.others.forEach(({ id }, i) => {
      if (id !== this.rest[i]) this.stepper.addWay(this.rest[i]!, id);
      this.rest[i] = id;
    });
    if (step.frame !== null) this.stepper.addWay(point.id, step.frame.id);
    this.take(from, point, this.rest, step.others.length, step.frame?.id ?? 0);
  }

  /** What lockdep sees in a step, when it is taken for the first time; it leads to the words at `at`. */
  private note(index: number, point: Point, at: number): void {
    point.isNoted = true;
    const { frame, via, acquired, part } = point;
    const inversion = this.order.add(acquired!, frame.instance.name, part!.label);
    if (inversion === null) return;
    this.insert();
    const { words } = this.batch;
    words.copyWithin(0, at, at + this.codec.words);
    this.asker.askBug(inversion, { at: index, then: [via] });
  }

  protected override bug(error: unknown, index: number, move: number): void {
    if (error instanceof KernelBug && this.asker.isOpen(error.breaks.name)) this.insert();
    super.bug(error, index, move);
  }

  /** No call in flight can go on. */
  private nobodyMoves(index: number): void {
    if (this.inFlight > 1 && !this.asker.isOpen(NO_DEADLOCK.name)) return;
    this.insert();
    const flight = this.load(index);
    const blocked = flight.map((frame, i) => {
      const by = this.advancer.advance(
        this.codec.draft,
        frame,
        flight.filter((_, other) => other !== i),
      );
      if (by === disabled || !isBlocked(by)) throw new Error("a call that was blocked is not");
      return { frame, by };
    });
    this.stuck(index, blocked);
  }

  private counterFor(ending: Ending, instance: Instance): number {
    const outcome: Outcome = ending.outcome!;
    const key = `${instance.name} ${outcomeName(outcome)}`;
    let counter = this.counterOf.get(key);
    if (counter === undefined) {
      const { outcomes } = this.total;
      if (!outcomes.has(key)) {
        if (!isDeclared(instance, outcome)) throw undeclared(instance, outcomeName(outcome));
        outcomes.set(key, 0);
      }
      counter = this.counters.push({ key, count: 0 }) - 1;
      this.counterOf.set(key, counter);
    }
    return (ending.counter = counter);
  }

  /** Looks up all successors at hand, and asks about those that are new. */
  private insert(): void {
    const { batch, store, from, flags, codec } = this;
    if (batch.count === 0) return;
    const first = store.count;
    const found = store.insertAll(batch, 0);
    let next = 0;
    for (let i = 0; i < batch.count; i++) {
      const offset = i * batch.width;
      if (next < found && store.fresh[next] === i) {
        const index = first + next++;
        store.parents[index] = from[i]!;
        const isQuiescent = batch.words[offset + codec.words] === 0;
        const isNew = isQuiescent || (flags[i]! & SAME) === 0 || this.subject.isParanoid;
        if (isNew) this.askState(batch.words, offset, index, isQuiescent);
      } else if ((flags[i]! & STAYS) !== 0) {
        const known = store.find(batch.words, offset);
        if (known > from[i]!) continue;
        this.retreats.push(known);
        this.retreating.push(batch.via[i]! - this.subject.instances.length, this.to[i]!);
      }
    }
    batch.count = 0;
  }

  /** A state whose words are those of the one before was asked about, but for what is asked of quiescent ones alone. */
  private askState(words: Int32Array, offset: number, index: number, isQuiescent: boolean): void {
    const { asks, asker, codec } = this;
    const isTrusted = !isQuiescent && !this.subject.isParanoid;
    if (isTrusted && (asks.isIdle || !asks.isToBeAsked(words, offset))) return;
    codec.unpack(words, offset);
    asker.askState(index, !isQuiescent);
    asks.refresh((name) => asker.isOpen(name));
  }

  protected override flush(): void {
    super.flush();
    const { total, counters } = this;
    total.transitions += this.transitions;
    this.transitions = 0;
    for (const counter of counters) {
      total.outcomes.set(counter.key, total.outcomes.get(counter.key)! + counter.count);
      counter.count = 0;
    }
    this.asks.addDecided(total.decided);
  }
}
