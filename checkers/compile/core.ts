/**
 * Generating code along a flow: locals, forks where a condition is not known, and joins where flows meet.
 *
 * Where flows meet, what they know differently goes into a local that each of them sets. A flow can end early: in a return, a break, or
 * where the generated code gives the step back to the interpreter, which says precisely what is the matter.
 */
import { Block } from "./block.ts";
import { ABOVE, Flow, Join } from "./flow.ts";
import { changedIn, type Layered } from "./layered.ts";
import {
  UNDEFINED,
  FALSE,
  TRUE,
  Unsupported,
  fixed,
  flag,
  isStatic,
  same,
  type Alt,
  type Bool,
  type Fact,
  type Num,
  type Value,
} from "./value.ts";

/** Thrown where no flow goes on. */
export class Ended extends Error {}
const ENDED = new Ended();

/** Where flows go to that leave a function, a loop or a section early. */
export interface Target {
  readonly label: string;
  readonly arms: Arm[];
  /** Jumps to it. */
  jumps: number;
}
/** A flow that meets others, with a block in which it sets what it brings. */
export interface Arm {
  readonly flow: Flow;
  readonly fill: Block;
  readonly value: Value;
}

/** More alternatives than this are not told apart. */
const MOST_ALTERNATIVES = 48;
/** Meetings of flows that are remembered. */
const LONGEST_HISTORY = 24;
/** More statements than this for one call: its translation is given up. */
const MOST_LINES = 6000;

export abstract class Core {
  /** The lists among the objects that the call has made, by their ids. */
  protected readonly arrays = new Set<number>();
  block = new Block();
  flow: Flow = new Flow();
  private names = 0;
  /** Statements so far. */
  protected length = 0;

  fresh(prefix: string): string {
    return `${prefix}${this.names++}`;
  }

  /** A new object of the flow. */
  nextId(): number {
    return this.names++;
  }

  /** No flow goes on from here. */
  end(): never {
    throw ENDED;
  }

  /** A local that holds an expression. */
  local(expression: string): string {
    if (/^[\w$]+$/.test(expression)) return expression;
    const known = this.flow.locals.get(expression);
    if (known !== undefined) return known;
    const name = this.fresh("t");
    this.compute(`var ${name} = ${expression};`);
    this.flow.locals.set(expression, name);
    return name;
  }

  compute(line: string): void {
    this.tooMany();
    this.block.compute(line);
  }

  act(line: string): void {
    this.tooMany();
    this.block.act(line);
  }

  /** A new piece of code begins. */
  protected restart(): void {
    this.length = 0;
  }

  private tooMany(): void {
    if (++this.length > MOST_LINES)
      throw new TooLong(
        `more than ${MOST_LINES} statements for one call`,
        "smaller bounds, or fewer branches in one call",
      );
  }

  /** The generated code gives this step back to the interpreter. */
  abstract giveBack(): never;

  /** Runs something in a block and a flow of its own; null where no flow goes on. */
  private arm(flow: Flow, run: () => Value): { readonly block: Block; readonly arm: Arm | null } {
    const outer = { block: this.block, flow: this.flow };
    const block = new Block();
    this.block = block;
    this.flow = flow;
    try {
      const value = run();
      return { block, arm: { flow: this.flow, fill: this.block.later(), value } };
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      return { block, arm: null };
    } finally {
      this.block = outer.block;
      this.flow = outer.flow;
    }
  }

  /** One of two ways, by a condition. */
  either(condition: Bool, then: () => Value, otherwise: () => Value): Value {
    const yes = this.arm(this.flow.knowing(condition.yes), then);
    const no = this.arm(this.flow.knowing(condition.no), otherwise);
    try {
      return this.join([yes.arm, no.arm]);
    } finally {
      // Only now is known what the two bring to where they meet.
      this.branch(condition, yes.block, no.block);
    }
  }

  private branch({ e }: Bool, yes: Block, no: Block): void {
    if (yes.isEmpty && no.isEmpty) return;
    const act = yes.isPure && no.isPure ? "compute" : "act";
    this.block[act](`if (${yes.isEmpty ? `!(${e})` : e}) {`);
    this.block.append(yes.isEmpty ? no : yes);
    if (!yes.isEmpty && !no.isEmpty) {
      this.block[act]("} else {");
      this.block.append(no);
    }
    this.block[act]("}");
  }

