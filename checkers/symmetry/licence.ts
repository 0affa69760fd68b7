/**
 * Which permutations a design may be searched up to. Models break symmetry easily: "the lowest free id", the first match in order, numbers
 * that mean something. So nothing is believed that was not tried, at small bounds with two of everything that is interchangeable, and in the first
 * states of the run itself:
 *
 * - the start is its own image;
 * - in every state looked at, the image of a call does to the image of the state what the call does to the state;
 * - each promise says the same of a state (and of a step) and of its image;
 * - at the small bounds, where they can be exhausted, the search over orbits finds the orbits of all states, and these together have as
 *   many states as the full search.
 *
 * It is a test and no proof: of all states at the small bounds where those are few, of many of them else.
 */
import type { AnyDesign, Bounds, Vector } from "../../spec/language/design.ts";
import { bounded, scenarioOf, type Bounded } from "../explore/bounded.ts";
import { callText } from "../explore/instances.ts";
import { Store } from "../explore/store.ts";
import { isMinimal, makeCanonical, type Canonical } from "./canonical.ts";
import {
  generators,
  indices,
  occurrences,
  ownerOf,
  transpositionText,
  type Group,
  type Interchange,
  type Occurrence,
} from "./group.ts";
import { NoLeaves } from "./leaves.ts";
import { closed, lets, numbersIn, permuteParams, type Meanings } from "./params.ts";
import { Probe } from "./probe.ts";
import { Trial, reachable, type Effort, type Exchange } from "./trial.ts";

export interface Licence {
  /** What may be permuted in the run; empty where nothing may. */
  readonly group: Group;
  readonly refused: readonly Refusal[];
  /** What numbers among the parameters of calls stand for. */
  readonly meanings: Meanings;
  /** The run, with the images of its calls that it had not: it is the one whose orbits are searched. */
  readonly subject: Bounded;
  /** How many calls were added. */
  readonly added: number;
  /** What was looked at, in words. */
  readonly tried: readonly string[];
}

export interface Refusal {
  readonly bound: string;
  readonly why: string;
}

export interface LicenceOptions {
  /**
   * Lets a call lead to another state of the same orbit than the image: a design that takes the lowest free id may pass then. Orbits
   * are still as good as states, but a call's image is not what makes the image of its step.
   */
  readonly upToOrbits?: boolean;
  readonly small?: Effort;
  readonly own?: Effort;
}

const SMALL: Effort = { states: 10_000, steps: 100_000 };
const OWN: Effort = { states: 1_000, steps: 20_000 };
const TOLD_APART = "the state in which the run begins tells them apart";
/** Numbers among the parameters of one call that may stand for one bound; more are not told apart. */
const MOST_NUMBERS = 6;

export function licenceFor(design: AnyDesign, vector: Vector, options: LicenceOptions = {}): Licence {
  return new Board(design, vector, options).licence();
}

/** The run with everything tracked and one call after the other: what holds of it holds of parts of its states. */
function plain(design: AnyDesign, { bounds, scenario }: Vector): Bounded {
  return bounded(design, scenario === undefined ? { bounds } : { bounds, scenario });
}

type Scene = ReturnType<typeof scenarioOf>;

class Board {
  private readonly design: AnyDesign;
  private readonly vector: Vector;
  private readonly run: Bounded;
  private readonly scene: Scene;
  private readonly options: LicenceOptions;
  private readonly refused: Refusal[] = [];
  private readonly tried: string[] = [];
  private meanings = new Map<string, Map<string, string>>();

  constructor(design: AnyDesign, vector: Vector, options: LicenceOptions) {
    this.design = design;
    this.vector = vector;
    this.run = plain(design, vector);
    this.scene = scenarioOf(design, vector.scenario);
    this.options = options;
  }

  licence(): Licence {
    const { mode, track } = this.vector;
    if (mode !== undefined && mode !== "sequential") return this.nothing("calls overlap");
    if (track === "watch") return this.nothing("one location is watched, and cannot change its place");
    try {
      return this.granted();
    } catch (error) {
      if (!(error instanceof NoLeaves)) throw error;
      return this.nothing(error.message);
    }
  }

  private nothing(why: string): Licence {
    const refused = occurrences(this.design.state, this.run.sizes).map(({ bound }) => ({ bound, why }));
    const subject = bounded(this.design, this.vector);
    return { group: [], refused, meanings: new Map(), subject, added: 0, tried: this.tried };
  }

