/**
 * Which pairs of calls end as one of their orders does, found out with compiled steps. All others are for the comparison as it is written
 * (interleave/orders.ts), which finds the breach.
 */
import { disabled } from "../../../spec/language/call.ts";
import { KernelBug } from "../../../spec/language/kernel-bug.ts";
import type { Outcome } from "../../../spec/language/outcome.ts";
import { masks, type Cell } from "../../explore/layout.ts";
import { Store } from "../../explore/store.ts";
import { isBlocked } from "../../interleave/advance.ts";
import { lasting, mayEndSo, type Results } from "../../interleave/atomic.ts";
import { outcomeKey } from "../../interleave/frame.ts";
import { ENDED, HAS_BEGUN, IS_GIVEN_BACK, PAUSED, type Point } from "./point.ts";
import type { CompiledInterleaving } from "./search.ts";

/** Where a call is that has not begun. */
const NOT_BEGUN = 0;
/** Steps of a call on its own beyond which it is run as it is written. */
const MOST_STEPS = 500;

/** How a call ends on its own: its outcome by number, and the words then; null where it cannot be made. */
interface Alone {
  readonly outcome: number;
  readonly words: Int32Array;
}

export class CompiledOrders {
  private readonly search: CompiledInterleaving;
  /** By word, the bits that are compared: all but those of mappings and caches. */
  private readonly compared: Int32Array;
  private readonly numbers = new Map<string, number>();
  private readonly outcomes: Outcome[] = [];
  private readonly words: number;
  private readonly current: Int32Array;
  private readonly next: Int32Array;
  private readonly other = new Int32Array(1);
  private readonly start: Int32Array;
  private alone = new Map<number, Alone | null | "bug">();
  private after = new Map<number, Alone | null | "bug">();
  /** States of two calls, and the number of the pair: words, where both are, pair. */
  private points: Store;

  constructor(search: CompiledInterleaving) {
    this.search = search;
    const { codec } = search;
    this.words = codec.words;
    this.start = new Int32Array(search.store.words);
    this.current = new Int32Array(this.words + 3);
    this.next = new Int32Array(this.words + 3);
    this.points = new Store(this.words + 3, { parents: false });
    this.compared = new Int32Array(this.words);
    addLasting(codec.layout, lasting(search.subject).layout, this.compared);
  }

  /** Compares pairs from a quiescent state. */
  from(index: number): (a: number, b: number) => boolean {
    this.search.store.read(index, this.start);
    this.alone = new Map();
    this.after = new Map();
    this.points = new Store(this.words + 3, { parents: false });
    return (a, b) => this.isInOrder(a, b);
  }

  private isInOrder(a: number, b: number): boolean {
    const first = this.inOrder(a, b);
    const second = this.inOrder(b, a);
    if (first === "bug" || second === "bug") return true;
    const alone = [this.runAlone(a), this.runAlone(b)] as readonly (Alone | null)[];
    const straight = first === null ? null : { x: alone[0]!.outcome, y: first.outcome, words: first.words };
    const turned = second === null ? null : { x: second.outcome, y: alone[1]!.outcome, words: second.words };
    return this.everyEnd(a, b, (x, y) => {
      if (straight !== null && straight.x === x && straight.y === y && this.isSame(straight.words))
        return true;
      if (turned !== null && turned.x === x && turned.y === y && this.isSame(turned.words)) return true;
      const { instances, design } = this.search.subject;
      const results = (one: { readonly x: number; readonly y: number }): Results => [
        this.outcomes[one.x]!,
        this.outcomes[one.y]!,
      ];
      const orders = [straight, turned].filter((one) => one !== null).map(results);
      return mayEndSo(design, [instances[a]!.name, instances[b]!.name], results({ x, y }), orders);
    });
  }

  /** The words at hand are those of an order. */
  private isSame(words: Int32Array): boolean {
    for (let i = 0; i < this.words; i++)
      if (((words[i]! ^ this.current[i]!) & this.compared[i]!) !== 0) return false;
    return true;
  }

  private runAlone(k: number): Alone | null | "bug" {
    let known = this.alone.get(k);
    if (known === undefined) this.alone.set(k, (known = this.run(k, this.start)));
    return known;
  }

  private inOrder(first: number, second: number): Alone | null | "bug" {
    const alone = this.runAlone(first);
    if (alone === null || alone === "bug") return alone;
    const key = first * this.search.subject.instances.length + second;
    let known = this.after.get(key);
    if (known === undefined) this.after.set(key, (known = this.run(second, alone.words)));
    return known;
  }

