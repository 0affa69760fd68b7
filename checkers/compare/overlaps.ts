/**
 * Two designs in lockstep where calls overlap: from every pair of quiescent states, each two calls that can overlap are run in every way, one
 * after the other too, and the joint results that they can have are compared. Chains of overlaps are not: what a third call sees is asked of the promises alone.
 *
 * Behind an overlap the search goes on where the results tell which states the designs are in: one state each, or the same ones in both.
 */
import { isAtomic } from "../interleave/atomic.ts";
import { isFree } from "../interleave/frame.ts";
import type { EndOfTwo } from "../interleave/two-calls.ts";
import { Ends } from "./ends.ts";
import { Lockstep, type Clash, type LockstepOptions } from "./lockstep.ts";
import type { Shared, SharedCall } from "./shared.ts";

export class OverlapLockstep extends Lockstep {
  /** The first of each two calls and outcome. */
  private readonly clashing = new Map<string, Clash>();
  override unfollowed = 0;
  private readonly ends: { readonly a: Ends; readonly b: Ends };
  private readonly couples: readonly (readonly [number, number])[];
  private readonly isOneDomain: boolean;

  constructor(shared: Shared, options: LockstepOptions) {
    super(shared, options);
    this.ends = { a: new Ends(shared.a, this.outcomes), b: new Ends(shared.b, this.outcomes) };
    this.couples = overlapping(shared, this.ends.a);
    this.isOneDomain = shapeText(shared.a) === shapeText(shared.b);
  }

  protected override callsOf(via: number): readonly SharedCall[] {
    const { calls } = this.shared;
    const overlap = via - calls.length;
    if (overlap < 0) return super.callsOf(via);
    return this.couples[overlap]!.map((call) => calls[call]!);
  }

  protected override expandPair(pair: number, from: Int32Array, offset: number): void {
    super.expandPair(pair, from, offset);
    const { ends, couples, shared } = this;
    ends.a.from(from, offset);
    ends.b.from(from, offset + ends.a.words);
    const areAlike = this.areAlike(from, offset);
    for (const [overlap, [x, y]] of couples.entries()) {
      const [first, second] = [shared.calls[x]!, shared.calls[y]!];
      ends.a.of(first.a, second.a);
      if (areAlike && this.isUnchanged(x) && this.isUnchanged(y)) {
        this.followAll(shared.calls.length + overlap);
        continue;
      }
      ends.b.of(first.b, second.b);
      const via = shared.calls.length + overlap;
      if (this.isOneDomain && this.haveSameEnds()) this.followAll(via);
      else this.compare(pair, via, [first, second]);
    }
  }

  /** Results and states; both lists are in the order in which they were found, which is mostly the same. */
  private haveSameEnds(): boolean {
    const { a, b } = this.ends;
    if (a.count !== b.count) return false;
    for (let i = 0; i < a.count; i++) if (!isIn(a, i, b)) return false;
    return true;
  }

  private followAll(via: number): void {
    const { a } = this.ends;
    for (let i = 0; i < a.count; i++)
      if (this.isState(a, i)) this.append(via, a.rows, i * a.width, a.rows, i * a.width);
  }

  private isState(ends: Ends, end: number): boolean {
    return this.outcomes.sort(ends.rows[end * ends.width + ends.words]!) !== "nothing";
  }

  private compare(pair: number, via: number, calls: readonly [SharedCall, SharedCall]): void {
    const { a, b } = this.ends;
    const [ofA, ofB] = [byResults(a), byResults(b)];
    const lost = [...ofA.keys()].filter((results) => !ofB.has(results));
    const gained = [...ofB.keys()].filter((results) => !ofA.has(results));
    if (lost.length + gained.length > 0 && this.areOrdersAlike(calls)) {
      const allA = this.textOf([...ofA.keys()]);
      const allB = this.textOf([...ofB.keys()]);
      for (const results of gained) this.clash("outcome gained", calls, pair, allA, this.textOf([results]));
      for (const results of lost) this.clash("outcome lost", calls, pair, this.textOf([results]), allB);
    }
    for (const [results, inA] of ofA) {
      const inB = ofB.get(results);
      if (inB !== undefined) this.followSome(via, inA, inB);
    }
  }

