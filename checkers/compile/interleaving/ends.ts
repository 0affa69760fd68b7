/**
 * Whether calls can go round for ever, found out with compiled steps. A step can be part of a way round only where the frames that it changes
 * come back, in some state or other: all other steps are left out, which leaves little of the graph. That no fair way round exists is
 * seen here; where one does, the search as it is written finds the breach and the way to it.
 */
import { grown } from "../../explore/column.ts";
import { isBlocked } from "../../interleave/advance.ts";
import { disabled } from "../../../spec/language/call.ts";
import { components, type Edges } from "./components.ts";
import { HAS_BEGUN, IS_BLOCKED, IS_GIVEN_BACK, PAUSED } from "./point.ts";
import type { CompiledInterleaving } from "./search.ts";

const SLICE = 4096;

/** `tell` finds the breach where there is one. */
export async function mayGoRound(
  search: CompiledInterleaving,
  stop: () => string | null,
  tell: () => Promise<string | null>,
): Promise<string | null> {
  const rounds = new Rounds(search);
  rounds.addRoots();
  for (let node = 0; node < rounds.count; node++) {
    rounds.expand(node);
    if ((node + 1) % SLICE !== 0) continue;
    await new Promise((resume) => setImmediate(resume));
    const reason = stop();
    if (reason !== null) return reason;
  }
  return rounds.isAnyFair() ? tell() : null;
}

/** Numbers in a row. */
class Column {
  values: Int32Array = new Int32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.values = grown(this.values, this.length, this.length + 1);
    this.values[this.length++] = value;
  }
}

/** Calls that can step, and those that cannot. */
type Way = { readonly to: number; readonly isBlocked: boolean };
const NOWHERE: Way = { to: -1, isBlocked: false };
const WAITING: Way = { to: -1, isBlocked: true };

/** States with their calls told apart, and the steps between them that can be part of a way round. */
class Rounds {
  private readonly search: CompiledInterleaving;
  /** The number of the set of frames that come back to each other; -1 for a frame that never comes back. */
  private readonly setOf: Int32Array;
  private readonly width: number;
  private readonly index = new Column();
  /** The frames of a node, one for each call in flight; 0 behind them. */
  private readonly frames = new Column();
  private readonly numbers = new Map<number | string, number>();
  private readonly first = new Column();
  private readonly to = new Column();
  private readonly who = new Column();
  private readonly words: Int32Array;
  private readonly next: Int32Array;
  private readonly rest: Int32Array;
  private readonly after: number[] = [];

  constructor(search: CompiledInterleaving) {
    this.search = search;
    this.width = search.subject.inFlight;
    this.words = new Int32Array(search.store.words);
    this.next = new Int32Array(search.store.words);
    this.rest = new Int32Array(this.width);
    this.setOf = setsOf(search);
    this.first.push(0);
  }

  get count(): number {
    return this.index.length;
  }

  addRoots(): void {
    const { retreats, retreating, codec, store } = this.search;
    const { setOf } = this;
    for (const [i, index] of retreats.entries()) {
      const [from, to] = [setOf[retreating[i * 2]!]!, setOf[retreating[i * 2 + 1]!]!];
      if (from < 0 || from !== to) continue;
      const offset = store.locate(index) + codec.words;
      this.after.length = 0;
      for (let j = 0; j < this.width; j++)
        if (store.located[offset + j] !== 0) this.after.push(store.located[offset + j]!);
      this.nodeOf(index);
    }
  }

  /** The node of a state whose frames stand as `after` has them. */
  private nodeOf(index: number): number {
    const { after } = this;
    const key = this.keyOf(index);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const node = this.count;
    this.numbers.set(key, node);
    this.index.push(index);
    for (let i = 0; i < this.width; i++) this.frames.push(after[i] ?? 0);
    return node;
  }

  /** In which of the orders that they can have the frames of a state stand. */
  private keyOf(index: number): number | string {
    const { after } = this;
    const n = after.length;
    if (n > 8) return `${index} ${after.join()}`;
    let order = 0;
    for (let i = 0; i < n; i++) {
      order *= n - i;
      for (let j = i + 1; j < n; j++) if (after[j]! < after[i]!) order++;
    }
    return index * 40320 + order;
  }

  expand(node: number): void {
    const { setOf, frames, width, to, who } = this;
    const { store } = this.search;
    store.read(this.index.values[node]!, this.words);
    for (let i = 0; i < width; i++) {
      const frame = frames.values[node * width + i]!;
      if (frame === 0 || setOf[frame]! < 0) continue;
      const way = this.step(node, i);
      if (way.to < 0) continue;
      to.push(way.to);
      who.push(i);
    }
    this.first.push(to.length);
  }

