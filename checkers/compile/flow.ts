/** What is known at a point of the generated code: variables, fields of objects, cells of the state, and facts about locals. */
import type { Cell } from "../explore/layout.ts";
import { Layered, changedIn } from "./layered.ts";
import type { Space } from "./space.ts";
import type { Fact, Value } from "./value.ts";

/** An object of the state was replaced: what it held is in a snapshot, where one is known. */
export interface Replaced {
  readonly at: number;
  readonly snapshot: Space | null;
}

/** Flows that have met: what each of them brought for every local that they set there. */
export class Join {
  /** The flow that all of them were forked from. */
  readonly base: Flow | null;
  readonly arms: readonly Flow[];
  /** By local, the expression that each arm set it to; null from an arm that knew nothing of it. */
  readonly brought = new Map<string, readonly (string | null)[]>();
  /** By local, the numbers that each arm may have set it to, as a set of bits; null where that is not known. */
  readonly numbers = new Map<string, readonly (number | null)[]>();
  /** How often the state had been written to. */
  readonly writes: number;
  private learnt: ReadonlySet<string> | null = null;
  private readonly known: (Known | undefined)[] = [];

  constructor(base: Flow | null, arms: readonly Flow[], writes: number) {
    this.base = base;
    this.arms = arms;
    this.writes = writes;
  }

  /** Whether the arms may differ in what a local can be. */
  tellsApart(local: string): boolean {
    if (this.numbers.has(local)) return true;
    this.learnt ??= changedIn(
      this.arms.map(({ facts }) => facts),
      this.base?.facts ?? null,
    );
    return this.learnt.has(local);
  }

  /** What an arm has come to know since they parted. */
  knownIn(n: number): Known {
    const known = this.known[n];
    if (known !== undefined) return known;
    const { base } = this;
    const arm = this.arms[n]!;
    return (this.known[n] = {
      equal: changes(arm.equal, base?.equal ?? null),
      facts: changes(arm.facts, base?.facts ?? null),
      locals: changes(arm.locals, base?.locals ?? null),
      cells: changes(arm.cells, base?.cells ?? null),
    });
  }
}

interface Known {
  readonly equal: readonly (readonly [string, string])[];
  readonly facts: readonly (readonly [string, number])[];
  readonly locals: readonly (readonly [string, string])[];
  readonly cells: readonly (readonly [string, Value])[];
}

function changes<K, V>(layer: Layered<K, V>, since: Layered<K, V> | null): (readonly [K, V])[] {
  const found: (readonly [K, V])[] = [];
  for (const key of layer.changedSince(since)) {
    const value = layer.get(key);
    if (value !== undefined) found.push([key, value]);
  }
  return found;
}

/** What a cell holds that is not tracked, and is one of several: its name begins so, and says how often such cells were written to. */
export const HELD = "held ";

/** Stands for all numbers from 31 on in a set of bits. */
export const ABOVE = 1 << 31;

export class Flow {
  /** Variables by slot, fields of objects by object and name. */
  readonly heap: Layered<string, Value>;
  /** Field names of objects, in order. */
  readonly shapes: Layered<number, readonly string[]>;
  /** Cells whose contents are known, or are in a local. */
  readonly cells: Layered<string, Value>;
  /** Cells that may differ from the state that the step began in. */
  readonly dirty: Layered<Cell, true>;
  readonly facts: Layered<string, number>;
  readonly replaced: Layered<Cell, Replaced>;
  /** Locals by the expression that they hold. */
  readonly locals: Layered<string, string>;
  /** Locals that are known by now to hold the same as another one. */
  readonly equal: Layered<string, string>;
  /** Where flows met on the way here, and which of them this may have come from, as a set of bits. */
  readonly history: { readonly join: Join; readonly possible: number }[];
  /** How often the state was written to on the way here. */
  writes: number;
  /** How often it was settled what a cell holds that is not tracked. */
  holds: number;