  /** What is evaluated only under a condition, where evaluating it in any case does no harm; null where it would. */
  harmless(facts: readonly Fact[], run: () => Value): Value | null {
    const { block, arm } = this.arm(this.flow.knowing(facts), run);
    if (arm === null || !block.isPure || arm.value.k === "obj" || arm.value.k === "fn") return null;
    for (const slot of arm.flow.heap.changedSince(this.flow.heap)) if (this.flow.heap.has(slot)) return null;
    this.block.append(block);
    // Locals and cells that were read are there from now on.
    for (const key of arm.flow.locals.changedSince(this.flow.locals))
      this.flow.locals.set(key, arm.flow.locals.get(key)!);
    for (const key of arm.flow.cells.changedSince(this.flow.cells)) {
      const value = arm.flow.cells.get(key);
      if (value !== undefined) this.flow.cells.set(key, value);
    }
    return arm.value;
  }

  /** A value of several: what is done with each of them. */
  split(value: Value, each: (one: Value) => Value): Value {
    if (value.k !== "alt") return each(value);
    const feasible = this.feasible(value);
    if (feasible.length === 0) return this.giveBack();
    const [first, ...others] = feasible;
    if (others.length === 0) return each(value.alts[first!]!);
    const ways = feasible.map((at) =>
      this.arm(this.flow.knowing([[value.e, bit(at)]]), () => each(value.alts[at]!)),
    );
    try {
      return this.join(ways.map(({ arm }) => arm));
    } finally {
      this.cases(
        value.e,
        feasible,
        ways.map(({ block }) => block),
      );
    }
  }

  /** A block for each of some numbers; the last one needs no test. */
  private cases(e: string, numbers: readonly number[], blocks: readonly Block[]): void {
    const full = numbers.flatMap((number, i) => (blocks[i]!.isEmpty ? [] : [{ number, block: blocks[i]! }]));
    const [first, ...others] = full;
    if (first === undefined) return;
    const act = full.every(({ block }) => block.isPure) ? "compute" : "act";
    const isAll = full.length === numbers.length;
    this.block[act](`if (${e} === ${first.number}) {`);
    this.block.append(first.block);
    others.forEach(({ number, block }, i) => {
      const isLast = isAll && i === others.length - 1;
      this.block[act](isLast ? "} else {" : `} else if (${e} === ${number}) {`);
      this.block.append(block);
    });
    this.block[act]("}");
  }

  /** Numbers of the alternatives that are possible here. */
  feasible(value: Alt): number[] {
    return feasibleIn(this.flow, value);
  }

  target(prefix: string): Target {
    return { label: this.fresh(prefix), arms: [], jumps: 0 };
  }

  /** Leaves for a target with a value. */
  leave(target: Target, value: Value): never {
    const fill = this.block.later();
    target.arms.push({ flow: this.flow, fill, value });
    target.jumps++;
    // To leave for a place inside of what is evaluated for nothing does no harm either.
    this.compute(`break ${target.label};`);
    return this.end();
  }

  /** Runs something that may leave for a target, and goes on where all flows meet. */
  landing(target: Target, run: () => Value, withCells = true): Value {
    const { block, arm } = this.arm(this.flow, run);
    // The last jump, at the end of the block, leads to where it is anyway.
    if (arm === null && block.dropLast(`break ${target.label};`)) target.jumps--;
    if (target.jumps > 0) this.block.compute(`${target.label}: {`);
    this.block.append(block);
    if (target.jumps > 0) this.block.compute("}");
    return this.join([...target.arms, arm], withCells);
  }

  /** Where flows meet: what all of them know, and the value that each brings. */
  join(arms: readonly (Arm | null)[], withCells = true): Value {
    const live = arms.filter((arm) => arm !== null);
    if (live.length === 0) return this.end();
    if (live.length === 1) {
      this.flow = live[0]!.flow;
      return live[0]!.value;
    }
    const flows = live.map((arm) => arm.flow);
    const base = flows.reduce<Flow | null>((common, flow) => common && common.commonWith(flow), flows[0]!);
    this.joinShapes(base, flows);
    const all = joinedFlow(base, flows);
    const join = new Join(base, flows, all.writes);
    const keys = changedIn(
      flows.map((flow) => flow.heap),
      base?.heap ?? null,
    );
    for (const key of keys) {
      const having = live.map(({ flow, fill }) => {
        const value = flow.heap.get(key) ?? this.unheld(key);
        return value === undefined ? null : { flow, fill, value };
      });
      all.heap.set(key, this.phi(having, join));
    }
    if (withCells) this.joinCells(all, live, join);
    const value = this.phi(live, join);
    if (live.length <= 30) all.history.push({ join, possible: (1 << live.length) - 1 });
    if (all.history.length > LONGEST_HISTORY) all.history.shift();
    this.flow = all;
    return value;
  }