  private granted(): Licence {
    const { design, run, refused, tried } = this;
    const bounds = occurrences(design.state, run.sizes);
    if (bounds.length === 0) return this.nothing("");
    const small = new Trial(smallRun(design, run), this.options.small ?? SMALL);
    this.note("at", small);
    let group = this.tryAll(small, bounds);
    if (group.length > 0) group = this.tryOwn(group, small);
    if (group.length > 0) group = this.countOrbits(small, group);
    group = inOrder(group, bounds);
    const subject = closed(bounded(design, this.vector), group, this.meanings);
    const added = subject.instances.length - run.instances.length;
    return { group, refused, meanings: this.meanings, subject, added, tried };
  }

  private note(where: string, { probe, complete, store: { count }, looked }: Trial): void {
    const bounds = Object.entries(probe.subject.bounds).map(([name, value]) => `${name}=${value}`);
    const seen = complete ? `all ${count} states` : `${count} states`;
    this.tried.push(`${where} ${bounds.join(",")}: ${looked} of ${seen}`);
  }

  private refuse(bound: string, why: string): void {
    this.refused.push({ bound, why });
  }

  /** The bounds that pass at small bounds. What is compared up to orbits is compared again when the orbits shrink. */
  private tryAll(trial: Trial, bounds: readonly Occurrence[]): Interchange[] {
    const { sizes } = trial.probe.subject;
    const isThere = ({ bound }: Occurrence): boolean => (sizes[bound] ?? 0) > 1;
    for (const of of bounds) if (!isThere(of)) this.refuse(of.bound, "at small bounds there are no two");
    let candidates = bounds
      .filter(isThere)
      .map((of) => ({ of, owner: ownerOf(of, sizes) }))
      .sort((a, b) => Number(a.owner !== null) - Number(b.owner !== null));
    for (;;) {
      this.meanings = new Map();
      const group = candidates.map(({ of, owner }) => this.alike(trial, of.bound, owner));
      const orbits = this.orbits(trial, group);
      const failed = new Map<string, string>();
      for (const one of group) {
        const why = this.unlike(trial, one, orbits);
        if (why !== null) failed.set(one.bound, why);
      }
      const passed = group.filter(({ bound }) => !failed.has(bound));
      if (failed.size === 0) return group;
      const again = candidates.filter(({ of, owner }) => failed.has(of.bound) && owner !== null);
      for (const { of, owner } of candidates)
        if (failed.has(of.bound) && owner === null) this.refuse(of.bound, failed.get(of.bound)!);
      candidates = candidates
        .filter(({ of }) => !failed.has(of.bound) || again.some((one) => one.of === of))
        .map((one) => (again.includes(one) ? { of: one.of, owner: null } : one));
      if (again.length === 0 && orbits === null) return passed;
    }
  }

  private orbits({ probe }: Trial, group: Group): Canonical | null {
    if (this.options.upToOrbits !== true) return null;
    const { codec, leaves, subject } = probe;
    return makeCanonical(leaves, codec.words, subject.sizes, group);
  }

  /** The indices of a bound that the start does not tell apart. */
  private alike(trial: Trial, bound: string, owner: string | null): Interchange {
    const { sizes } = trial.probe.subject;
    const classes: number[][] = [];
    for (const i of indices(sizes[bound]!)) {
      const known = classes.find(([first]) =>
        generators([{ bound, owner, classes: [[first!, i]] }], sizes).every((of) =>
          trial.fixesStart(trial.exchange(of)),
        ),
      );
      if (known === undefined) classes.push([i]);
      else known.push(i);
    }
    return { bound, owner, classes: classes.filter(({ length }) => length > 1) };
  }

  /** Why a bound may not be permuted, or null. */
  private unlike(trial: Trial, one: Interchange, orbits: Canonical | null): string | null {
    const { sizes } = trial.probe.subject;
    if (one.classes.length === 0) return TOLD_APART;
    const exchanges = generators([one], sizes).map((of) => trial.exchange(of));
    for (const name of new Set(trial.probe.subject.instances.map((instance) => instance.name))) {
      const why = this.find(trial, name, one, exchanges, orbits);
      if (why !== null) return why;
    }
    for (const exchange of exchanges) {
      const why = trial.partial(exchange, this.meanings, orbits !== null);
      if (why !== null) return `with ${transpositionText(exchange.of)} exchanged, ${why}`;
    }
    return null;
  }

