/** Compares what a run does and promises in some of its states with what it does and promises in their images. */
import type { AnyDomain } from "../../spec/language/domain.ts";
import { outcomeText, sameOutcome, type Outcome } from "../../spec/language/outcome.ts";
import type { Asked, Bounded } from "../explore/bounded.ts";
import { callText } from "../explore/instances.ts";
import type { Store } from "../explore/store.ts";
import type { Canonical } from "./canonical.ts";
import { image, permutationOf, permuteValue, type Permutation, type Transposition } from "./group.ts";
import { imageOf, makeSwap } from "./image.ts";
import { Instances, ownersOf, type Meanings } from "./params.ts";
import { Probe, type Answer, type Over, type Went } from "./probe.ts";

/** How much a trial looks at. */
export interface Effort {
  /** States that are reached, by ten times the steps at most. */
  readonly states: number;
  /** Of these, so many are looked at, evenly spread, that their calls are about so many. */
  readonly steps: number;
}

/** The most states that are worth reaching in a run. */
export function reachable({ states, steps }: Effort, { instances }: Bounded): number {
  return Math.max(1, Math.min(states, Math.ceil((10 * steps) / Math.max(1, instances.length))));
}

/** A change of places, ready for use. */
export interface Exchange {
  readonly of: Transposition;
  readonly by: Permutation;
  readonly swap: (words: Int32Array, offset: number) => void;
}

export class Trial {
  readonly probe: Probe;
  readonly instances: Instances;
  /** The states that were reached, and whether these are all. */
  readonly store: Store;
  readonly complete: boolean;
  /** States that are looked at, one after the other. */
  private readonly sample: Int32Array;
  readonly looked: number;
  /** What each call does in each of them, and where it leads. */
  private readonly went: Went[] = [];
  private readonly led: Int32Array;
  private readonly width: number;
  private readonly calls: number;
  private readonly scratch: Int32Array;
  private readonly other: Int32Array;

  constructor(subject: Bounded, effort: Effort) {
    this.probe = new Probe(subject);
    this.instances = new Instances(subject);
    this.calls = subject.instances.length;
    const { words } = this.probe.codec;
    this.width = words;
    this.scratch = new Int32Array(words);
    this.other = new Int32Array(words);
    const { store, complete } = this.probe.reach(reachable(effort, subject));
    this.complete = complete;
    this.store = store;
    this.looked = Math.max(1, Math.min(store.count, Math.ceil(effort.steps / Math.max(1, this.calls))));
    this.sample = new Int32Array(this.looked * words);
    this.led = new Int32Array(this.looked * this.calls * words);
    for (let i = 0; i < this.looked; i++) {
      store.read(Math.floor((i * store.count) / this.looked), this.scratch);
      this.sample.set(this.scratch, i * words);
      this.take(i);
    }
  }

  private take(i: number): void {
    const { probe, sample, width, calls } = this;
    probe.subject.instances.forEach((instance, k) => {
      this.went.push(probe.step(sample, i * width, instance));
      this.led.set(probe.next, (i * calls + k) * width);
    });
  }

  exchange(of: Transposition): Exchange {
    const { leaves, codec, subject } = this.probe;
    const swap = makeSwap(imageOf(leaves, of, codec.words));
    return { of, by: permutationOf(of, subject.sizes), swap };
  }

  fixesStart({ swap }: Exchange): boolean {
    this.scratch.set(this.probe.start);
    swap(this.scratch, 0);
    return same(this.scratch, this.probe.start);
  }

  /**
   * Where the image of a call does not do to the image of a state what the call does to the state, in words. With canonical forms, it is
   * enough that it leads to the same orbit.
   */
  unlike(
    exchange: Exchange,
    numbers: readonly number[],
    meanings: Meanings,
    orbits: Canonical | null,
  ): string | null {
    const { probe, sample, width } = this;
    const images = numbers.map((k) => this.instances.image(k, meanings, exchange.by));
    const state = new Int32Array(width);
    for (let i = 0; i < this.looked; i++) {
      state.set(sample.subarray(i * width, (i + 1) * width));
      exchange.swap(state, 0);
      for (let n = 0; n < numbers.length; n++) {
        const [k, to] = [numbers[n]!, images[n]!];
        const went = probe.step(state, 0, this.instances.list[to]!);
        const why = this.differs(i, k, exchange, went, meanings, orbits);
        if (why !== null)
          return `${this.text(to)}, ${k === to ? "its own image" : `the image of ${this.text(k)}`}, ${why}`;
      }
    }
    return null;
  }

  private text(k: number): string {
    const { name, params } = this.instances.list[k]!;
    return callText(name, params);
  }

  private differs(
    i: number,
    k: number,
    exchange: Exchange,
    other: Went,
    meanings: Meanings,
    orbits: Canonical | null,
  ): string | null {
    const went = this.went[i * this.calls + k]!;
    if (went === null || other === null)
      return went === other
        ? null
        : `${other === null ? "cannot" : "can"} be made where it should${other === null ? "" : " not"}`;
    const [one, two] = [this.imageOfEnd(went, k, exchange.by, meanings), other.ended];
    if (!sameEnd(one, two, orbits !== null)) return `ends with ${endText(two)}, where ${endText(one)} is due`;
    this.scratch.set(
      this.led.subarray((i * this.calls + k) * this.width, (i * this.calls + k + 1) * this.width),
    );
    exchange.swap(this.scratch, 0);
    if (same(this.scratch, this.probe.next)) return null;
    if (orbits === null) return `leads elsewhere than it should: ${this.cellOf(this.scratch)} differs`;
    this.other.set(this.probe.next);
    orbits.canonicalise(this.other, 0);
    orbits.canonicalise(this.scratch, 0);
    return same(this.scratch, this.other) ? null : "leads to another orbit than it should";
  }