  /**
   * Objects that have other fields after one flow than after another: those that are missing are undefined there, and how long a list is depends on the
   * way here.
   */
  private joinShapes(base: Flow | null, flows: readonly Flow[]): void {
    const changed = changedIn(
      flows.map((flow) => flow.shapes),
      base?.shapes ?? null,
    );
    for (const id of changed) {
      const having = flows.filter((flow) => flow.shapes.has(id));
      const all = [...new Set(having.flatMap((flow) => flow.shapes.get(id)!))];
      const areAlike = having.every(
        (flow) => flow.shapes.get(id)!.length === all.length && !flow.heap.has(lengthField(id)),
      );
      if (areAlike) continue;
      for (const flow of having) {
        const names = flow.shapes.get(id)!;
        const length = lengthField(id);
        if (this.arrays.has(id) && !flow.heap.has(length)) flow.heap.set(length, fixed(names.length));
        for (const name of all) if (!names.includes(name)) flow.heap.set(fieldOf(id, name), UNDEFINED);
        flow.shapes.set(id, all);
      }
    }
  }

  /** Cells that some of the flows have written to: what each of them left there. */
  private joinCells(into: Flow, arms: readonly Arm[], join: Join): void {
    const keys = changedIn(
      arms.map(({ flow }) => flow.cells),
      join.base?.cells ?? null,
    );
    for (const key of keys) {
      if (into.cells.has(key) || !this.isWorthJoining(key, into)) continue;
      const values = arms.map(({ flow }) => flow.cells.get(key) ?? this.cellIn(flow, key));
      if (values.some((value) => value === null || value.k === "ref")) continue;
      // Where no flow knows more than that it is one of all, the cell is read again when it is asked for.
      if (!values.some((value, i) => isStatic(refinedIn(arms[i]!.flow, value!)))) continue;
      into.cells.set(
        key,
        this.phi(
          arms.map((arm, i) => ({ ...arm, value: values[i]! })),
          join,
        ),
      );
    }
  }

  /** What stands for a variable in a flow that has it not; undefined where that does not matter. */
  protected unheld(_key: string): Value | undefined {
    return undefined;
  }

  /** Whether it pays to keep apart what flows left in a cell. */
  protected abstract isWorthJoining(key: string, flow: Flow): boolean;
  /** What a cell holds that a flow has neither read nor written; null where that takes code to say. */
  protected abstract cellIn(flow: Flow, key: string): Value | null;

  /** One value for those that several flows bring. */
  private phi(given: readonly (Arm | null)[], join: Join): Value {
    const [first, ...others] = given.filter((arm) => arm !== null);
    if (others.every((arm) => same(arm.value, first!.value))) return first!.value;
    const refined = given.map((arm) => arm && { ...arm, value: refinedIn(arm.flow, arm.value) });
    const [one, ...rest] = refined.filter((arm) => arm !== null);
    if (rest.every((arm) => same(arm.value, one!.value))) return one!.value;
    return this.phiOfNumbers(refined, join) ?? this.phiOfSome(refined, join);
  }

  /** Each arm sets a local to what it brings. */
  private set(
    name: string,
    given: readonly (Arm | null)[],
    texts: readonly (string | null)[],
    join: Join,
  ): void {
    given.forEach((arm, i) => arm?.fill.compute(`var ${name} = ${texts[i]};`));
    join.brought.set(name, texts);
  }

  private phiOfSome(given: readonly (Arm | null)[], join: Join): Value {
    const union: Value[] = [];
    const places = given.map((arm) => (arm === null ? null : this.alternatives(arm, union)));
    if (union.length === 1) return union[0]!;
    if (union.length > MOST_ALTERNATIVES)
      throw new Unsupported(`a value that may be one of more than ${MOST_ALTERNATIVES}`, "smaller domains");
    const name = this.fresh("p");
    this.set(
      name,
      given,
      places.map((place) => place && place.text()),
      join,
    );
    join.numbers.set(
      name,
      places.map((place) => place && place.numbers),
    );
    return { k: "alt", e: name, alts: union };
  }