  /** The flow that this one was forked from. */
  private readonly base: Flow | null;
  private readonly depth: number;

  constructor(from?: Flow) {
    this.base = from ?? null;
    this.depth = from === undefined ? 0 : from.depth + 1;
    this.equal = new Layered(from?.equal);
    this.history = from === undefined ? [] : [...from.history];
    this.writes = from?.writes ?? 0;
    this.holds = from?.holds ?? 0;
    this.heap = new Layered(from?.heap);
    this.shapes = new Layered(from?.shapes);
    this.cells = new Layered(from?.cells);
    this.dirty = new Layered(from?.dirty);
    this.facts = new Layered(from?.facts);
    this.replaced = new Layered(from?.replaced);
    this.locals = new Layered(from?.locals);
  }

  /** A copy in which more is known. */
  knowing(facts: readonly Fact[]): Flow {
    const flow = new Flow(this);
    for (const [local, mask] of facts) flow.learn(local, mask);
    return flow;
  }

  /** The last flow that this one and another one were both forked from. */
  commonWith(other: Flow): Flow | null {
    let [a, b]: [Flow | null, Flow | null] = [this, other];
    while (a !== b) {
      if (a === null || b === null) return null;
      if (a.depth >= b.depth) a = a.base;
      else b = b.base;
    }
    return a;
  }

  learn(local: string, mask: number): void {
    const before = this.facts.get(local) ?? -1;
    const now = before & mask;
    if (now === before && this.facts.has(local)) return;
    this.facts.set(local, now);
    for (let i = 0; i < this.history.length; i++) {
      const met = this.history[i]!;
      const { join } = met;
      if (!join.tellsApart(local)) continue;
      const numbers = join.numbers.get(local);
      let { possible } = met;
      for (let n = 0; n < join.arms.length; n++) {
        if ((possible & (1 << n)) !== 0 && !mayHave(numbers?.[n], join.arms[n]!, local, now))
          possible &= ~(1 << n);
      }
      if (possible === met.possible) continue;
      this.history[i] = { join, possible };
      if ((possible & (possible - 1)) === 0 && possible !== 0) this.comeFrom(join, 31 - Math.clz32(possible));
    }
  }

  /** Only one of the flows that met can have come here: all that this one knew is known again. */
  private comeFrom(join: Join, only: number): void {
    for (const [name, texts] of join.brought) {
      const text = texts[only];
      if (text !== null && text !== undefined && /^[a-z]\w*$/.test(text)) this.equal.set(name, text);
      const set = join.numbers.get(name)?.[only];
      if (set !== null && set !== undefined && set >= 0) this.learn(name, set);
    }
    // What they knew before they parted is known anyway.
    const { equal, facts, locals, cells } = join.knownIn(only);
    for (const [name, other] of equal) if (!this.equal.has(name)) this.equal.set(name, other);
    for (const [name, mask] of facts) this.learn(name, mask);
    for (const [expression, name] of locals)
      if (!this.locals.has(expression)) this.locals.set(expression, name);
    // What was written since is not what an arm knew; what untracked cells hold is counted on its own.
    const isUnwritten = join.writes === this.writes;
    for (const [key, value] of cells)
      if ((isUnwritten || key.startsWith(HELD)) && !this.cells.has(key)) this.cells.set(key, value);
  }

  allows(local: string, value: number): boolean {
    if (value > 30) return true;
    for (let at: string | undefined = local; at !== undefined; at = this.equal.get(at)) {
      const mask = this.facts.get(at);
      if (mask !== undefined && (mask & (1 << value)) === 0) return false;
    }
    return true;
  }
}

/** Whether a local that a flow has set to one of some numbers, or knows something of, can be one of a set. */
function mayHave(numbers: number | null | undefined, flow: Flow, local: string, mask: number): boolean {
  if (numbers !== null && numbers !== undefined) return (numbers & (mask | ABOVE)) !== 0;
  const fact = flow.facts.get(local);
  return fact === undefined || (fact & mask) !== 0;
}
