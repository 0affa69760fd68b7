/**
 * Exhaustive search: breadth first over packed states stored exactly, so that the first breach of each property
 * has a shortest trace. All properties are asked in one pass, which goes on after a breach.
 */
import { disabled } from "../../spec/language/call.ts";
import { isFailure, outcomeName, sameOutcome } from "../../spec/language/outcome.ts";
import {
  FAILED_CALL,
  type Always,
  type Made,
  type Property,
  type Sometimes,
  type StepProperty,
} from "../../spec/language/property.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { initialState, type Asked, type Bounded } from "./bounded.ts";
import { makeCodec, type Codec, type Tracking } from "./codec.ts";
import { Havoc, Untracked } from "./havoc.ts";
import { callText } from "./instances.ts";
import type { Ended, Instance } from "./sequential.ts";
import { NoMemory, Store } from "./store.ts";

export interface Budget {
  readonly states: number;
  readonly seconds: number;
  readonly bytes: number;
}

export interface Progress {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly frontier: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** A property found broken, or a `sometimes` found reached: the shortest way there. */
export interface Found {
  readonly property: string;
  readonly instance: Readonly<Record<string, number>>;
  readonly why: string;
  /** The calls from the initial state, as indices into the bounded design's instances. */
  readonly path: readonly number[];
  readonly tracking: Tracking;
}

export interface Explored {
  readonly complete: boolean;
  /** Why it is not complete. */
  readonly stopped: string | null;
  readonly states: number;
  readonly transitions: number;
  /** The level of the deepest state; when not complete, the deepest level that was expanded to its end. */
  readonly depth: number;
  readonly levels: readonly number[];
  readonly seconds: number;
  readonly bytes: number;
  readonly bits: number;
  readonly found: ReadonlyMap<string, Found>;
  /** Properties of which at least one instance applied and could be decided in some state. */
  readonly decided: ReadonlySet<string>;
  /** How often each call ended in each way: "call outcome" → count. */
  readonly outcomes: ReadonlyMap<string, number>;
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

export const NO_LIMIT: Budget = { states: Infinity, seconds: Infinity, bytes: Infinity };

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
    total.close(search.levels);
    if (total.stopped !== null) break;
  }
  return total.explored((performance.now() - started) / 1000);
}

/** What the searches of one run, one for each watched location, add up to. */
class Totals {
  states = 0;
  transitions = 0;
  stopped: string | null = null;
  bytes = 0;
  bits = 0;
  depth = 0;
  readonly levels: number[] = [];
  readonly found = new Map<string, Found>();
  readonly decided = new Set<string>();
  readonly outcomes = new Map<string, number>();

  /** Keeps the shorter of two breaches; the earlier one when they are equally long. */
  record(found: Found): void {
    const known = this.found.get(found.property);
    if (known === undefined || found.path.length < known.path.length) this.found.set(found.property, found);
  }

  close(levels: readonly number[]): void {
    levels.forEach((count, level) => (this.levels[level] = (this.levels[level] ?? 0) + count));
  }

  explored(seconds: number): Explored {
    const { states, transitions, depth, levels, bytes, bits, found, decided, outcomes, stopped } = this;
    const complete = stopped === null;
    return {
      complete,
      stopped,
      states,
      transitions,
      depth,
      levels,
      seconds,
      bytes,
      bits,
      found,
      decided,
      outcomes,
    };
  }
}

interface Claim<P> {
  readonly property: P;
  readonly instances: readonly Readonly<Record<string, number>>[];
}
type View = any;

class Search {
  readonly levels: number[] = [];
  private readonly subject: Bounded;
  private readonly tracking: Tracking;
  private readonly options: SearchOptions;
  private readonly total: Totals;
  private readonly started: number;
  private readonly havoc = new Havoc();
  private readonly codec: Codec;
  readonly store: Store;
  private readonly view: View;
  private readonly current: Int32Array;
  private readonly next: Int32Array;
  private readonly other: Int32Array;
  private readonly onStates: Claim<Always<View> | Sometimes<View>>[];
  private readonly onSteps: Claim<StepProperty<View>>[];
  /** A second draft that holds the state before a step, for step properties; filled when first needed. */
  private readonly before: { codec: Codec; view: View } | null;
  private beforeHolds = -1;
  private readonly counts: Map<string, number>[];
  private askFailedCall: boolean;
  private readonly open = new Set<string>();
  private resultKnown = true;
  private readonly alternatives: Int32Array[] = [];