  /** Where the calls answer otherwise one after the other, that is the difference, and is told so. */
  private areOrdersAlike([x, y]: readonly [SharedCall, SharedCall]): boolean {
    const [inA, inB] = [this.ends.a.inOrder(x.a, y.a), this.ends.b.inOrder(x.b, y.b)];
    return inA.every((results, i) => results === inB[i]);
  }

  private followSome(via: number, inA: readonly number[], inB: readonly number[]): void {
    const { a, b } = this.ends;
    if (!this.isState(a, inA[0]!)) return;
    if (inA.length === 1 && inB.length === 1) {
      this.append(via, a.rows, inA[0]! * a.width, b.rows, inB[0]! * b.width);
      return;
    }
    const both = this.isOneDomain ? inA.filter((end) => isIn(a, end, b)) : [];
    for (const end of both) this.append(via, a.rows, end * a.width, a.rows, end * a.width);
    if (both.length < Math.max(inA.length, inB.length)) this.unfollowed++;
  }

  private clash(
    kind: Clash["kind"],
    calls: readonly [SharedCall, SharedCall],
    pair: number,
    from: string,
    to: string,
  ): void {
    const results = kind === "outcome gained" ? to : from;
    const key = `${kind} ${calls.map(({ name }) => name).join(" ")} ${results}`;
    if (this.clashing.has(key)) return;
    const isEnd = (end: EndOfTwo): boolean => this.resultsOf(end) === results;
    this.clashing.set(key, { kind, calls, pair, from, to, isEnd });
    this.found.any = true;
  }

  private textOf(all: readonly number[]): string {
    return all
      .map((results) => {
        const [x, y] = [Math.floor(results / 2 ** 20), results % 2 ** 20];
        if (this.outcomes.sort(x) === "nothing") return this.outcomes.text(x);
        return `(${this.outcomes.text(x)}, ${this.outcomes.text(y)})`;
      })
      .sort()
      .join(" or ");
  }

  private resultsOf({ results, breaks }: EndOfTwo): string {
    const { outcomes } = this;
    if (results === null) return outcomes.text(outcomes.ofBug(breaks!));
    return `(${results.map((result) => outcomes.text(outcomes.of(result))).join(", ")})`;
  }

  override clashes(): readonly Clash[] {
    return [...this.clashing.values()];
  }
}

/** Pairs of shared calls that both designs can make at once, and that are cut somewhere in one of them. */
function overlapping({ calls, a, b }: Shared, ends: Ends): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  const isWhole = ({ a: inA, b: inB }: SharedCall): boolean =>
    isAtomic(a.instances[inA]!) && isAtomic(b.instances[inB]!);
  for (const [x, first] of calls.entries()) {
    for (const [more, second] of calls.slice(x).entries()) {
      if (first.a < 0 || first.b < 0 || second.a < 0 || second.b < 0) continue;
      if (!isFree(ends.actor(second.a), [ends.actor(first.a)], a.bounds)) continue;
      if (!isWhole(first) || !isWhole(second)) found.push([x, x + more]);
    }
  }
  return found;
}

/** Ends by their results. */
function byResults(ends: Ends): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let end = 0; end < ends.count; end++) {
    const results = ends.results(end);
    const known = found.get(results);
    if (known === undefined) found.set(results, [end]);
    else known.push(end);
  }
  return found;
}

/** Whether an end of one design is one of the other's, state and results. */
function isIn(a: Ends, end: number, b: Ends): boolean {
  if (end < b.count && isSameRow(a, end, b, end)) return true;
  for (let other = 0; other < b.count; other++) if (isSameRow(a, end, b, other)) return true;
  return false;
}

function isSameRow(a: Ends, x: number, b: Ends, y: number): boolean {
  const [inA, inB] = [x * a.width, y * b.width];
  for (let i = 0; i < a.width; i++) if (a.rows[inA + i] !== b.rows[inB + i]) return false;
  return true;
}

/** States of equal texts are packed alike. */
function shapeText({ design, sizes }: Shared["a"]): string {
  return JSON.stringify([design.state, Object.entries(sizes).sort()]);
}
