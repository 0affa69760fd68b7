/**
 * Which mutants behave otherwise, step by step. From every state that the original reaches, every call is made on it, and on each mutant
 * whose place the call has come by: same result, same next state. A mutant that never differs has the same states and the same steps, and
 * so is the original at these bounds; one that differs may still be so for whoever only sees results.
 */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { outcomeText, type Outcome } from "../../spec/language/outcome.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { bounded, type Bounded } from "../explore/bounded.ts";
import { TRACK_ALL, type Codec } from "../explore/codec.ts";
import { codecFor } from "../explore/guard.ts";
import { Havoc } from "../explore/havoc.ts";
import type { Instance } from "../explore/sequential.ts";
import type { Store } from "../explore/store.ts";
import type { Bench } from "./bench.ts";

/** A mutant as a design of its own. */
export interface Loaded {
  readonly number: number;
  readonly design: AnyDesign;
}

export interface Steps {
  /** Mutants that a step came by. */
  readonly reached: Set<number>;
  /** Those that made one go otherwise. */
  readonly differs: Set<number>;
  /** Those that made one go on for ever. */
  readonly endless: Set<number>;
}

/** `visited`: the states of the original at this vector, which is sequential with everything tracked. */
export function compareSteps(bench: Bench, loaded: readonly Loaded[], vector: Vector, visited: Store): Steps {
  return new Comparison(bench, loaded, vector).run(visited);
}

const BROKEN = "it broke off";

class Comparison {
  private readonly bench: Bench;
  private readonly instances: readonly Instance[];
  private readonly others: {
    readonly number: number;
    readonly instances: readonly Instance[];
    readonly parts: readonly number[];
  }[];
  private codec: Codec;
  private readonly subject: Bounded;
  private readonly m: unknown;
  private readonly steps: Steps = { reached: new Set(), differs: new Set(), endless: new Set() };
  private readonly first: Int32Array;
  private readonly second: Int32Array;

  constructor(bench: Bench, loaded: readonly Loaded[], vector: Vector) {
    const subject = bounded(bench.design, vector);
    this.bench = bench;
    this.instances = subject.instances;
    this.m = subject.m;
    this.subject = subject;
    this.codec = codecFor(subject, TRACK_ALL, new Havoc());
    this.others = loaded.flatMap(({ number, design }) => {
      const parts = bench.partsOf.get(number)!;
      try {
        return [{ number, instances: bounded(design, vector).instances, parts }];
      } catch (error) {
        // What the scenario is given goes otherwise.
        if (!(error instanceof ModelError)) throw error;
        this.steps.reached.add(number);
        this.steps.differs.add(number);
        return [];
      }
    });
    this.first = new Int32Array(this.codec.words);
    this.second = new Int32Array(this.codec.words);
  }

  run(visited: Store): Steps {
    const { instances, steps } = this;
    const open = instances.map(({ name }) => this.isOpen(name));
    for (let i = 0; i < visited.count; i++) {
      const at = visited.locate(i);
      instances.forEach((instance, k) => {
        if (!open[k]) return;
        this.codec.unpack(visited.located, at);
        const before = steps.differs.size;
        this.compare(instance, k, visited.located, at);
        if (steps.differs.size > before && !this.isOpen(instance.name))
          instances.forEach(({ name }, other) => (open[other] &&= name !== instance.name));
      });
    }
    return steps;
  }

  /** Whether some mutant of the call does not differ yet; what is not reached may be reached. */
  private isOpen(name: string): boolean {
    const { reach } = this.bench;
    const { differs } = this.steps;
    for (const number of reach.mutants.get(name)!) if (!differs.has(number)) return true;
    return this.others.some(({ number }) => !differs.has(number) && this.isOf(number, name));
  }

  private isOf(number: number, name: string): boolean {
    const parts = this.bench.reach.parts.get(name)!;
    return this.bench.partsOf.get(number)!.some((part) => parts.has(part));
  }

  private compare(instance: Instance, k: number, from: Int32Array, at: number): void {
    const { board } = this.bench;
    const { reached, differs, endless } = this.steps;
    board.begin();
    const ended = this.attempt(instance, this.first);
    const ran = new Set(board.ran);
    const met: number[] = [];
    for (const number of board.met) {
      reached.add(number);
      if (!differs.has(number)) met.push(number);
    }
    for (const number of met) {
      this.codec.unpack(from, at);
      board.turnOn(number);
      if (this.isOther(ended, this.attempt(instance, this.second))) differs.add(number);
      if (board.ranAway) endless.add(number);
    }
    for (const { number, instances, parts } of this.others) {
      if (!parts.some((part) => ran.has(part))) continue;
      reached.add(number);
      if (differs.has(number)) continue;
      this.codec.unpack(from, at);
      if (this.isOther(ended, this.attempt(instances[k]!, this.second))) differs.add(number);
    }
  }

  private attempt(instance: Instance, into: Int32Array): string {
    try {
      const ended = instance.run(this.codec.draft, this.m);
      this.codec.pack(this.codec.draft, into, 0);
      return ended === disabled ? disabled : outcomeText(ended as Outcome);
    } catch (error) {
      // What grew a table of the draft, nothing makes small again.
      if (!(error instanceof KernelBug)) this.codec = codecFor(this.subject, TRACK_ALL, new Havoc());
      return error instanceof KernelBug ? `${BROKEN}: ${error.message}` : `${BROKEN}: ${String(error)}`;
    }
  }

  private isOther(ended: string, other: string): boolean {
    if (ended !== other) return true;
    if (ended.startsWith(BROKEN)) return false;
    for (let i = 0; i < this.first.length; i++) if (this.first[i] !== this.second[i]) return true;
    return false;
  }
}