  constructor(subject: Bounded, tracking: Tracking, options: SearchOptions, total: Totals, started: number) {
    this.subject = subject;
    this.tracking = tracking;
    this.options = options;
    this.total = total;
    this.started = started;
    this.codec = this.makeCodec(this.havoc);
    this.store = new Store(this.codec.words);
    this.current = new Int32Array(this.codec.words);
    this.next = new Int32Array(this.codec.words);
    this.other = new Int32Array(this.codec.words);
    this.view = subject.design.view(this.codec.draft, subject.m);
    const asked = subject.properties.filter(
      ({ property, unanswered }) => unanswered.length === 0 && this.wanted(property.name),
    );
    for (const { property } of asked) this.open.add(property.name);
    this.onStates = asked.filter(isOnStates);
    this.onSteps = asked.filter(isOnSteps);
    this.before = this.onSteps.length === 0 ? null : this.makeBefore();
    this.counts = subject.instances.map(() => new Map());
    this.askFailedCall = this.wanted(FAILED_CALL.name);
    total.bits = Math.max(total.bits, this.codec.bits);
  }

  private wanted(property: string): boolean {
    return this.options.only === undefined || this.options.only.has(property);
  }

  private makeCodec(havoc: Havoc): Codec {
    const { design, sizes } = this.subject;
    return makeCodec(design.state, sizes, this.tracking, havoc, design.place);
  }

  private makeBefore(): { codec: Codec; view: View } {
    const havoc = new Havoc();
    havoc.refuses = true;
    const codec = this.makeCodec(havoc);
    return { codec, view: this.subject.design.view(codec.draft, this.subject.m) };
  }

  async run(): Promise<void> {
    const { store, total, subject } = this;
    const { design, m, sizes } = subject;
    this.codec.pack(initialState(design, m, sizes), this.next, 0);
    store.insert(this.next, 0, 0);
    this.codec.unpack(this.next, 0);
    this.askState(0);
    let levelEnd = 1;
    let depth = 0;
    this.levels.push(1);
    const before = { states: total.states, bytes: total.bytes };
    let slice = performance.now();
    for (let index = 0; index < store.count; index++) {
      if (index === levelEnd) {
        depth++;
        this.levels.push(store.count - levelEnd);
        levelEnd = store.count;
      }
      const full = this.expandOrStop(index);
      if (full || (index & 63) === 0 || index + 1 === store.count) {
        total.states = before.states + store.count;
        total.bytes = before.bytes + store.bytes;
        total.stopped = full
          ? "no memory for more states"
          : index + 1 < store.count
            ? this.overBudget()
            : null;
        if (total.stopped !== null) {
          this.levels.push(store.count - levelEnd);
          // The level at hand was not expanded to its end.
          depth = Math.max(0, depth - 1);
          break;
        }
        if (performance.now() - slice > SLICE_MS) {
          this.report(depth, store.count - index);
          await new Promise((resume) => setImmediate(resume));
          slice = performance.now();
        }
      }
    }
    total.depth = Math.max(total.depth, depth);
    this.collectOutcomes();
  }

  private overBudget(): string | null {
    const { budget, stop } = this.options;
    const { total } = this;
    if (total.states > budget.states) return `more than ${budget.states} states`;
    if (total.bytes > budget.bytes) return `more than ${budget.bytes} bytes`;
    if ((performance.now() - this.started) / 1000 > budget.seconds)
      return `more than ${budget.seconds} seconds`;
    return stop?.() ?? null;
  }

  private report(depth: number, frontier: number): void {
    const { states, transitions, bytes } = this.total;
    const seconds = (performance.now() - this.started) / 1000;
    this.options.onProgress?.({ states, transitions, depth, frontier, seconds, bytes });
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
    const { codec, current, store, subject, total } = this;
    const { words } = codec;
    for (let i = 0; i < words; i++) current[i] = store.log[index * words + i]!;
    codec.unpack(current, 0);
    const twice = index < TWICE_FIRST || index % TWICE_EVERY === 0;
    const { instances } = subject;
    for (let k = 0; k < instances.length; k++) {
      const instance = instances[k]!;
      const ended = this.step(instance, k, twice);
      if (ended === disabled) continue;
      total.transitions++;
      this.follow(index, k, ended);
      for (const other of this.alternatives) {
        this.next.set(other);
        this.follow(index, k, ended);
      }
    }
  }