  private phiOfNumbers(given: readonly (Arm | null)[], join: Join): Num | null {
    const ranges: ({ readonly e: string; readonly lo: number; readonly hi: number } | null)[] = [];
    for (const arm of given) {
      const value = arm === null ? null : arm.value;
      if (value === null) ranges.push(null);
      else if (value.k === "num") ranges.push({ e: value.e, ...rangeIn(arm!.flow, value) });
      else if (isStatic(value) && Number.isSafeInteger(value.v)) {
        const n = value.v as number;
        ranges.push({ e: String(n), lo: n, hi: n });
      } else return null;
    }
    const name = this.fresh("p");
    this.set(
      name,
      given,
      ranges.map((range) => range && range.e),
      join,
    );
    join.numbers.set(
      name,
      ranges.map((range) => range && numbersOf(range)),
    );
    const known = ranges.filter((range) => range !== null);
    const lo = Math.min(...known.map((range) => range.lo));
    const hi = Math.max(...known.map((range) => range.hi));
    return { k: "num", e: name, lo, hi };
  }

  /** Adds what an arm may bring to the union: its numbers there, and once the union is complete, the expression of its number. */
  private alternatives({ value, flow }: Arm, union: Value[]): { readonly numbers: number; text(): string } {
    const place = (one: Value): number => {
      const at = union.findIndex((other) => same(one, other));
      return at >= 0 ? at : union.push(one) - 1;
    };
    if (value.k === "bool") {
      const [no, yes] = [place(FALSE), place(TRUE)];
      return { numbers: bits([no, yes]), text: () => `(${value.e}) ? ${yes} : ${no}` };
    }
    if (value.k === "num" || value.k === "alt") {
      const places = new Map<number, number>();
      if (value.k === "num") {
        const { lo, hi } = rangeIn(flow, value);
        if (hi - lo >= MOST_ALTERNATIVES)
          throw new Unsupported("a large number or something else", "one or the other");
        for (let n = lo; n <= hi; n++) places.set(n, place(fixed(n)));
      } else {
        value.alts.forEach((one, i) => {
          if (flow.allows(value.e, i)) places.set(i, place(one));
        });
      }
      return { numbers: bits(places.values()), text: () => mapping(value.e, places) };
    }
    const at = place(value);
    return { numbers: bits([at]), text: () => String(at) };
  }

  /** The range of a number, with what is known of its local. */
  range(value: Num): { readonly lo: number; readonly hi: number } {
    return rangeIn(this.flow, value);
  }

  /** The same value with what is known here: one alternative, one number. */
  refined(value: Value): Value {
    return refinedIn(this.flow, value);
  }

  /** Puts a condition into a local, so that it can be asked again. */
  asFlag(value: Bool): Alt {
    return flag(this.local(`(${value.e}) ? 1 : 0`));
  }
}

/** Its translation would be longer than what it saves. */
export class TooLong extends Unsupported {}

export function bit(n: number): number {
  return n > 30 ? -1 : 1 << n;
}

function refinedIn(flow: Flow, given: Value): Value {
  const value = renamedIn(flow, given);
  if (value.k === "alt") {
    const feasible = feasibleIn(flow, value);
    return feasible.length === 1 ? value.alts[feasible[0]!]! : value;
  }
  if (value.k === "num") {
    const { lo, hi } = rangeIn(flow, value);
    return lo === hi ? fixed(lo) : value;
  }
  return value;
}

/** The same value by the local that it came from, where that is known by now. */
function renamedIn(flow: Flow, value: Value): Value {
  if (value.k !== "alt" && value.k !== "num") return value;
  let { e } = value;
  for (let next = flow.equal.get(e); next !== undefined; next = flow.equal.get(e)) {
    const mask = flow.facts.get(e);
    if (mask !== undefined) flow.learn(next, mask);
    e = next;
  }
  return e === value.e ? value : { ...value, e };
}

function feasibleIn(flow: Flow, { e, alts }: Alt): number[] {
  const found: number[] = [];
  for (let i = 0; i < alts.length; i++) if (flow.allows(e, i)) found.push(i);
  return found;
}

function rangeIn(flow: Flow, { e, lo, hi }: Num): { readonly lo: number; readonly hi: number } {
  const mask = flow.facts.get(e);
  if (mask === undefined || lo < 0 || hi > 30) return { lo, hi };
  while (lo < hi && (mask & (1 << lo)) === 0) lo++;
  while (hi > lo && (mask & (1 << hi)) === 0) hi--;
  return { lo, hi };
}