  /** A whole call, with nobody else in flight. */
  private run(k: number, from: Int32Array): Alone | null | "bug" {
    const { stepper } = this.search;
    let words = from;
    let next = new Int32Array(this.words);
    let spare = new Int32Array(this.words);
    let point: Point = stepper.start(k);
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      const ending = stepper.step(point, words, 0, this.other, 0, next, 0);
      if (ending.kind === ENDED) return { outcome: this.numberOf(ending.outcome!), words: next };
      words = next;
      [next, spare] = [spare, next];
      if (ending.kind !== PAUSED || ending.retried) break;
      point = stepper.at(ending.frame);
    }
    return this.interpreted(k, from);
  }

  private interpreted(k: number, from: Int32Array): Alone | null | "bug" {
    const { codec, subject } = this.search;
    codec.unpack(from, 0);
    try {
      const outcome = subject.instances[k]!.run(codec.draft, subject.m);
      if (outcome === disabled) return null;
      const words = new Int32Array(this.words);
      codec.pack(codec.draft, words, 0);
      return { outcome: this.numberOf(outcome), words };
    } catch (error) {
      if (error instanceof KernelBug) return "bug";
      throw error;
    }
  }

  private numberOf(outcome: Outcome): number {
    const key = outcomeKey(outcome);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    this.numbers.set(key, this.outcomes.length);
    return this.outcomes.push(outcome) - 1;
  }

  /** Whether all ends of two calls that overlap are right; asked with their outcomes, and the words in `current`. */
  private everyEnd(a: number, b: number, isRight: (x: number, y: number) => boolean): boolean {
    const { points, words, current, next, start, search } = this;
    const ks = [a, b] as const;
    const first = points.count;
    for (let i = 0; i < words; i++) next[i] = start[i]!;
    next[words] = next[words + 1] = NOT_BEGUN;
    next[words + 2] = a * search.subject.instances.length + b;
    points.insert(next, 0, 0);
    for (let at = first; at < points.count; at++) {
      points.read(at, current);
      const [x, y] = [current[words]!, current[words + 1]!];
      if (x < 0 && y < 0) {
        if (!isRight(-1 - x, -1 - y)) return false;
        continue;
      }
      for (let who = 0; who < 2; who++) {
        const mine = who === 0 ? x : y;
        const other = who === 0 ? y : x;
        // The second call begins while the first is in flight: one after the other is no overlap.
        if (mine < 0 || (mine === NOT_BEGUN && other < 0)) continue;
        this.step(mine, ks[who]!, other, who);
      }
    }
    return true;
  }

  /** One step of one of the two; ends that are negative numbers stand for outcomes. */
  private step(mine: number, k: number, other: number, who: number): void {
    const { search, points, words, current, next } = this;
    const { stepper } = search;
    const n = other > 0 ? 1 : 0;
    this.other[0] = other;
    const point = mine === NOT_BEGUN ? stepper.start(k) : stepper.at(mine);
    const ending = stepper.step(point, current, 0, this.other, n, next, 0);
    let now: number;
    let then = other;
    if (ending.kind === ENDED) now = -1 - this.numberOf(ending.outcome!);
    else if (ending.kind === PAUSED || ending.kind === HAS_BEGUN) {
      now = ending.frame;
      if (n === 1 && ending.kind === HAS_BEGUN) then = stepper.others[0]!;
    } else if (ending.kind === IS_GIVEN_BACK) {
      const { codec } = search;
      codec.unpack(current, 0);
      const others = stepper.framesOf(this.other, n);
      const step =
        mine === NOT_BEGUN ? search.tryStart(k, others) : search.tryAdvance(search.frames.get(mine), others);
      if (step === null || step === disabled || isBlocked(step)) return;
      codec.pack(codec.draft, next, 0);
      now = step.frame === null ? -1 - this.numberOf(step.outcome!) : step.frame.id;
      if (n === 1) then = step.others[0]!.id;
    } else return;
    next[words + who] = now;
    next[words + 1 - who] = then;
    next[words + 2] = current[words + 2]!;
    points.insert(next, 0, 0);
  }
}

/** Adds the bits of all cells that a smaller codec keeps too. */
function addLasting(cell: Cell, kept: Cell, bits: Int32Array): void {
  if (kept.kind === "untracked") return;
  if (cell.kind === "leaf") {
    for (const [word, mask] of masks(cell)) bits[word]! |= mask;
  } else if (cell.kind === "optional" && kept.kind === "optional") {
    bits[cell.bit.word]! |= cell.bit.mask << cell.bit.shift;
    addLasting(cell.of, kept.of, bits);
  } else if (cell.kind === "record" && kept.kind === "record") {
    for (const [name, field] of cell.fields) addLasting(field, kept.fields.get(name)!, bits);
  } else if (cell.kind === "table" && kept.kind === "table") {
    cell.cells.forEach((entry, i) => addLasting(entry, kept.cells[i]!, bits));
  } else throw new Error(`${cell.path} is kept in two ways`);
}
