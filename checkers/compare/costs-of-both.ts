/** What the calls that two designs have in different forms cost in each of them. */
import { Costs, type CostClass } from "./costs.ts";
import type { Shared, SharedCall } from "./shared.ts";

/** The first pairs, and one in so many of the others: deeper states have more to do. */
const MEASURED_FIRST = 64;
const MEASURED_EVERY = 16;
const MOST_MEASURED = 20_000;

export interface CostChange {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** A call that shows the one that grows, and where it was measured. */
  readonly call: SharedCall;
  readonly pair: number;
}

export class CostsOfBoth {
  private readonly shared: Shared;
  private readonly a: Costs;
  private readonly b: Costs;
  private readonly wordsOfA: number;

  constructor(shared: Shared, wordsOfA: number) {
    this.shared = shared;
    this.wordsOfA = wordsOfA;
    const { a, b, calls } = shared;
    const both = calls.filter(
      ({ a: inA, b: inB }) => inA >= 0 && inB >= 0 && a.instances[inA]!.call !== b.instances[inB]!.call,
    );
    this.a = new Costs(
      a,
      both.map(({ a: k }) => k),
    );
    this.b = new Costs(
      b,
      both.map(({ b: k }) => k),
    );
  }

  measure(from: Int32Array, offset: number, pair: number): void {
    if (pair >= MEASURED_FIRST && (pair % MEASURED_EVERY !== 0 || pair > MOST_MEASURED)) return;
    this.a.measure(from, offset, pair);
    this.b.measure(from, offset + this.wordsOfA, pair);
  }

  changes(): readonly CostChange[] {
    const [before, after] = [this.a.classes(), this.b.classes()];
    return [...before].flatMap(([name, was]) => {
      const is = after.get(name);
      if (is === undefined || is.text === was.text) return [];
      const shown = this.shownBy(is, "b") ?? this.shownBy(was, "a")!;
      return [{ name, from: was.text, to: is.text, ...shown }];
    });
  }

  private shownBy({ shown }: CostClass, side: "a" | "b"): Pick<CostChange, "call" | "pair"> | null {
    if (shown === null) return null;
    const call = this.shared.calls.find((one) => one[side] === shown.k)!;
    return { call, pair: shown.pair };
  }
}