/** An expression for the number that a number of another list has in this one. */
export function mapping(e: string, places: ReadonlyMap<number, number>): string {
  const entries = [...places];
  if (entries.every(([from, to]) => from === to)) return e;
  const targets = new Set(places.values());
  if (targets.size === 1) return String(entries[0]![1]);
  const shift = entries[0]![1] - entries[0]![0];
  if (entries.every(([from, to]) => to - from === shift))
    return `(${e} ${shift < 0 ? "-" : "+"} ${Math.abs(shift)})`;
  // The most frequent target comes last and needs no test.
  const last = [...targets].sort((a, b) => count(b) - count(a))[0]!;
  function count(target: number): number {
    return entries.filter(([, to]) => to === target).length;
  }
  const tests = entries.filter(([, to]) => to !== last).map(([from, to]) => `${e} === ${from} ? ${to} : `);
  return `(${tests.join("")}${last})`;
}

function numbersOf({ lo, hi }: { readonly lo: number; readonly hi: number }): number {
  let numbers = 0;
  for (let n = lo; n <= Math.min(hi, 31); n++) numbers |= n < 0 ? ABOVE : 1 << n;
  return numbers;
}

function bits(numbers: Iterable<number>): number {
  let set = 0;
  for (const n of numbers) set |= 1 << Math.min(n, 31);
  return set;
}

/** Where the flow has a field of an object that the call has made. */
export function fieldOf(id: number, name: string): string {
  return `o${id}.${name}`;
}

/** Where it has the length of a list, if that is not the same on all ways. */
export function lengthField(id: number): string {
  return fieldOf(id, "length");
}

/** What all flows know, on top of what they knew before they parted. */
function joinedFlow(base: Flow | null, flows: readonly Flow[]): Flow {
  const [first, ...others] = flows;
  const into = new Flow(base ?? undefined);
  into.history.length = 0;
  // What all of them have passed through alike.
  for (const [i, met] of first!.history.entries()) {
    if (!others.every((flow) => flow.history[i]?.join === met.join)) break;
    into.history.push({
      join: met.join,
      possible: flows.reduce((all, flow) => all | flow.history[i]!.possible, 0),
    });
  }
  into.writes = Math.max(...flows.map(({ writes }) => writes)) + 1;
  into.holds = Math.max(...flows.map(({ holds }) => holds));
  agree(
    into,
    flows,
    base,
    (flow) => flow.locals,
    (names) => (names.every((name) => name === names[0]) ? names[0] : undefined),
  );
  agree(
    into,
    flows,
    base,
    (flow) => flow.equal,
    (names) => (names.every((name) => name === names[0]) ? names[0] : undefined),
  );
  agree(
    into,
    flows,
    base,
    (flow) => flow.facts,
    (all) => all.reduce((mask, fact) => mask | fact, 0),
  );
  agree(
    into,
    flows,
    base,
    (flow) => flow.cells,
    (values) => sameIn(flows, values),
  );
  for (const flow of flows) {
    for (const cell of flow.dirty.changedSince(base?.dirty ?? null)) into.dirty.set(cell, true);
    for (const object of flow.shapes.changedSince(base?.shapes ?? null))
      into.shapes.set(object, flow.shapes.get(object)!);
    for (const cell of flow.replaced.changedSince(base?.replaced ?? null)) {
      const replaced = flow.replaced.get(cell)!;
      const everywhere = flows.every((other) => other.replaced.get(cell) === replaced);
      const at = Math.max(replaced.at, into.replaced.get(cell)?.at ?? 0);
      into.replaced.set(cell, everywhere ? replaced : { at, snapshot: null });
    }
  }
  return into;
}

/** Of what any flow has set since they parted, what is known of it in all of them. */
function agree<K, V>(
  into: Flow,
  flows: readonly Flow[],
  base: Flow | null,
  of: (flow: Flow) => Layered<K, V>,
  agreed: (values: readonly V[]) => V | undefined,
): void {
  const layers = flows.map(of);
  const here = of(into);
  for (const key of changedIn(layers, base === null ? null : of(base))) {
    const known = knownToAll(layers, key);
    const value = known === null ? undefined : agreed(known);
    if (value === undefined) here.delete(key);
    else here.set(key, value);
  }
}

function knownToAll<K, V>(layers: readonly Layered<K, V>[], key: K): V[] | null {
  const values: V[] = [];
  for (const layer of layers) {
    const value = layer.get(key);
    if (value === undefined) return null;
    values.push(value);
  }
  return values;
}

/** The value of a cell where all flows have the same in it. */
function sameIn(flows: readonly Flow[], values: readonly Value[]): Value | undefined {
  if (values.every((value) => same(value, values[0]!))) return values[0];
  const known = refinedIn(flows[0]!, values[0]!);
  return values.every((value, i) => same(refinedIn(flows[i]!, value), known)) ? known : undefined;
}