  private cellOf(state: Int32Array): string {
    const { next, leaves } = this.probe;
    return leaves.find(
      ({ word, shift, width }) => ((state[word]! ^ next[word]!) >>> shift) & (2 ** width - 1),
    )!.path;
  }

  private imageOfEnd({ ended }: NonNullable<Went>, k: number, by: Permutation, meanings: Meanings): End {
    const { name, call, params } = this.instances.list[k]!;
    if (typeof ended !== "object" || "bug" in ended || call.gives === undefined) return ended;
    const owners = ownersOf(call, params, meanings.get(name));
    return { value: permuteValue(call.gives, ended.value, by, owners) as number | null };
  }

  /** Where a promise says something else of a state, or of a step, than of its image, in words. */
  partial(exchange: Exchange, meanings: Meanings, orbits: boolean): string | null {
    const asked = this.probe.subject.properties.filter(({ unanswered }) => unanswered.length === 0);
    return this.partialOfStates(exchange, asked) ?? this.partialOfSteps(exchange, asked, meanings, orbits);
  }

  private partialOfStates(exchange: Exchange, all: readonly Asked[]): string | null {
    const { probe, sample, width, scratch } = this;
    const asked = all.filter(({ property }) => property.kind !== "step");
    for (let i = 0; i < this.looked; i++) {
      probe.load(sample, i * width);
      const said = asked.map((of) => of.instances.map((over) => probe.says(of, over)));
      scratch.set(sample.subarray(i * width, (i + 1) * width));
      exchange.swap(scratch, 0);
      probe.load(scratch, 0);
      for (const [n, of] of asked.entries()) {
        const j = of.instances.findIndex(
          (over, at) => probe.says(of, imageOfOver(of, over, exchange.by)) !== said[n]![at],
        );
        if (j >= 0) return `${of.property.name} tells a state from its image`;
      }
    }
    return null;
  }

  private partialOfSteps(
    exchange: Exchange,
    all: readonly Asked[],
    meanings: Meanings,
    orbits: boolean,
  ): string | null {
    const { sample, width, calls } = this;
    const asked = all.filter(({ property }) => property.kind === "step");
    if (asked.length === 0) return null;
    const state = new Int32Array(width);
    for (let i = 0; i < this.looked; i++) {
      for (let k = i % 7; k < calls; k += 7) {
        state.set(sample.subarray(i * width, (i + 1) * width));
        const said = this.saysOfStep(asked, state, k, (_, over) => over);
        exchange.swap(state, 0);
        const to = this.instances.image(k, meanings, exchange.by);
        const saidOfImage = this.saysOfStep(asked, state, to, (of, over) =>
          imageOfOver(of, over, exchange.by),
        );
        const n = asked.findIndex((_, at) => !sameAnswers(said[at]!, saidOfImage[at]!, orbits));
        if (n >= 0) return `${asked[n]!.property.name} tells ${this.text(k)} from its image`;
      }
    }
    return null;
  }

  private saysOfStep(
    asked: readonly Asked[],
    state: Int32Array,
    k: number,
    over: (of: Asked, instance: Over) => Over,
  ): Answer[][] {
    const { name, call, params } = this.instances.list[k]!;
    const went = this.probe.step(state, 0, this.instances.list[k]!);
    if (went === null || (typeof went.ended === "object" && "bug" in went.ended)) return asked.map(() => []);
    this.probe.loadStep(state, 0);
    const made = { call: name, by: call.by, params, result: went.ended };
    return asked.map((of) =>
      of.instances.map((instance) => this.probe.saysOfStep(of, over(of, instance), made)),
    );
  }
}

type End = NonNullable<Went>["ended"];

function sameEnd(one: End, two: End, upToOrbits: boolean): boolean {
  const [bug, other] = [bugOf(one), bugOf(two)];
  if (bug !== null || other !== null) return bug === other;
  if (upToOrbits && typeof one === "object" && typeof two === "object") return true;
  return sameOutcome(one as Outcome, two as Outcome);
}

function bugOf(end: End): string | null {
  return typeof end === "object" && "bug" in end ? end.bug : null;
}

function endText(end: End): string {
  return bugOf(end) ?? outcomeText(end as Outcome);
}

/** Instance by instance; up to orbits, that one of them is broken or none. */
function sameAnswers(one: readonly Answer[], two: readonly Answer[], upToOrbits: boolean): boolean {
  return upToOrbits ? one.includes(false) === two.includes(false) : one.every((said, i) => said === two[i]);
}

/** An instance of a property with its indices permuted. */
function imageOfOver({ property }: Asked, over: Over, by: Permutation): Over {
  const moved: Record<string, number> = {};
  for (const [name, of] of Object.entries(property.over as Readonly<Record<string, AnyDomain>>)) {
    const owners = ownersAround(property.over as Readonly<Record<string, AnyDomain>>, over);
    const { shape } = of;
    const value = over[name]!;
    moved[name] = shape.kind === "index" && !shape.ordered ? image(by, shape.bound, value, owners) : value;
  }
  return moved;
}

function ownersAround(domains: Readonly<Record<string, AnyDomain>>, over: Over): Record<string, number> {
  const owners: Record<string, number> = {};
  for (const [name, { shape }] of Object.entries(domains))
    if (shape.kind === "index" && !shape.ordered) owners[shape.bound] ??= over[name]!;
  return owners;
}

function same(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