  /** Takes up the successor in `next`: asks the properties, and keeps it when it is new. */
  private follow(index: number, k: number, ended: Exclude<Ended, typeof disabled>): void {
    const { codec, current, next, havoc } = this;
    const changed = !this.isCurrent(next);
    // A draft with untracked cells holds what the last run put there; the state knows less.
    if (changed && !havoc.isEmpty) codec.unpack(next, 0);
    if (changed && this.resultKnown && isFailure(ended)) this.failedCall(index, k, ended);
    if (this.onSteps.length > 0) this.askStep(index, k, ended, changed);
    if (!changed && havoc.isEmpty) return;
    if (changed) {
      const found = this.store.insert(next, index, k);
      if (found >= 0) this.askState(found);
    }
    codec.unpack(current, 0);
  }

  private isCurrent(packed: Int32Array): boolean {
    const { current } = this;
    for (let i = 0; i < current.length; i++) if (packed[i] !== current[i]) return false;
    return true;
  }

  /**
   * Runs one call on the draft, which holds the current state, and leaves its packed successor in `next`. A step that
   * reads untracked cells is run for all their values: further successors are left in `alternatives`, and `resultKnown`
   * says whether it ended alike with all.
   */
  private step(instance: Instance, k: number, twice: boolean): Ended {
    const { codec, havoc, next } = this;
    havoc.begin();
    const ended = instance.run(codec.draft, this.subject.m);
    this.resultKnown = true;
    if (this.alternatives.length > 0) this.alternatives.length = 0;
    const chose = havoc.asked.length > 0;
    if (ended === disabled && !twice && !chose) return ended;
    codec.pack(codec.draft, next, 0);
    if (ended === disabled && !this.isCurrent(next)) throw this.changedWhileDisabled(instance);
    if (chose) return this.otherValues(instance, k, ended);
    this.count(instance, k, ended);
    if (twice) this.again(instance, ended);
    return ended;
  }

  /** Runs a step that has read untracked cells with all their other values. */
  private otherValues(instance: Instance, k: number, first: Ended): Ended {
    const { codec, havoc, next, other, current, alternatives } = this;
    let ended = first;
    while (havoc.again()) {
      codec.unpack(current, 0);
      const alternative = instance.run(codec.draft, this.subject.m);
      if (!sameOutcome(ended, alternative)) this.resultKnown = false;
      if (ended === disabled) ended = alternative;
      codec.pack(codec.draft, other, 0);
      if (!same(next, other) && !alternatives.some((known) => same(known, other)))
        alternatives.push(other.slice());
    }
    codec.unpack(current, 0);
    if (this.resultKnown) this.count(instance, k, ended);
    return ended;
  }

  private count(instance: Instance, k: number, ended: Ended): void {
    if (ended === disabled) return;
    const name = outcomeName(ended);
    const counts = this.counts[k]!;
    const known = counts.get(name);
    if (known === undefined && !this.isDeclared(instance, ended)) throw this.undeclared(instance, name);
    counts.set(name, (known ?? 0) + 1);
  }

  private isDeclared({ call }: Instance, ended: Ended): boolean {
    if (ended === 0) return true;
    if (typeof ended === "object") return call.gives !== undefined;
    return call.returns.includes(ended) || call.exits.includes(ended);
  }

  private again(instance: Instance, first: Ended): void {
    const { codec, current, other, next } = this;
    codec.unpack(current, 0);
    const second = instance.run(codec.draft, this.subject.m);
    codec.pack(codec.draft, other, 0);
    if (same(next, other) && sameOutcome(first, second)) return;
    throw new ModelError(
      `${callText(instance.name, instance.params)} is not deterministic: run twice on one state, it ended once ` +
        `with ${outcomeName(first as never)} and once with ${outcomeName(second as never)}` +
        (same(next, other) ? "" : ", in different states"),
      instance.call.place,
      "a section that reads the clock, a random number, or a variable outside the state",
    );
  }

  private undeclared(instance: Instance, name: string): ModelError {
    const { call } = instance;
    const declared = [...call.returns, ...call.exits, ...(call.gives === undefined ? [] : ["value"]), "0"];
    return new ModelError(
      `${callText(instance.name, instance.params)} ended with ${name}, which the call does not declare; ` +
        `it declares ${declared.join(", ")}`,
      call.place,
      "a cast that hides the result's type from the compiler",
    );
  }

