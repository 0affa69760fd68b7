/**
 * Ways to states, where the store keeps no parents: the log is in level order, so that the state which another one was found from is the first of the
 * level before that leads to it. Levels are expanded again, from the deepest back, for all that is wanted at once.
 */
import { Batch, type Expander } from "./expander.ts";
import { Store } from "./store.ts";

/** How one state was come by. */
export interface Step {
  readonly from: number;
  readonly via: number;
}

/** The calls that lead to each of some states, by their numbers. */
export function trails(
  expander: Expander,
  store: Store,
  levels: readonly number[],
  states: readonly number[],
): number[][] {
  if (states.length === 0) return [];
  const steps = new Map<number, Step>();
  const firsts = firstsOf(levels);
  const left = [...states].sort((a, b) => a - b);
  let sought: number[] = [];
  for (let level = levels.length - 1; level > 0; level--) {
    const parents = sought.map((state) => steps.get(state)!.from);
    const here: number[] = [];
    while (left.length > 0 && left.at(-1)! >= firsts[level]!) here.push(left.pop()!);
    sought = [...new Set([...parents, ...here])];
    if (sought.length > 0) seek(expander, store, firsts[level - 1]!, firsts[level]!, sought, steps);
  }
  return states.map((state) => follow(steps, state));
}

/** The first state of each level; there may be very many levels. */
function firstsOf(levels: readonly number[]): Float64Array {
  const firsts = new Float64Array(levels.length);
  for (let level = 1; level < levels.length; level++) firsts[level] = firsts[level - 1]! + levels[level - 1]!;
  return firsts;
}

/** Expands a level, from its first state to before `end`, until it has led to all that is sought. */
function seek(
  expander: Expander,
  store: Store,
  first: number,
  end: number,
  sought: readonly number[],
  steps: Map<number, Step>,
): void {
  const seeker = new Seeker(expander);
  const one = new Int32Array(store.words);
  for (const state of sought) {
    store.read(state, one);
    seeker.add(one);
  }
  for (let index = first; index < end && seeker.left > 0; index++) {
    const offset = store.locate(index);
    seeker.expand(store.located, offset, index);
  }
  seeker.steps().forEach((step, i) => steps.set(sought[i]!, step));
}

/** Looks for states, which are different, among what other states lead to. */
export class Seeker {
  /** How many have not been come by. */
  left = 0;
  private readonly expander: Expander;
  private readonly wanted: Store;
  private readonly batch: Batch;
  private readonly found: Step[] = [];

  constructor(expander: Expander) {
    this.expander = expander;
    this.wanted = new Store(expander.words, { parents: false });
    this.batch = new Batch(expander.words);
  }

  add(state: Int32Array): void {
    this.wanted.insert(state, 0, 0);
    this.left++;
  }

  /** The state at words[offset …], which has the number `index`. */
  expand(words: Int32Array, offset: number, index: number): void {
    const { expander, wanted, batch, found } = this;
    batch.count = 0;
    expander.successors(words, offset, batch);
    for (let i = 0; i < batch.count; i++) {
      const which = wanted.find(batch.words, i * batch.width);
      if (which < 0 || found[which] !== undefined) continue;
      found[which] = { from: index, via: batch.via[i]! };
      this.left--;
    }
  }

  /** How each was come by first, in the order in which they were added. */
  steps(): readonly Step[] {
    if (this.left > 0) throw new Error("a state was not found again from those that had led to it");
    return this.found;
  }
}

/** The calls that lead to a state. */
export function follow(steps: ReadonlyMap<number, Step>, state: number): number[] {
  const path: number[] = [];
  for (let step = steps.get(state); step !== undefined; step = steps.get(step.from)) path.push(step.via);
  return path.reverse();
}
