/** What one design answers to every call in a state: how each ends, and the state behind it. Interpreted at first, compiled when that pays. */
import { disabled } from "../../spec/language/call.ts";

import { Telling, outcomeTold } from "../compile/telling.ts";
import type { Bounded } from "../explore/bounded.ts";
import { TRACK_ALL, type Codec } from "../explore/codec.ts";
import { Totals } from "../explore/explored.ts";
import { callText } from "../explore/instances.ts";
import { groundOf, type Ground } from "../explore/interpreted.ts";
import { Stepper } from "../explore/stepper.ts";
import type { Outcomes } from "./outcomes.ts";

/** Runs of calls as they are written in the time that the translation of one section takes. */
const CALLS_PER_SECTION = 30;
/** States in which both ways are compared: the first ones behind the translation, and then one in so many. */
const COMPARED_FIRST = 20;
const COMPARED_EVERY = 8192;
/** Numbers that `told` starts with. */
const NOT_TOLD = -1;
const TOLD_SLOWLY = -2;
const SMALL = 1024;

export class Answers {
  readonly words: number;
  /** By call: the number of its outcome (outcomes.ts). */
  readonly ended: Int32Array;
  /** By call: where in `next` the state behind it begins; -1 where it is the same state, or there is none. */
  readonly at: Int32Array;
  next: Int32Array;
  private readonly ground: Ground;
  private readonly stepper: Stepper;
  private readonly outcomes: Outcomes;
  private readonly told: Int32Array;
  private telling: Telling | null = null;
  /** By call, the outcomes of the compiled code that were met. */
  private readonly known: readonly Map<number, number>[];
  private readonly small: Int32Array;
  private patience: number;
  private asked = 0;
  private count = 0;

  /** `patience`: how often a section runs, in the mean, before all are compiled. */
  constructor(subject: Bounded, outcomes: Outcomes, patience = CALLS_PER_SECTION) {
    this.ground = groundOf(subject, TRACK_ALL, new Set(), new Totals());
    const { codec, havoc } = this.ground;
    const n = subject.instances.length;
    this.words = codec.words;
    this.outcomes = outcomes;
    this.stepper = new Stepper(codec, havoc, subject.m, n);
    this.stepper.counting = false;
    this.ended = new Int32Array(n);
    this.at = new Int32Array(n);
    this.told = new Int32Array(n);
    this.next = new Int32Array(n * codec.words);
    this.known = subject.instances.map(() => new Map());
    this.small = new Int32Array(n * SMALL).fill(-1);
    const sections = subject.instances.reduce((sum, { program }) => sum + program.parts.length, 0);
    this.patience = sections * patience;
  }

  /** The packed state from which the exploration begins. */
  start(): Int32Array {
    const { codec, subject } = this.ground;
    const packed = new Int32Array(codec.words);
    codec.pack(subject.start, packed, 0);
    return packed;
  }

  get codec(): Codec {
    return this.ground.codec;
  }

  /** Answers for the state at from[offset …]; the array is read until the next state is asked for. */
  of(from: Int32Array, offset: number): void {
    if (this.telling === null && this.stepper.runs >= this.patience) this.translate();
    if (this.telling === null) return this.interpret(from, offset);
    this.compiled(this.telling, from, offset);
    const n = this.asked++;
    if (n < COMPARED_FIRST || n % COMPARED_EVERY === 0) this.compare(from, offset);
  }

  private load(from: Int32Array, offset: number): void {
    const { current } = this.stepper;
    for (let i = 0; i < current.length; i++) current[i] = from[offset + i]!;
    this.codec.unpack(current, 0);
  }

  private interpret(from: Int32Array, offset: number): void {
    const { words, stepper } = this;
    this.load(from, offset);
    this.count = 0;
    for (let k = 0; k < this.ended.length; k++) {
      this.at[k] = -1;
      if (!this.step(k)) continue;
      this.at[k] = this.count * words;
      this.next.set(stepper.next, this.count++ * words);
    }
  }

  /** Makes a call in the state at hand, which is restored; whether it leads to another one. */
  private step(k: number): boolean {
    const { stepper, codec } = this;
    const ended = stepper.step(this.ground.subject.instances[k]!, k, false);
    const bug = stepper.bugs[0];
    if (bug !== undefined) this.ended[k] = this.outcomes.ofBug(bug.breaks.name);
    else this.ended[k] = ended === disabled ? this.outcomes.notMade : this.outcomes.of(ended);
    if (ended === disabled && bug === undefined) return false;
    const changed = bug === undefined && !stepper.isCurrent(stepper.next);
    codec.unpack(stepper.current, 0);
    return changed;
  }

  private compiled(telling: Telling, from: Int32Array, offset: number): void {
    const { told, ended, at, words, small } = this;
    told.fill(NOT_TOLD);
    this.from = from;
    this.offset = offset;
    this.isLoaded = false;
    telling.expand(from, offset);
    const { batch } = telling;
    this.next = batch.words;
    at.fill(-1);
    for (let i = 0; i < batch.count; i++) at[batch.via[i]!] = i * words;
    for (let k = 0; k < told.length; k++) {
      const number = told[k]!;
      if (number === TOLD_SLOWLY) continue;
      if (number === NOT_TOLD) ended[k] = this.outcomes.notMade;
      else {
        const known = number < SMALL ? small[k * SMALL + number]! : -1;
        ended[k] = known >= 0 ? known : this.learn(telling, k, number);
      }
    }
  }

  private learn(telling: Telling, k: number, number: number): number {
    const known = this.known[k]!.get(number);
    if (known !== undefined) return known;
    const { name, value } = outcomeTold(telling.outcomes[k]!, number);
    const id = this.outcomes.of(name === "value" ? { value } : name === "0" ? 0 : name);
    this.known[k]!.set(number, id);
    if (number < SMALL) this.small[k * SMALL + number] = id;
    return id;
  }

  private from: Int32Array = new Int32Array(0);
  private offset = 0;
  private isLoaded = false;

  private translate(): void {
    this.patience = Infinity;
    this.telling = new Telling(this.ground, this.told, (k, batch) => {
      if (!this.isLoaded) this.load(this.from, this.offset);
      this.isLoaded = true;
      this.told[k] = TOLD_SLOWLY;
      if (!this.step(k)) return;
      batch.words.set(this.stepper.next, batch.count * this.words);
      batch.via[batch.count++] = k;
    });
  }

  /** Both ways say the same. */
  private compare(from: Int32Array, offset: number): void {
    const { words } = this;
    const fast = { ended: this.ended.slice(), at: this.at.slice(), next: this.next };
    this.next = new Int32Array(fast.at.length * words);
    this.interpret(from, offset);
    for (const [k, at] of this.at.entries()) {
      const other = fast.at[k]!;
      const same = at < 0 ? other < 0 : other >= 0 && isSame(this.next, at, fast.next, other, words);
      if (same && this.ended[k] === fast.ended[k]) continue;
      const { name, params } = this.ground.subject.instances[k]!;
      throw new Error(
        `the translation of ${callText(name, params)} ends otherwise than the call does: an error of gmemcheck, or a section that reads what changes outside of the state; --interpreted runs without translation`,
      );
    }
  }
}

function isSame(a: Int32Array, at: number, b: Int32Array, other: number, words: number): boolean {
  for (let i = 0; i < words; i++) if (a[at + i] !== b[other + i]) return false;
  return true;
}
