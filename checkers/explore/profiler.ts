/**
 * Where the states of a run come from and where its time goes, so that a model can be made smaller: what each call leads to, and how many
 * more states there are because of each field.
 */
import { isFailure } from "../../spec/language/outcome.ts";
import type { Bounded } from "./bounded.ts";
import type { Codec, Tracking } from "./codec.ts";
import { NoMemory } from "./column.ts";
import type { Batch, Expander } from "./expander.ts";
import { Totals, type Explored } from "./explored.ts";
import { groundOf, type Ground, type MakeExpander } from "./interpreted.ts";
import { masks, within, type Cell } from "./layout.ts";
import type { CallProfile, CellProfile, RunProfile } from "./profile.ts";
import { Stepper } from "./stepper.ts";
import { Store } from "./store.ts";
import type { SearchOptions } from "./sweep.ts";
import { UsageError } from "../usage-error.ts";

/** Every so many states are timed at first; behind so many samples half as many, each of which counts twice. */
const TIMED_EVERY = 64;
const TIMED_BEFORE_DOUBLING = 4096;
/** Projections that are counted exactly; of more, a part is that their hashes choose. */
const MOST_COUNTED = 200_000;
/** Bytes for the fields that are counted in one pass. */
const COUNTING_BYTES = 2 ** 27;
const WIDEST = 3;
const IN_FLIGHT = "(calls in flight)";

type Wrap = (make: MakeExpander) => MakeExpander;

/** Runs a search, and profiles it where that is asked for. */
export async function profiled(
  subject: Bounded,
  options: SearchOptions,
  search: (options: SearchOptions, wrap: Wrap) => Promise<Explored>,
): Promise<Explored> {
  if (options.profile !== true) return search(options, (make) => make);
  if (options.resume !== undefined)
    throw new UsageError("--profile counts from the start: a run that goes on with --resume has none");
  const profiler = new Profiler(subject);
  const onVisited = (tracking: Tracking, visited: Store): void => {
    profiler.visited(tracking, visited);
    options.onVisited?.(tracking, visited);
  };
  const explored = await search({ ...options, onVisited }, (make) => (ground) => {
    return new ProfilingExpander(make(ground), ground, profiler.tally);
  });
  const profile = profiler.profile(explored);
  return { ...explored, seconds: explored.seconds - profile.seconds, profile };
}

/** What the searches of a run counted, by call. */
class Tally {
  readonly calls: readonly string[];
  /** The call of each instance. */
  readonly callOf: Int32Array;
  readonly successors: Float64Array;
  readonly fresh: Float64Array;
  readonly seconds: Float64Array;
  expanded = 0;
  timed = 0;
  /** What timing took. */
  spent = 0;

  constructor({ instances }: Bounded) {
    this.calls = [...new Set(instances.map(({ name }) => name))];
    this.callOf = Int32Array.from(instances, ({ name }) => this.calls.indexOf(name));
    this.successors = new Float64Array(this.calls.length);
    this.fresh = new Float64Array(this.calls.length);
    this.seconds = new Float64Array(this.calls.length);
  }
}

/** Any expander, watched: what is new of a batch shows in the states that are asked about behind it, which come in its order. */
class ProfilingExpander implements Expander {
  readonly words: number;
  readonly isCheap: boolean;
  private readonly inner: Expander;
  private readonly ground: Ground;
  private readonly tally: Tally;
  private readonly stepper: Stepper;
  private batch: Batch | null = null;
  /** Of the batch, which may be of some states, the successors behind the last one that was new. */
  private at = 0;
  private every = TIMED_EVERY;
  private samples = 0;

  constructor(inner: Expander, ground: Ground, tally: Tally) {
    this.words = inner.words;
    this.isCheap = inner.isCheap;
    this.inner = inner;
    this.ground = ground;
    this.tally = tally;
    const { codec, havoc, subject } = ground;
    this.stepper = new Stepper(codec, havoc, subject.m, subject.instances.length);
    this.stepper.counting = false;
  }