  private changedWhileDisabled(instance: Instance): ModelError {
    return new ModelError(
      `${callText(instance.name, instance.params)} is disabled in a state that it has changed`,
      instance.call.place,
      "a section that writes before the guard that disables the call",
    );
  }

  private failedCall(index: number, k: number, ended: string): void {
    if (!this.askFailedCall || this.subject.instances[k]!.call.leaves[ended] !== undefined) return;
    this.askFailedCall = false;
    const why = `the call ended with ${ended} and changed the state all the same`;
    this.total.record({
      property: FAILED_CALL.name,
      instance: {},
      why,
      path: [...this.pathTo(index), k],
      tracking: this.tracking,
    });
  }

  /** Asks every property of states about the draft, which holds state `index`. */
  private askState(index: number): void {
    this.havoc.forget();
    this.havoc.refuses = true;
    for (const { property, instances } of this.onStates) {
      if (!this.open.has(property.name)) continue;
      const wanted = property.kind === "sometimes";
      for (const instance of instances) {
        const holds = this.ask(property, () => {
          if (property.when !== undefined && !property.when(this.view, instance)) return null;
          return property.holds(this.view, instance);
        });
        if (holds === null || holds !== wanted) continue;
        const why =
          property.kind === "always" ? this.why(() => property.why?.(this.view, instance)) : "reached";
        this.settle(property, instance, why, this.pathTo(index));
        break;
      }
    }
    this.havoc.refuses = false;
  }

  /** Asks every property of steps; the draft holds the state after the step. */
  private askStep(index: number, k: number, ended: Exclude<Ended, typeof disabled>, changed: boolean): void {
    const { before, current, havoc, subject } = this;
    const instance = subject.instances[k]!;
    const made: Made = { call: instance.name, by: instance.call.by, params: instance.params, result: ended };
    havoc.forget();
    havoc.refuses = true;
    for (const { property, instances } of this.onSteps) {
      if (!this.open.has(property.name)) continue;
      if (property.asksResults === true ? !this.resultKnown : !changed) continue;
      if (this.beforeHolds !== index) {
        before!.codec.unpack(current, 0);
        this.beforeHolds = index;
      }
      for (const over of instances) {
        const holds = this.ask(property, () => {
          if (property.when !== undefined && !property.when(before!.view, made, over)) return null;
          return property.holds(before!.view, made, this.view, over);
        });
        if (holds !== false) continue;
        const why = this.why(() => property.why?.(before!.view, made, this.view, over));
        this.settle(property, over, why, [...this.pathTo(index), k]);
        break;
      }
    }
    havoc.refuses = false;
  }

  /** True or false, or null where the property says nothing or would need a cell that is not tracked. */
  private ask(property: Property<View>, question: () => boolean | null): boolean | null {
    try {
      const holds = question();
      if (holds !== null) this.total.decided.add(property.name);
      return holds;
    } catch (error) {
      if (error instanceof Untracked) return null;
      throw new ModelError(
        `property ${property.name} threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
        property.place,
        "a question about something that does not exist in this state; let the property test for it first",
      );
    }
  }

  private why(question: () => string | undefined): string {
    try {
      return question() ?? "";
    } catch {
      return "";
    }
  }

  private settle(
    property: Property<View>,
    instance: Readonly<Record<string, number>>,
    why: string,
    path: number[],
  ): void {
    this.open.delete(property.name);
    this.total.record({ property: property.name, instance, why, path, tracking: this.tracking });
  }

  private pathTo(index: number): number[] {
    const path: number[] = [];
    for (let at = index; at !== 0; at = this.store.parents[at]!) path.push(this.store.via[at]!);
    return path.reverse();
  }

  private collectOutcomes(): void {
    const { outcomes } = this.total;
    this.counts.forEach((counts, k) => {
      const call = this.subject.instances[k]!.name;
      for (const [name, n] of counts) {
        const key = `${call} ${name}`;
        outcomes.set(key, (outcomes.get(key) ?? 0) + n);
      }
    });
  }
}

function same(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function isOnStates(asked: Asked): asked is Asked & Claim<Always<View> | Sometimes<View>> {
  return asked.property.kind !== "step";
}
function isOnSteps(asked: Asked): asked is Asked & Claim<StepProperty<View>> {
  return asked.property.kind === "step";
}
