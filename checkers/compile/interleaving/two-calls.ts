/** Two calls that overlap from a quiescent state, with compiled steps: every end that they can have. */
import { disabled } from "../../../spec/language/call.ts";
import { NO_DEADLOCK } from "../../../spec/language/kernel-bug.ts";
import type { Outcome } from "../../../spec/language/outcome.ts";
import { Store } from "../../explore/store.ts";
import { isBlocked } from "../../interleave/advance.ts";
import { outcomeKey } from "../../interleave/frame.ts";
import { ENDED, HAS_BEGUN, IS_GIVEN_BACK, PAUSED } from "./point.ts";
import type { CompiledInterleaving } from "./search.ts";

/** Where a call is that has not begun. */
const NOT_BEGUN = 0;

export class TwoCalls {
  /** By number. */
  readonly outcomes: Outcome[] = [];
  /** The words of the end at hand come first. */
  readonly current: Int32Array;
  /** What else than an end the two calls at hand ran into: the promises that this breaks. */
  readonly bugs = new Set<string>();
  private readonly search: CompiledInterleaving;
  private readonly inOrder: boolean;
  private readonly numbers = new Map<string, number>();
  private readonly words: number;
  private readonly start: Int32Array;
  private readonly next: Int32Array;
  private readonly other = new Int32Array(1);
  /** States of two calls, and the number of the pair: words, where both are, pair. */
  private points: Store;

  /** With `inOrder`, the second call may also begin when the first has ended: who does not know whether they overlap meets these ends, too. */
  constructor(search: CompiledInterleaving, inOrder = false) {
    this.search = search;
    this.inOrder = inOrder;
    this.words = search.codec.words;
    this.start = new Int32Array(this.words);
    this.current = new Int32Array(this.words + 3);
    this.next = new Int32Array(this.words + 3);
    this.points = new Store(this.words + 3, { parents: false });
  }

  /** The quiescent state from which calls begin. */
  from(words: Int32Array, offset: number): void {
    for (let i = 0; i < this.words; i++) this.start[i] = words[offset + i]!;
    this.points = new Store(this.words + 3, { parents: false });
  }

  numberOf(outcome: Outcome): number {
    const key = outcomeKey(outcome);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    this.numbers.set(key, this.outcomes.length);
    return this.outcomes.push(outcome) - 1;
  }

  /** Whether all ends of two calls that overlap are right; asked with their outcomes, and the words in `current`. */
  everyEnd(a: number, b: number, isRight: (x: number, y: number) => boolean): boolean {
    const { points, words, current, next, start, search } = this;
    const ks = [a, b] as const;
    const first = points.count;
    this.bugs.clear();
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
      let moves = 0;
      for (let who = 0; who < 2; who++) {
        const mine = who === 0 ? x : y;
        const other = who === 0 ? y : x;
        // One after the other is no overlap.
        if (mine < 0 || (mine === NOT_BEGUN && other < 0 && !this.inOrder)) continue;
        if (this.step(mine, ks[who]!, other, who)) moves++;
      }
      if (moves === 0 && x !== NOT_BEGUN && y !== NOT_BEGUN) this.bugs.add(NO_DEADLOCK.name);
    }
    return true;
  }

  /** One step of one of the two; ends that are negative numbers stand for outcomes. Whether it could be taken. */
  private step(mine: number, k: number, other: number, who: number): boolean {
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
      if (step === null) {
        this.bugs.add(search.caught!.breaks.name);
        return true;
      }
      if (step === disabled || isBlocked(step)) return false;
      codec.pack(codec.draft, next, 0);
      now = step.frame === null ? -1 - this.numberOf(step.outcome!) : step.frame.id;
      if (n === 1) then = step.others[0]!.id;
    } else return false;
    next[words + who] = now;
    next[words + 1 - who] = then;
    next[words + 2] = current[words + 2]!;
    points.insert(next, 0, 0);
    return true;
  }
}