  successors(from: Int32Array, offset: number, batch: Batch): void {
    this.inner.successors(from, offset, batch);
  }

  expand(from: Int32Array, offset: number, index: number, batch: Batch): void {
    const { tally } = this;
    if (index % this.every === 0) this.sample(from, offset);
    const before = batch.count;
    this.inner.expand(from, offset, index, batch);
    tally.expanded++;
    for (let i = before; i < batch.count; i++) tally.successors[tally.callOf[batch.via[i]!]!]!++;
    this.batch = batch;
    if (before === 0) this.at = 0;
  }

  askState(from: Int32Array, offset: number, index: number): void {
    const { batch, tally } = this;
    // The initial state comes from no batch.
    if (batch !== null) {
      while (!this.isSuccessor(batch, this.at, from, offset)) this.at++;
      tally.fresh[tally.callOf[batch.via[this.at++]!]!]!++;
    }
    this.inner.askState(from, offset, index);
  }

  flush(): void {
    this.inner.flush();
  }

  private isSuccessor({ words, width, count }: Batch, i: number, from: Int32Array, offset: number): boolean {
    if (i >= count) throw new Error("a state is new that the last one does not lead to");
    for (let w = 0; w < width; w++) if (words[i * width + w] !== from[offset + w]) return false;
    return true;
  }

  /** Times each call, with all its parameter sets, as it is written. */
  private sample(from: Int32Array, offset: number): void {
    const { stepper, tally, ground, every } = this;
    const { callOf, seconds } = tally;
    const { current } = stepper;
    const began = performance.now();
    for (let i = 0; i < current.length; i++) current[i] = from[offset + i]!;
    ground.codec.unpack(current, 0);
    for (let first = 0, end = 0; first < callOf.length; first = end) {
      while (end < callOf.length && callOf[end] === callOf[first]) end++;
      // A thread that has to wait for its core does so in one of the two.
      const taken = Math.min(this.time(first, end), this.time(first, end));
      seconds[callOf[first]!]! += every * taken;
    }
    tally.timed++;
    if (++this.samples === TIMED_BEFORE_DOUBLING) {
      this.every *= 2;
      this.samples = 0;
    }
    tally.spent += (performance.now() - began) / 1000;
  }

  private time(first: number, end: number): number {
    const { stepper } = this;
    const { codec, subject } = this.ground;
    const began = performance.now();
    for (let k = first; k < end; k++) {
      stepper.step(subject.instances[k]!, k, false);
      codec.unpack(stepper.current, 0);
    }
    return (performance.now() - began) / 1000;
  }
}

class Profiler {
  readonly tally: Tally;
  private readonly subject: Bounded;
  private readonly cells = new Map<string, Omit<CellProfile, "path" | "factor">>();
  private states = 0;
  private bits = 0;
  private words = 0;
  private spent = 0;
  private counted = true;

  constructor(subject: Bounded) {
    this.subject = subject;
    this.tally = new Tally(subject);
  }

  /** One search of the run has ended. */
  visited(tracking: Tracking, store: Store): void {
    const began = performance.now();
    const { codec } = groundOf(this.subject, tracking, undefined, new Totals());
    const inFlight = this.subject.mode === "sequential" ? 0 : store.words - codec.words;
    this.bits = Math.max(this.bits, codec.bits + 32 * inFlight);
    this.words = Math.max(this.words, codec.words + inFlight);
    // Where something smaller stands for a state, its fields are gone.
    if (store.words !== codec.words + inFlight) this.counted = false;
    else this.counted &&= this.countCells(foldedCells(codec, inFlight), store);
    this.spent += (performance.now() - began) / 1000;
  }

