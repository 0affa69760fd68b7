/** A call as the engines run it: its sections in a row, the closing ones behind the others. */
import type { AnyCall, GoTo, Section } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import type { LockRef } from "../../spec/language/lock.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { Misuse } from "./misuse.ts";
import { firstValue, type Sizes } from "./walk.ts";

export type Context = Record<string, unknown>;
type Locks = (c: never) => LockRef | readonly LockRef[];

export interface Part {
  readonly label: string;
  readonly when?: (c: Context) => boolean;
  readonly takes?: Locks;
  readonly drops?: Locks;
  readonly under?: Locks;
  readonly synchronizes?: Locks;
  readonly until?: (s: unknown, c: Context, m: unknown) => boolean;
  readonly local?: true;
  readonly run?: (s: unknown, c: Context, m: unknown) => unknown;
}

export class Program {
  readonly name: string;
  readonly call: AnyCall;
  readonly parts: readonly Part[];
  /** Index of the first closing section; the number of sections where there is none. */
  readonly closing: number;
  /** What the call keeps from section to section, with the values that it has at first. */
  readonly kept: readonly (readonly [string, unknown])[];
  /** By section, as the hot path wants them. */
  readonly runs: readonly Part["run"][];
  readonly whens: readonly Part["when"][];
  readonly untils: readonly Part["until"][];
  private readonly index: ReadonlyMap<string, number>;

  constructor(name: string, call: AnyCall, sizes: Sizes) {
    this.name = name;
    this.call = call;
    const labelled = [...Object.entries(call.sections), ...Object.entries(call.finally)] as [
      string,
      Section<any, any, any, any, any>,
    ][];
    this.parts = labelled.map(([label, section]) =>
      typeof section === "function" ? { label, run: section } : { label, ...section },
    ) as Part[];
    this.runs = this.parts.map(({ run }) => run);
    this.whens = this.parts.map(({ when }) => when);
    this.untils = this.parts.map(({ until }) => until);
    this.closing = Object.keys(call.sections).length;
    this.kept = Object.entries(call.keeps).map(([key, domain]) => [key, firstValue(domain, sizes)] as const);
    this.index = new Map(this.parts.map(({ label }, at) => [label, at]));
  }

  /** What sections see of a call with these parameters; `begin` comes first. */
  context(params: Context): Context {
    return { ...params };
  }

  /** What a call keeps, in the order in which it declares it, for a time when the context is another call's. */
  keptIn(context: Context): unknown[] {
    return this.kept.map(([key]) => {
      const value = context[key];
      return value !== null && typeof value === "object" ? structuredClone(value) : value;
    });
  }

  /** Gives a context the values that the call keeps at first; tables and records are made anew, for the run before may have written to them. */
  begin(context: Context): void {
    for (const [key, first] of this.kept)
      context[key] = first !== null && typeof first === "object" ? structuredClone(first) : first;
  }

  /** Where a jump leads. */
  target({ to }: GoTo): number {
    const at = this.index.get(to);
    if (at !== undefined) return at;
    throw new ModelError(
      `${this.name}: goTo("${to}"), but there is no such section; there are ${[...this.index.keys()].join(", ")}`,
      this.call.place,
      "a section that was renamed",
    );
  }

  /** What a section threw, with its place; a bug of the kernel stays one. */
  thrown(at: number, error: unknown): Error {
    if (error instanceof Misuse) return error.by(this.where(at));
    if (error instanceof ModelError || error instanceof KernelBug) return error;
    return new ModelError(
      `${this.where(at)} threw ${errorText(error)}`,
      this.call.place,
      "a field read through something that is null in this state (a closed file, an empty slot)",
    );
  }

  where(at: number): string {
    return `${this.name}: section "${this.parts[at]?.label ?? "the last"}"`;
  }
}

export function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

export function isGoTo(step: unknown): step is GoTo {
  return typeof step === "object" && step !== null && "to" in step;
}

/** The locks that a section names, in order. */
export function locksOf(locks: Locks | undefined, context: Context): readonly LockRef[] {
  if (locks === undefined) return [];
  const found = locks(context as never);
  return Array.isArray(found) ? (found as readonly LockRef[]) : [found as LockRef];
}

/** More jumps than any loop over the pages of a run needs: the call goes round for ever. */
const MOST_JUMPS = 10_000;

export function goesRound(program: Program, { to }: GoTo, jumps: number): ModelError | null {
  if (jumps <= MOST_JUMPS) return null;
  return new ModelError(
    `${program.name}: goTo("${to}") was taken ${MOST_JUMPS} times in one call`,
    program.call.place,
    "a loop that does not come to its end; a retry, which others can end, is `retry`, not `goTo`",
  );
}

/** Errors of a model's locks; `where` names the call and the section, `lock` the lock. */
export const lockErrors = {
  takenTwice: (where: string, lock: string, place: string): ModelError =>
    new ModelError(
      `${where} takes ${lock}, which the call already holds`,
      place,
      "a section that runs under a lock that an earlier one took",
    ),
  notHeld: (where: string, lock: string, place: string): ModelError =>
    new ModelError(
      `${where} drops ${lock}, which the call does not hold`,
      place,
      "a `drops` without its `takes`, or a `when` that differs between the two",
    ),
  waitsForItself: (where: string, lock: string, place: string): ModelError =>
    new ModelError(
      `${where} waits for the readers of ${lock}, of whom the call is one`,
      place,
      "a synchronize_srcu() inside the read section that it waits for",
    ),
};

export function waitsForNobody(program: Program, at: number): ModelError {
  return new ModelError(
    `${program.where(at)} waits for what nobody can provide: no other call is in flight`,
    program.call.place,
    "an `until` that the call itself would have to make true, or a count that an earlier call left behind",
  );
}
