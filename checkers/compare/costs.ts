/**
 * What calls cost, in turns of their loops, and with which of their numbers that grows: measured in some of the states that a comparison comes to,
 * for calls that end well. A turn is once more through a section that has run; what a section does inside of itself counts once.
 */
import { disabled, type AnyCall } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { isFailure } from "../../spec/language/outcome.ts";
import type { Bounded } from "../explore/bounded.ts";
import { TRACK_ALL, makeCodec, type Codec } from "../explore/codec.ts";
import { Havoc } from "../explore/havoc.ts";
import { identity } from "../explore/instances.ts";
import { makeInstance, type Instance } from "../explore/sequential.ts";

/** A cost, and the pair of states in which it was measured. */
interface Measured {
  readonly turns: number;
  readonly pair: number;
}

/** How the cost of a call behaves: "constant", or the numbers with which it grows. */
export interface CostClass {
  readonly text: string;
  /** A call that shows it, by its number, and where; null for a constant. */
  readonly shown: { readonly k: number; readonly pair: number } | null;
}

export class Costs {
  private readonly subject: Bounded;
  private readonly codec: Codec;
  private readonly counting: ReadonlyMap<number, Instance>;
  private readonly most = new Map<number, Measured>();
  /** How often each section of the call at hand has run. */
  private readonly ran = new Map<string, number>();

  /** `wanted`: the numbers of the calls to measure. */
  constructor(subject: Bounded, wanted: readonly number[]) {
    this.subject = subject;
    const { design, sizes, instances } = subject;
    this.codec = makeCodec(design.state, sizes, TRACK_ALL, new Havoc(), design.place);
    const calls = new Map<AnyCall, AnyCall>();
    const counting = (call: AnyCall): AnyCall => {
      const known = calls.get(call) ?? this.counted(call);
      calls.set(call, known);
      return known;
    };
    this.counting = new Map(
      wanted.map((k) => {
        const { name, call, params } = instances[k]!;
        return [k, makeInstance(name, counting(call), params, sizes)];
      }),
    );
  }

  /** The call, with sections that say that they run. */
  private counted(call: AnyCall): AnyCall {
    const sections = Object.entries(call.sections).map(([label, section]) => {
      const run = typeof section === "function" ? section : section.run;
      if (run === undefined) return [label, section] as const;
      const told: typeof run = (...given) => {
        this.ran.set(label, (this.ran.get(label) ?? 0) + 1);
        return run(...given);
      };
      return [label, typeof section === "function" ? told : { ...section, run: told }] as const;
    });
    return { ...call, sections: Object.fromEntries(sections) };
  }

  /** Makes all calls in the state at from[offset …]. */
  measure(from: Int32Array, offset: number, pair: number): void {
    for (const [k, instance] of this.counting) {
      this.codec.unpack(from, offset);
      this.ran.clear();
      if (!this.endsWell(instance)) continue;
      const turns = Math.max(0, ...this.ran.values());
      if (turns > (this.most.get(k)?.turns ?? -1)) this.most.set(k, { turns, pair });
    }
  }

  private endsWell(instance: Instance): boolean {
    try {
      const ended = instance.run(this.codec.draft, this.subject.m);
      return ended !== disabled && !isFailure(ended);
    } catch (error) {
      if (error instanceof KernelBug) return false;
      throw error;
    }
  }

  /** By name of the call. */
  classes(): ReadonlyMap<string, CostClass> {
    const byName = new Map<string, number[]>();
    for (const k of this.most.keys()) {
      const { name } = this.subject.instances[k]!;
      byName.set(name, [...(byName.get(name) ?? []), k]);
    }
    return new Map([...byName].map(([name, ks]) => [name, this.classOf(ks)]));
  }

  private classOf(ks: readonly number[]): CostClass {
    const { call } = this.subject.instances[ks[0]!]!;
    const grows = Object.keys(call.takes).flatMap((key) => {
      const larger = this.growth(ks, key);
      return larger === null ? [] : [{ key, larger }];
    });
    const [first] = grows;
    if (first === undefined) return { text: "constant", shown: null };
    return {
      text: `grows with ${grows.map(({ key }) => key).join(", ")}`,
      shown: { k: first.larger, pair: this.most.get(first.larger)!.pair },
    };
  }

  /** Of calls that differ in one number alone, the first that costs more than one with less of it. */
  private growth(ks: readonly number[], key: string): number | null {
    const least = new Map<string, { readonly value: number; readonly turns: number }>();
    const sorted = ks
      .map((k) => ({ k, params: this.subject.instances[k]!.params }))
      .filter(({ params, k }) => isQuantity(this.subject.instances[k]!.call, key, params[key]))
      .sort((a, b) => Number(a.params[key]) - Number(b.params[key]));
    for (const { k, params } of sorted) {
      const others = identity({ ...params, [key]: null });
      const value = Number(params[key]);
      const { turns } = this.most.get(k)!;
      const known = least.get(others);
      if (known === undefined || turns < known.turns) least.set(others, { value, turns });
      else if (turns > known.turns && value > known.value) return k;
    }
    return null;
  }
}

/** A number that says how much or where, and is no name of something. */
function isQuantity(call: AnyCall, key: string, value: unknown): boolean {
  const param = call.takes[key]!;
  const isName = "shape" in param && (param as { shape: { kind: string } }).shape.kind === "index";
  return !isName && (typeof value === "bigint" || typeof value === "number");
}