  /** The step of one call of a node whose words are at hand; it leads nowhere where it cannot be part of a way round. */
  private step(node: number, mine: number): Way {
    const { search, width, rest, words, next } = this;
    const { stepper } = search;
    const frames = this.frames.values;
    const frame = frames[node * width + mine]!;
    let n = 0;
    for (let i = 0; i < width; i++)
      if (i !== mine && frames[node * width + i] !== 0) rest[n++] = frames[node * width + i]!;
    const ending = stepper.step(stepper.at(frame), words, 0, rest, n, next, 0);
    if (ending.kind === IS_BLOCKED) return WAITING;
    if (ending.kind === IS_GIVEN_BACK) return this.interpreted(frame, mine, n);
    if (ending.kind !== PAUSED && ending.kind !== HAS_BEGUN) return NOWHERE;
    return this.led(frame, mine, ending.frame, ending.kind === HAS_BEGUN ? stepper.others : rest, n);
  }

  private led(frame: number, mine: number, goesOn: number, others: ArrayLike<number>, n: number): Way {
    const { setOf, rest, after, search, next } = this;
    if (setOf[frame] !== setOf[goesOn] || setOf[frame]! < 0) return NOWHERE;
    for (let i = 0; i < n; i++)
      if (others[i] !== rest[i] && (setOf[others[i]!]! < 0 || setOf[others[i]!] !== setOf[rest[i]!]))
        return NOWHERE;
    after.length = 0;
    for (let i = 0; i < n; i++) after.push(others[i]!);
    after.splice(mine, 0, goesOn);
    const { words } = search.codec;
    for (let i = 0; i < this.width; i++) next[words + i] = 0;
    after.forEach((one, i) => {
      let at = words + i;
      for (; at > words && next[at - 1]! > one; at--) next[at] = next[at - 1]!;
      next[at] = one;
    });
    return { to: this.nodeOf(search.store.find(next)), isBlocked: false };
  }

  private interpreted(frame: number, mine: number, n: number): Way {
    const { search, words, next, rest } = this;
    const { codec, stepper } = search;
    codec.unpack(words, 0);
    const step = search.tryAdvance(search.frames.get(frame), stepper.framesOf(rest, n));
    if (step === null || step === disabled) return NOWHERE;
    if (isBlocked(step)) return WAITING;
    if (step.frame === null) return NOWHERE;
    codec.pack(codec.draft, next, 0);
    const others = step.others.map(({ id }) => id);
    return this.led(frame, mine, step.frame.id, others, n);
  }

  /** Whether there is a way round that fairness does not forbid: whoever never steps on it can step nowhere on it. */
  isAnyFair(): boolean {
    const edges: Edges = { first: this.first.values, to: this.to.values };
    const sets = new Map<number, number[]>();
    components(edges, this.count).forEach((set, node) => {
      if (set < 0) return;
      const nodes = sets.get(set);
      if (nodes === undefined) sets.set(set, [node]);
      else nodes.push(node);
    });
    for (const nodes of sets.values()) if (this.isFair(nodes, edges)) return true;
    return false;
  }

  private isFair(nodes: readonly number[], edges: Edges): boolean {
    const { first, to } = edges;
    const inside = new Set(nodes);
    const stepping = new Set<number>();
    for (const node of nodes)
      for (let e = first[node]!; e < first[node + 1]!; e++)
        if (inside.has(to[e]!)) stepping.add(this.who.values[e]!);
    const waiting: number[] = [];
    for (let i = 0; i < this.width; i++)
      if (this.frames.values[nodes[0]! * this.width + i] !== 0 && !stepping.has(i)) waiting.push(i);
    const stays = nodes.filter((node) => waiting.every((who) => this.isWaiting(node, who)));
    if (stays.length === nodes.length) return true;
    return this.within(stays, edges).some((smaller) => this.isFair(smaller, edges));
  }

  private isWaiting(node: number, who: number): boolean {
    this.search.store.read(this.index.values[node]!, this.words);
    return this.step(node, who).isBlocked;
  }

  private within(nodes: readonly number[], { first, to }: Edges): number[][] {
    const number = new Map(nodes.map((node, i) => [node, i]));
    const starts = new Int32Array(nodes.length + 1);
    const targets: number[] = [];
    nodes.forEach((node, i) => {
      for (let e = first[node]!; e < first[node + 1]!; e++) {
        const target = number.get(to[e]!);
        if (target !== undefined) targets.push(target);
      }
      starts[i + 1] = targets.length;
    });
    const sets: number[][] = [];
    components({ first: starts, to: Int32Array.from(targets) }, nodes.length).forEach((set, i) => {
      if (set >= 0) (sets[set] ??= []).push(nodes[i]!);
    });
    return sets;
  }
}

/** Frames that may come back to each other, by the ways that steps have from frame to frame. */
function setsOf({ frames, stepper }: CompiledInterleaving): Int32Array {
  const names = [...stepper.ways].flatMap(([from, to]) => [from, ...to]);
  const least = names.reduce((a, b) => Math.min(a, b), 0);
  const count = frames.count + 1 - least;
  const first = new Int32Array(count + 1);
  const to: number[] = [];
  for (let node = 0; node < count; node++) {
    for (const next of stepper.ways.get(node + least) ?? []) to.push(next - least);
    first[node + 1] = to.length;
  }
  return components({ first, to: Int32Array.from(to) }, count).subarray(-least);
}
