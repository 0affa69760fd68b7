/**
 * Runs calls on the draft. A step that reads untracked cells is run for all their values, and each way in which it can go on is
 * kept. Results that are not declared, steps that are not deterministic, and writes before `disabled` are errors of the model.
 */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { outcomeName, sameOutcome, type Outcome } from "../../spec/language/outcome.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Codec } from "./codec.ts";
import type { Havoc } from "./havoc.ts";
import { callText } from "./instances.ts";
import { runWithLocks, type Ended, type Instance } from "./sequential.ts";

/** One way in which a call can go on from a state. */
export interface Way {
  readonly ended: Outcome;
  readonly packed: Int32Array;
  /** What it did rests on another location than the watched one alone: the search that watches that one asks about it. */
  readonly elsewhere: boolean;
}

export class Stepper {
  /** The state that the draft holds before each step. */
  readonly current: Int32Array;
  /** The one way of the last step that read no untracked cell. */
  readonly next: Int32Array;
  /** All ways of the last step that read some; empty otherwise. */
  readonly ways: Way[] = [];
  /** Bugs of the kernel that the last step ran into, in one way or another. */
  readonly bugs: KernelBug[] = [];
  /** How often each instance ended in each way, where it was the only one. */
  readonly counts: readonly Map<string, number>[];
  /** False while steps are taken again that were counted before. */
  counting = true;
  private readonly other: Int32Array;
  private readonly codec: Codec;
  private readonly havoc: Havoc;
  private readonly m: unknown;

  constructor(codec: Codec, havoc: Havoc, m: unknown, instances: number) {
    this.codec = codec;
    this.havoc = havoc;
    this.m = m;
    this.current = new Int32Array(codec.words);
    this.next = new Int32Array(codec.words);
    this.other = new Int32Array(codec.words);
    this.counts = Array.from({ length: instances }, () => new Map<string, number>());
  }

  /**
   * Runs instance `k`; with `twice`, two times, which must end alike; the second time its locks are followed. A way that runs into a bug
   * of the kernel leads nowhere. Afterwards the draft is to be restored by the caller.
   */
  step(instance: Instance, k: number, twice: boolean): Ended {
    const { codec, havoc, next, ways, bugs } = this;
    if (ways.length > 0) ways.length = 0;
    if (bugs.length > 0) bugs.length = 0;
    havoc.begin();
    const ended = this.run(instance);
    const chose = havoc.asked.length > 0;
    if (ended === null && !chose) return disabled;
    if (ended === disabled && !twice && !chose) return ended;
    const elsewhere = chose && havoc.isElsewhere;
    codec.pack(codec.draft, next, 0);
    if (chose || ended === null) return this.allWays(instance, k, ended, elsewhere);
    if (ended === disabled && !this.isCurrent(next)) throw changedWhileDisabled(instance);
    this.count(instance, k, ended);
    if (twice) this.again(instance, ended);
    return ended;
  }

  /** How often a call was run: a step that reads untracked cells is run for each of their values. */
  runs = 0;

  /** Null where it runs into a bug of the kernel. */
  private run(instance: Instance): Ended | null {
    this.runs++;
    try {
      return instance.run(this.codec.draft, this.m);
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error;
      const elsewhere = this.havoc.asked.length > 0 && this.havoc.isElsewhere;
      if (!elsewhere) this.bugs.push(error);
      return null;
    }
  }

  isCurrent(packed: Int32Array): boolean {
    return same(this.current, packed);
  }

  /** Keeps the way of the first run, and runs the step with all other values of the untracked cells that it reads. */
  private allWays(instance: Instance, k: number, first: Ended | null, elsewhere: boolean): Ended {
    const { codec, havoc, other, current } = this;
    let alike = true;
    this.keep(instance, first, this.next, elsewhere);
    while (havoc.again()) {
      codec.unpack(current, 0);
      // Restoring the watched location is no look at it.
      havoc.touched = false;
      const ended = this.run(instance);
      if (!sameOutcome(first as Outcome | null, ended as Outcome | null)) alike = false;
      const isElsewhere = havoc.isElsewhere;
      codec.pack(codec.draft, other, 0);
      this.keep(instance, ended, other, isElsewhere);
    }
    codec.unpack(current, 0);
    if (!alike || first === null) return this.ways[0]?.ended ?? disabled;
    this.count(instance, k, first);
    return first;
  }

  private keep(instance: Instance, ended: Ended | null, packed: Int32Array, elsewhere: boolean): void {
    if (ended === null) return;
    if (ended === disabled) {
      if (!this.isCurrent(packed)) throw changedWhileDisabled(instance);
      return;
    }
    const isKnown = (way: Way): boolean =>
      way.elsewhere === elsewhere && sameOutcome(way.ended, ended) && same(way.packed, packed);
    if (!this.ways.some(isKnown)) this.ways.push({ ended, packed: packed.slice(), elsewhere });
  }

  private count(instance: Instance, k: number, ended: Ended): void {
    if (ended === disabled || !this.counting) return;
    const name = outcomeName(ended);
    const counts = this.counts[k]!;
    const known = counts.get(name);
    if (known === undefined && !isDeclared(instance, ended)) throw undeclared(instance, name);
    counts.set(name, (known ?? 0) + 1);
  }

  private again(instance: Instance, first: Ended): void {
    const { codec, current, other, next } = this;
    // What the first run left in untracked cells is not there for the second one.
    this.havoc.forget();
    codec.unpack(current, 0);
    const second = runWithLocks(instance, codec.draft, this.m);
    codec.pack(codec.draft, other, 0);
    if (same(next, other) && sameOutcome(first as Outcome, second as Outcome)) return;
    throw new ModelError(
      `${callText(instance.name, instance.params)} is not deterministic: run twice on one state, it ended once ` +
        `with ${outcomeName(first as Outcome)} and once with ${outcomeName(second as Outcome)}` +
        (same(next, other) ? "" : ", in different states"),
      instance.call.place,
      "a section that reads the clock, a random number, or a variable outside the state",
    );
  }
}

export function isDeclared({ call }: Instance, ended: Outcome): boolean {
  if (ended === 0) return true;
  if (typeof ended === "object") return call.gives !== undefined;
  return call.returns.includes(ended) || call.exits.includes(ended);
}

export function undeclared({ name, params, call }: Instance, result: string): ModelError {
  const declared = [...call.returns, ...call.exits, ...(call.gives === undefined ? [] : ["value"]), "0"];
  return new ModelError(
    `${callText(name, params)} ended with ${result}, which the call does not declare; it declares ${declared.join(", ")}`,
    call.place,
    "a result that is missing in `returns` or `exits`; npm run types names the line",
  );
}

export function changedWhileDisabled({ name, params, call }: Instance): ModelError {
  return new ModelError(
    `${callText(name, params)} is disabled in a state that it has changed`,
    call.place,
    "a section that writes before the guard that disables the call",
  );
}

function same(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