  private countCells(cells: ReadonlyMap<string, FoldedCell>, store: Store): boolean {
    try {
      const counts = countWithout([...cells.values()], store);
      // A field that this search does not track multiplies nothing in it.
      for (const [path, cell] of this.cells)
        if (!cells.has(path)) this.cells.set(path, { ...cell, without: cell.without + store.count });
      [...cells].forEach(([path, { whole, bits }], i) => {
        const { without, isEstimate } = counts[i]!;
        const known = this.cells.get(path) ?? { without: this.states, isEstimate: false, bits: 0 };
        this.cells.set(path, {
          whole,
          bits: Math.max(bits, known.bits),
          without: known.without + without,
          isEstimate: known.isEstimate || isEstimate,
        });
      });
      this.states += store.count;
      return true;
    } catch (error) {
      // A profile is no reason for a run to fail.
      if (error instanceof NoMemory) return false;
      throw error;
    }
  }

  profile(explored: Explored): RunProfile {
    const { subject, tally } = this;
    const { states, transitions, bytes, complete, levels } = explored;
    const isSequential = subject.mode === "sequential";
    const calls = isSequential ? this.calls(explored) : null;
    const found = states - subject.trackings.length;
    const successors = tally.successors.reduce((sum, n) => sum + n, 0);
    const fresh = tally.fresh.reduce((sum, n) => sum + n, 0);
    const expanded = isSequential ? tally.expanded : complete ? states : 0;
    const duplicates = isSequential ? successors - fresh : transitions - found;
    return {
      calls,
      apart: calls === null ? 0 : transitions - calls.reduce((sum, call) => sum + call.transitions, 0),
      timed: tally.timed,
      cells: this.counted ? this.cellProfiles() : null,
      transitionsPerState: expanded === 0 ? null : transitions / expanded,
      successorsPerState: isSequential && expanded > 0 ? successors / expanded : null,
      duplicatesPerNew: duplicates / Math.max(1, isSequential ? fresh : found),
      bitsPerState: this.bits,
      packedBytesPerState: this.words * 4,
      bytesPerState: bytes / Math.max(1, states),
      widest: levels
        .map((n, depth) => ({ depth, states: n }))
        .sort((a, b) => b.states - a.states || a.depth - b.depth)
        .slice(0, WIDEST),
      seconds: this.spent + tally.spent,
    };
  }

  private calls({ outcomes }: Explored): CallProfile[] {
    const { subject, tally } = this;
    const { seconds, successors, fresh } = tally;
    const all = seconds.reduce((sum, n) => sum + n, 0);
    const isFull = subject.tracked === "full";
    return tally.calls.map((name, c) => {
      const own = subject.instances.filter((instance) => instance.name === name);
      const { exits } = own[0]!.call;
      const ended = [...outcomes].filter(([key]) => key.startsWith(`${name} `));
      const sum = (among: typeof ended): number => among.reduce((total, [, n]) => total + n, 0);
      const transitions = sum(ended);
      return {
        call: name,
        instances: own.length,
        transitions,
        refused: sum(
          ended.filter(([key]) => {
            const result = key.slice(name.length + 1);
            return isFailure(result) || exits.includes(result);
          }),
        ),
        unchanged: isFull ? transitions - successors[c]! : null,
        known: successors[c]! - fresh[c]!,
        new: fresh[c]!,
        timeShare: all === 0 ? 0 : seconds[c]! / all,
      };
    });
  }

  private cellProfiles(): CellProfile[] {
    const { states } = this;
    return [...this.cells]
      .map(([path, cell]) => ({ path, ...cell, without: Math.min(states, cell.without) }))
      .map((cell) => ({ ...cell, factor: states / Math.max(1, cell.without) }))
      .sort((a, b) => b.factor - a.factor || (a.path < b.path ? -1 : 1));
  }
}

/** The cells of one path, table indices folded: their bits, by word. */
interface FoldedCell {
  readonly whole: boolean;
  readonly mask: Int32Array;
  readonly bits: number;
}

