/**
 * Which pairs of calls end as one of their orders does, found out with compiled steps. All others are for the comparison as it is written
 * (interleave/orders.ts), which finds the breach.
 */
import { disabled } from "../../../spec/language/call.ts";
import { KernelBug } from "../../../spec/language/kernel-bug.ts";
import { masks, type Cell } from "../../explore/layout.ts";
import { lasting, mayEndSo, type Results } from "../../interleave/atomic.ts";
import { ENDED, PAUSED, type Point } from "./point.ts";
import type { CompiledInterleaving } from "./search.ts";
import { TwoCalls } from "./two-calls.ts";

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
  private readonly calls: TwoCalls;
  private readonly words: number;
  private readonly nobody = new Int32Array(1);
  private readonly start: Int32Array;
  private alone = new Map<number, Alone | null | "bug">();
  private after = new Map<number, Alone | null | "bug">();

  constructor(search: CompiledInterleaving) {
    this.search = search;
    const { codec } = search;
    this.words = codec.words;
    this.start = new Int32Array(search.store.words);
    this.calls = new TwoCalls(search);
    this.compared = new Int32Array(this.words);
    addLasting(codec.layout, lasting(search.subject).layout, this.compared);
  }

  /** Compares pairs from a quiescent state. */
  from(index: number): (a: number, b: number) => boolean {
    this.search.store.read(index, this.start);
    this.alone = new Map();
    this.after = new Map();
    this.calls.from(this.start, 0);
    return (a, b) => this.isInOrder(a, b);
  }

  private isInOrder(a: number, b: number): boolean {
    const first = this.inOrder(a, b);
    const second = this.inOrder(b, a);
    if (first === "bug" || second === "bug") return true;
    const alone = [this.runAlone(a), this.runAlone(b)] as readonly (Alone | null)[];
    const straight = first === null ? null : { x: alone[0]!.outcome, y: first.outcome, words: first.words };
    const turned = second === null ? null : { x: second.outcome, y: alone[1]!.outcome, words: second.words };
    return this.calls.everyEnd(a, b, (x, y) => {
      if (straight !== null && straight.x === x && straight.y === y && this.isSame(straight.words))
        return true;
      if (turned !== null && turned.x === x && turned.y === y && this.isSame(turned.words)) return true;
      const { instances, design } = this.search.subject;
      const results = (one: { readonly x: number; readonly y: number }): Results => [
        this.calls.outcomes[one.x]!,
        this.calls.outcomes[one.y]!,
      ];
      const orders = [straight, turned].filter((one) => one !== null).map(results);
      return mayEndSo(design, [instances[a]!.name, instances[b]!.name], results({ x, y }), orders);
    });
  }

  /** The words at hand are those of an order. */
  private isSame(words: Int32Array): boolean {
    const { current } = this.calls;
    for (let i = 0; i < this.words; i++)
      if (((words[i]! ^ current[i]!) & this.compared[i]!) !== 0) return false;
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
      const ending = stepper.step(point, words, 0, this.nobody, 0, next, 0);
      if (ending.kind === ENDED) return { outcome: this.calls.numberOf(ending.outcome!), words: next };
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
      return { outcome: this.calls.numberOf(outcome), words };
    } catch (error) {
      if (error instanceof KernelBug) return "bug";
      throw error;
    }
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