  /** Finds which numbers among a call's parameters stand for a bound, so that its image does the image of what it does. */
  private find(
    trial: Trial,
    name: string,
    one: Interchange,
    exchanges: readonly Exchange[],
    orbits: Canonical | null,
  ): string | null {
    const numbers = [...trial.probe.subject.instances.keys()].filter(
      (k) => trial.probe.subject.instances[k]!.name === name,
    );
    const known = this.meanings.get(name) ?? new Map<string, string>();
    const free = candidatesFor(trial, numbers, one).filter((path) => !known.has(path));
    let first: string | null = null;
    for (const chosen of subsets(free, one.bound)) {
      this.meanings.set(name, new Map([...known, ...chosen.map((path) => [path, one.bound] as const)]));
      const why = firstOf(exchanges, (exchange) => {
        const unlike = trial.unlike(exchange, numbers, this.meanings, orbits);
        return unlike === null ? null : `with ${transpositionText(exchange.of)} exchanged, ${unlike}`;
      });
      if (why === null) return null;
      first ??= why;
    }
    this.meanings.set(name, known);
    return first;
  }

  /** Tries what has passed in the first states of the run itself, with the classes that its own start allows. */
  private tryOwn(group: readonly Interchange[], small: Trial): Interchange[] {
    const isSame = JSON.stringify(small.probe.subject.bounds) === JSON.stringify(this.run.bounds);
    const trial = isSame ? small : new Trial(this.run, this.options.own ?? OWN);
    if (!isSame) this.note("in the run itself,", trial);
    let own = group.map(({ bound, owner }) => this.alike(trial, bound, owner));
    for (;;) {
      const before = own.length;
      own = this.fewEnough(own.filter((one) => this.passesInRun(trial, one, own, isSame)));
      // Up to orbits, what passed has passed with orbits that are smaller now.
      if (own.length === before || this.options.upToOrbits !== true) return own;
    }
  }

  private passesInRun(trial: Trial, one: Interchange, own: Group, wasTried: boolean): boolean {
    const why = this.leftOut(trial, one) ?? (wasTried ? null : this.unlikeInRun(trial, one, own));
    if (why !== null) this.refuse(one.bound, why);
    return why === null;
  }

  private unlikeInRun(trial: Trial, one: Interchange, own: Group): string | null {
    if (one.classes.length === 0) return TOLD_APART;
    const orbits = this.orbits(trial, own);
    const all = [...this.run.instances.keys()];
    return firstOf(generators([one], this.run.sizes), (of) => {
      const exchange = trial.exchange(of);
      const unlike =
        trial.unlike(exchange, all, this.meanings, orbits) ??
        trial.partial(exchange, this.meanings, orbits !== null);
      return unlike === null ? null : `with ${transpositionText(of)} exchanged, ${unlike}`;
    });
  }

  /** Up to orbits, a path is found again by forms that are one for each orbit: there must not be too many images for that. */
  private fewEnough(own: Interchange[]): Interchange[] {
    if (this.options.upToOrbits !== true) return own;
    const few = own.slice();
    while (!isMinimal(few)) {
      const dropped = few.splice(
        few.findLastIndex(({ owner }) => owner === null),
        1,
      );
      this.refuse(dropped[0]!.bound, "there are too many permutations for one form of each orbit");
    }
    return few;
  }

  /** A call that the scenario lets in and whose image it leaves out. */
  private leftOut(trial: Trial, one: Interchange): string | null {
    return firstOf(generators([one], this.run.sizes), (of) => {
      const { by } = trial.exchange(of);
      return firstOf(this.run.instances, (instance) => {
        const { name, call, params } = instance;
        const moved = permuteParams(call, params, this.meanings.get(name), by);
        if (moved === params || lets(this.scene, instance, moved)) return null;
        return `the scenario lets ${callText(name, params)} in, and not ${callText(name, moved)}`;
      });
    });
  }

  /** Compares the search over orbits with the full one, where the latter ends; without a sum that agrees nothing is granted. */
  private countOrbits(trial: Trial, group: Interchange[]): Interchange[] {
    const own = group
      .map(({ bound, owner }) => this.alike(trial, bound, owner))
      .filter(({ classes }) => classes.length > 0);
    const probe = new Probe(closed(trial.probe.subject, own, this.meanings));
    const most = reachable(this.options.small ?? SMALL, probe.subject);
    const isSame = probe.subject.instances.length === trial.probe.subject.instances.length;
    const full = isSame ? trial : probe.reach(most);
    if (!full.complete) {
      this.tried.push(`orbits were not counted: more than ${most} states`);
      return group;
    }
    const canonical = makeCanonical(probe.leaves, probe.codec.words, probe.subject.sizes, own);
    if (!canonical.minimal) {
      this.tried.push("orbits were not counted: some have several forms");
      return group;
    }
    const orbits = probe.reach(most, canonical);
    const why = this.sumDiffers(trial, own, canonical, full.store, orbits.store);
    if (why === null) {
      this.tried.push(`${orbits.store.count} orbits of ${full.store.count} states`);
      return group;
    }
    for (const { bound } of group) this.refuse(bound, why);
    return [];
  }