function foldedCells({ layout, words }: Codec, inFlight: number): Map<string, FoldedCell> {
  const found = new Map<string, { readonly whole: boolean; readonly mask: Int32Array }>();
  const add = (path: string, whole: boolean): Int32Array => {
    const known = found.get(path) ?? { whole, mask: new Int32Array(words + inFlight) };
    found.set(path, known);
    return known.mask;
  };
  for (const cell of within(layout)) {
    if (!isField(cell)) continue;
    const mask = add(cell.path.replace(/\[\d+\]/g, "[]"), cell.kind !== "leaf");
    for (const [word, bits] of masks(cell)) mask[word]! |= bits;
  }
  if (inFlight > 0) add(IN_FLIGHT, true).fill(-1, words);
  return new Map([...found].map(([path, cell]) => [path, { ...cell, bits: bitsIn(cell.mask) }]));
}

function isField({ kind }: Cell): boolean {
  return kind === "leaf" || kind === "optional" || kind === "pointer";
}

function bitsIn(mask: Int32Array): number {
  let bits = 0;
  for (const word of mask) for (let rest = word; rest !== 0; rest &= rest - 1) bits++;
  return bits;
}

/** How many different states are left without each cell. */
function countWithout(
  cells: readonly FoldedCell[],
  store: Store,
): { readonly without: number; readonly isEstimate: boolean }[] {
  const { words, count } = store;
  const perCell = MOST_COUNTED * (words + 4) * 4;
  const atOnce = Math.max(1, Math.floor(COUNTING_BYTES / perCell));
  const found: { readonly without: number; readonly isEstimate: boolean }[] = [];
  for (let first = 0; first < cells.length; first += atOnce) {
    const masked = cells.slice(first, first + atOnce).map(({ mask }) => new Projections(mask));
    for (const piece of store.pieces(0, count)) {
      for (const projections of masked) {
        if (projections.isConstant) continue;
        for (let at = 0; at < piece.words.length; at += words) projections.add(piece.words, at);
      }
    }
    for (const { isConstant, isEstimate, estimate } of masked)
      found.push({ without: isConstant ? count : estimate, isEstimate });
  }
  return found;
}

/**
 * How many states differ in other bits than those of a mask. Of many, those are kept whose hash ends in so many zeros: each of them stands for
 * as many others as that leaves out, and of every state it is known whether it is one of them. (A sample of states would not do: of two
 * that differ in the mask alone, it seldom has both.)
 */
class Projections {
  /** Nothing is left out. */
  readonly isConstant: boolean;
  private readonly keep: Int32Array;
  private readonly masked: Int32Array;
  private zeros = 0;
  private kept: Store;

  constructor(mask: Int32Array) {
    this.keep = mask.map((word) => ~word);
    this.isConstant = mask.every((word) => word === 0);
    this.masked = new Int32Array(mask.length);
    this.kept = new Store(mask.length, { parents: false });
  }

  get isEstimate(): boolean {
    return this.zeros > 0;
  }

  get estimate(): number {
    return this.kept.count * 2 ** this.zeros;
  }

  add(from: Int32Array, offset: number): void {
    const { keep, masked } = this;
    for (let i = 0; i < keep.length; i++) masked[i] = from[offset + i]! & keep[i]!;
    if (this.zeros > 0 && !this.isChosen(masked, 0)) return;
    this.kept.insert(masked, 0, 0);
    while (this.kept.count > MOST_COUNTED) this.halve();
  }

  private halve(): void {
    const { kept, masked } = this;
    const { words } = kept;
    this.zeros++;
    this.kept = new Store(words, { parents: false });
    for (const piece of kept.pieces(0, kept.count)) {
      for (let at = 0; at < piece.words.length; at += words) {
        if (!this.isChosen(piece.words, at)) continue;
        for (let i = 0; i < words; i++) masked[i] = piece.words[at + i]!;
        this.kept.insert(masked, 0, 0);
      }
    }
    kept.close();
  }

  private isChosen(words: Int32Array, offset: number): boolean {
    let hash = 0;
    for (let i = 0; i < this.keep.length; i++) {
      hash = Math.imul(hash ^ words[offset + i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash ^= hash >>> 16;
    return (hash & (2 ** this.zeros - 1)) === 0;
  }
}
