/** Two calls that overlapped, compared with their orders (interleave/orders.ts), on plain states. */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug, LINEARIZABLE } from "../../spec/language/kernel-bug.ts";
import { sameOutcome, type Outcome } from "../../spec/language/outcome.ts";
import type { Scene } from "../explore/bounded.ts";
import type { Instance } from "../explore/sequential.ts";
import { FLEETING, endsText, isAtomic, mayEndSo, saysNothing, type Results } from "../interleave/atomic.ts";
import { plainOf, type Plain } from "./plain.ts";

export interface Ended {
  readonly instance: Instance;
  readonly outcome: Outcome;
}

interface Order {
  readonly results: Results;
  readonly state: object;
}

export class Pairs {
  private readonly scene: Scene;
  /** All but mappings and caches, which may go at any time. */
  private readonly lasting: Plain;
  private readonly marks: Uint8Array;

  constructor(scene: Scene) {
    this.scene = scene;
    this.lasting = plainOf(scene.design.state, scene.sizes, scene.design.place, FLEETING);
    this.marks = new Uint8Array(this.lasting.kinds.length);
  }

  /** Null where the calls, in the order in which they began, ended as in one of their orders. */
  breachOf(from: object, [a, b]: readonly [Ended, Ended], to: object): KernelBug | null {
    const [x, y] = [a.instance, b.instance];
    const names = [x.name, y.name] as const;
    if (isAtomic(x) && isAtomic(y)) return null;
    const declared = (this.scene.design.notAtomic ?? []).filter(saysNothing);
    if (declared.some(({ calls }) => isPair(calls, names))) return null;
    const first = this.inOrder(from, x, y);
    const second = this.inOrder(from, y, x);
    if (first === "bug" || second === "bug") return null;
    const swapped = second && { ...second, results: [second.results[1], second.results[0]] as const };
    const orders = [first, swapped].filter((order) => order !== null);
    const results: Results = [a.outcome, b.outcome];
    if (orders.some((order) => this.isEnd(order, results, to))) return null;
    const ways = orders.map((order) => order.results);
    if (mayEndSo(this.scene.design, names, results, ways)) return null;
    return new KernelBug(LINEARIZABLE, endsText(x, y, results, ways));
  }

  private isEnd(order: Order, results: Results, to: object): boolean {
    const same = order.results.every((outcome, i) => sameOutcome(outcome, results[i]!));
    return same && !this.lasting.differ(order.state, to, this.marks);
  }

  private inOrder(from: object, first: Instance, second: Instance): Order | "bug" | null {
    const { m } = this.scene;
    const state = this.lasting.copy(from);
    try {
      const one = first.run(state, m);
      if (one === disabled) return null;
      const between = this.lasting.copy(state);
      const other = second.run(between, m);
      if (other === disabled) return null;
      return { results: [one, other], state: this.lasting.copy(between) };
    } catch (error) {
      if (error instanceof KernelBug) return "bug";
      throw error;
    }
  }
}

function isPair(calls: readonly string[], [x, y]: readonly [string, string]): boolean {
  return (calls[0] === x && calls[1] === y) || (calls[0] === y && calls[1] === x);
}