  private sumDiffers(
    trial: Trial,
    group: Group,
    canonical: Canonical,
    full: Store,
    orbits: Store,
  ): string | null {
    const state = new Int32Array(full.words);
    const met = new Set<number>();
    for (let index = 0; index < full.count; index++) {
      full.read(index, state);
      canonical.canonicalise(state, 0);
      met.add(orbits.find(state));
    }
    if (met.has(-1) || met.size !== orbits.count)
      return `the search over orbits finds ${orbits.count}, and not the ${met.size} of the full search`;
    if (this.options.upToOrbits === true) return null;
    const exchanges = generators(group, trial.probe.subject.sizes).map((of) => trial.exchange(of));
    let sum = 0;
    for (let index = 0; index < orbits.count; index++) {
      orbits.read(index, state);
      sum += orbitOf(state, exchanges).count;
    }
    return sum === full.count
      ? null
      : `the ${orbits.count} orbits have ${sum} states, and the full search has ${full.count}`;
  }
}

/** A state and all its images. */
export function orbitOf(state: Int32Array, exchanges: readonly Exchange[]): Store {
  const orbit = new Store(state.length, { parents: false });
  orbit.insert(state, 0, 0);
  const image = new Int32Array(state.length);
  for (let index = 0; index < orbit.count; index++) {
    for (const { swap } of exchanges) {
      orbit.read(index, image);
      swap(image, 0);
      orbit.insert(image, 0, 0);
    }
  }
  return orbit;
}

function inOrder(group: readonly Interchange[], bounds: readonly Occurrence[]): Interchange[] {
  return bounds.flatMap(({ bound }) => group.filter((one) => one.bound === bound));
}

function firstOf<T>(all: readonly T[], find: (one: T) => string | null): string | null {
  for (const one of all) {
    const found = find(one);
    if (found !== null) return found;
  }
  return null;
}

/** Paths in the parameters of a call at which numbers of indices of a bound stand. */
function candidatesFor(trial: Trial, numbers: readonly number[], { bound, classes }: Interchange): string[] {
  const found = new Set<string>();
  for (const k of numbers) {
    const { call, params } = trial.probe.subject.instances[k]!;
    for (const [key, param] of Object.entries(call.takes)) {
      if ("shape" in param) continue;
      for (const [path, value] of numbersIn(params[key], key))
        if (classes.some((alike) => alike.includes(value))) found.add(path);
    }
  }
  return [...found]
    .sort((a, b) => Number(isNamed(b, bound)) - Number(isNamed(a, bound)))
    .slice(0, MOST_NUMBERS);
}

function isNamed(path: string, bound: string): boolean {
  return bound.startsWith(path.slice(path.lastIndexOf(".") + 1));
}

/** Every choice of some paths, those first that have the name of the bound and no others. */
function subsets(paths: readonly string[], bound: string): string[][] {
  let all: string[][] = [[]];
  for (const path of paths) all = all.flatMap((some) => [some, [...some, path]]);
  const named = paths.filter((path) => isNamed(path, bound)).join();
  const rank = (some: readonly string[]): number => (some.join() === named ? -1 : some.length);
  return all.sort((a, b) => rank(a) - rank(b));
}

/** The same run with two of everything of which it has several interchangeable ones, and as little as can be of all else. */
function smallRun(design: AnyDesign, run: Bounded): Bounded {
  const lowest: Record<string, number | string> = { ...run.bounds };
  for (const [name, rule] of Object.entries(design.bounds))
    if (!("values" in rule)) lowest[name] = Math.min(1, rule.default);
  const { scenario } = run;
  try {
    const bounds = { ...lowest };
    for (const name of Object.keys(bounds))
      if (Number(run.bounds[name]) > 1 && grows(design, lowest, name)) bounds[name] = 2;
    return plain(design, { bounds, scenario });
  } catch {
    // A design or a scenario that needs more.
    return plain(design, { bounds: run.bounds, scenario });
  }
}

/** Whether a bound adds to what is interchangeable. */
function grows(design: AnyDesign, bounds: Bounds, name: string): boolean {
  const total = (of: Bounds): number => {
    const sizes = design.sizes(design.machine(of));
    return occurrences(design.state, sizes).reduce((sum, { size }) => sum + size, 0);
  };
  return total({ ...bounds, [name]: 2 }) > total(bounds);
}
