/** Which mutants of a woven design are on, and which places of it a call has come by. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { ON, PART } from "./weave.ts";

type AnyFunction = (...given: unknown[]) => unknown;
type Parts = AnyFunction | Readonly<Record<string, unknown>>;

function mapped<T, U>(record: Readonly<Record<string, T>>, to: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value)]));
}

/** More questions than this in one step: a mutant that goes round for ever. */
const MOST_ASKED = 10_000;

export class Board {
  /** The mutant that is on; -1: none. */
  active = -1;
  /** The mutant that is on goes round for ever: its step was broken off. */
  ranAway = false;
  /** Mutants whose places the step at hand has come by. */
  readonly met: number[] = [];
  /** The numbers of sections. */
  readonly parts = new Map<object, number[]>();
  /** Sections that the step at hand has run, or asked whether to run. */
  readonly ran = new Set<number>();
  private readonly stamps: Int32Array;
  private step = 1;
  private asked = 0;

  constructor(mutants: number) {
    this.stamps = new Int32Array(mutants);
    const global = globalThis as Record<string, unknown>;
    global[ON] = (k: number): boolean => this.on(k);
    global[PART] = (number: number, value: unknown): unknown => this.part(number, value);
  }

  /** A step without a mutant. */
  begin(): void {
    this.step++;
    this.met.length = 0;
    this.ran.clear();
    this.active = -1;
    this.asked = 0;
  }

  /** A step with one. */
  turnOn(k: number): void {
    this.active = k;
    this.asked = 0;
    this.ranAway = false;
  }

  private on(k: number): boolean {
    if (this.active >= 0) {
      if (++this.asked > MOST_ASKED) {
        this.ranAway = true;
        throw new Error("it goes round for ever");
      }
      return this.active === k;
    }
    if (this.stamps[k] !== this.step) {
      this.stamps[k] = this.step;
      this.met.push(k);
    }
    return false;
  }

  /** The design with its sections watched: which of them run. */
  watching(design: AnyDesign): AnyDesign {
    const calls = Object.entries(design.calls).map(([name, call]) => {
      const sections = mapped(call.sections, (section) => this.watched(section));
      return [name, { ...call, sections, finally: mapped(call.finally, (one) => this.watched(one)) }];
    });
    return { ...design, calls: Object.fromEntries(calls) as AnyDesign["calls"] };
  }

  private watched(section: Parts): Parts {
    const numbers = this.parts.get(section);
    if (numbers === undefined) return section;
    const telling =
      (fn: AnyFunction): AnyFunction =>
      (...given) => {
        if (this.active < 0) for (const number of numbers) this.ran.add(number);
        return fn(...given);
      };
    if (typeof section === "function") return telling(section);
    return mapped(section, (part) => (typeof part === "function" ? telling(part as AnyFunction) : part));
  }

  private part(number: number, value: unknown): unknown {
    if ((typeof value !== "object" || value === null) && typeof value !== "function") return value;
    const known = this.parts.get(value);
    if (known === undefined) this.parts.set(value, [number]);
    else known.push(number);
    return value;
  }
}
