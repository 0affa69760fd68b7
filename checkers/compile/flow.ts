/** What is known at a point of the generated code: variables, fields of objects, cells of the state, and facts about locals. */
import type { Cell } from "../explore/layout.ts";
import { Layered } from "./layered.ts";
import type { Space } from "./space.ts";
import type { Fact, Value } from "./value.ts";

/** An object of the state was replaced: what it held is in a snapshot, where one is known. */
export interface Replaced {
  readonly at: number;
  readonly snapshot: Space | null;
}

/** Flows that have met: what each of them brought for every local that they set there. */
export interface Join {
  /** The flow that all of them were forked from. */
  readonly base: Flow | null;
  readonly arms: readonly Flow[];
  /** By local, the expression that each arm set it to; null from an arm that knew nothing of it. */
  readonly brought: Map<string, readonly (string | null)[]>;
  /** By local, the numbers that each arm may have set it to. */
  readonly numbers: Map<string, readonly (ReadonlySet<number> | null)[]>;
  /** How often the state had been written to. */
  writes: number;
}

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

  /** The flow that this one was forked from. */
  private readonly base: Flow | null;
  private readonly depth: number;

  constructor(from?: Flow) {
    this.base = from ?? null;
    this.depth = from === undefined ? 0 : from.depth + 1;
    this.equal = new Layered(from?.equal);
    this.history = from === undefined ? [] : [...from.history];
    this.writes = from?.writes ?? 0;
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
    this.history.forEach((met, i) => {
      const { join } = met;
      const numbers = join.numbers.get(local);
      let { possible } = met;
      join.arms.forEach((arm, n) => {
        if ((possible & (1 << n)) !== 0 && !mayHave(numbers?.[n], arm.facts.get(local), now))
          possible &= ~(1 << n);
      });
      if (possible === met.possible) return;
      this.history[i] = { join, possible };
      if ((possible & (possible - 1)) === 0 && possible !== 0) this.comeFrom(join, 31 - Math.clz32(possible));
    });
  }

  /** Only one of the flows that met can have come here: all that this one knew is known again. */
  private comeFrom(join: Join, only: number): void {
    const arm = join.arms[only]!;
    for (const [name, texts] of join.brought) {
      const text = texts[only];
      if (text !== null && text !== undefined && /^[a-z]\w*$/.test(text)) this.equal.set(name, text);
      const set = join.numbers.get(name)?.[only];
      if (set !== null && set !== undefined && [...set].every((n) => n <= 30))
        this.learn(
          name,
          [...set].reduce((all, n) => all | (1 << n), 0),
        );
    }
    // What they knew before they parted is known anyway.
    for (const name of arm.equal.changedSince(join.base?.equal ?? null)) {
      const other = arm.equal.get(name);
      if (other !== undefined && !this.equal.has(name)) this.equal.set(name, other);
    }
    for (const name of arm.facts.changedSince(join.base?.facts ?? null))
      this.learn(name, arm.facts.get(name) ?? -1);
    if (join.writes !== this.writes) return;
    for (const key of arm.cells.changedSince(join.base?.cells ?? null)) {
      const value = arm.cells.get(key);
      if (value !== undefined && !this.cells.has(key)) this.cells.set(key, value);
    }
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
function mayHave(
  numbers: ReadonlySet<number> | null | undefined,
  fact: number | undefined,
  mask: number,
): boolean {
  if (numbers !== null && numbers !== undefined)
    return [...numbers].some((n) => n > 30 || (mask & (1 << n)) !== 0);
  return fact === undefined || (fact & mask) !== 0;
}
