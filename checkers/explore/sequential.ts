/**
 * The sequential ABI, derived: a call is its sections, run one after the other without interruption.
 */
import { disabled, type AnyCall, type GoTo } from "../../spec/language/call.ts";
import { CALLS_END, KernelBug } from "../../spec/language/kernel-bug.ts";
import { lockText, sameLock, type LockRef } from "../../spec/language/lock.ts";
import { type Outcome } from "../../spec/language/outcome.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { Program, goesRound, isGoTo, lockErrors, locksOf, waitsForNobody } from "./program.ts";
import type { Sizes } from "./walk.ts";

export type Ended = Outcome | typeof disabled;

/** A call with its parameters chosen. */
export interface Instance {
  readonly name: string;
  readonly call: AnyCall;
  readonly params: Readonly<Record<string, unknown>>;
  readonly program: Program;
  /** Runs the call on a state, which it changes. Throws KernelBug where it runs into one. */
  run(s: unknown, m: unknown): Ended;
}

export function makeInstance(
  name: string,
  call: AnyCall,
  params: Readonly<Record<string, unknown>>,
  sizes: Sizes,
  /** That of another instance of the call, where there is one. */
  program: Program = new Program(name, call, sizes),
): Instance {
  const { parts, closing, runs, whens, untils } = program;
  const context = program.context(params);
  const last = parts.length;
  const run = (s: unknown, m: unknown): Ended => {
    program.begin(context);
    let at = 0;
    let jumps = 0;
    let result: Ended = 0;
    try {
      while (at < last) {
        const when = whens[at];
        if (when !== undefined && !when(context)) {
          at++;
          continue;
        }
        const until = untils[at];
        if (until !== undefined && !until(s, context, m)) throw waitsForNobody(program, at);
        const step = runs[at]?.(s, context, m);
        if (step === undefined) at++;
        else if (isGoTo(step)) at = jump(program, step, ++jumps);
        else if (step === disabled) return disabled;
        else {
          if (at < closing) result = step as Ended;
          at = at < closing ? closing : last;
        }
      }
      return result;
    } catch (error) {
      throw program.thrown(at, error);
    }
  };
  return { name, call, params, program, run };
}

/** A call that is alone starts over this often before it is said to do so for ever: nobody else can end it. */
const MOST_RETRIES = 100;

function jump(program: Program, step: GoTo, jumps: number): number {
  const at = program.target(step);
  if (step.again === true && jumps > MOST_RETRIES)
    throw new KernelBug(
      CALLS_END,
      `${program.name} starts over at "${step.to}" again and again, and nobody else is there to end it`,
    );
  const error = goesRound(program, step, jumps);
  if (error !== null) throw error;
  return at;
}

/**
 * The same run, with the locks followed: a lock taken twice, dropped without being held, or still held at the end
 * of a call is an error of the model. A failure unwinds whatever is held, as `goto err` does.
 */
export function runWithLocks(instance: Instance, s: unknown, m: unknown): Ended {
  const { program, params } = instance;
  const { parts, closing, call } = program;
  const context = program.context(params);
  program.begin(context);
  const held: LockRef[] = [];
  let jumps = 0;
  let result: Ended = 0;
  for (let at = 0; at < parts.length;) {
    const part = parts[at]!;
    const where = program.where(at);
    if (part.when !== undefined && !part.when(context)) {
      at++;
      continue;
    }
    if (part.until !== undefined && !part.until(s, context, m)) throw waitsForNobody(program, at);
    for (const ref of locksOf(part.synchronizes, context)) waitOutside(held, ref, where, call.place);
    for (const ref of locksOf(part.takes, context)) take(held, ref, where, call.place);
    const during = locksOf(part.under, context);
    for (const ref of during) take(held, ref, where, call.place);
    let step: unknown;
    try {
      step = part.run?.(s, context, m);
    } catch (error) {
      throw program.thrown(at, error);
    }
    for (const ref of during) drop(held, ref, where, call.place);
    if (step === disabled) return disabled;
    // A failure unwinds: whatever is held is dropped with it.
    if (typeof step === "string") held.length = 0;
    else for (const ref of locksOf(part.drops, context)) drop(held, ref, where, call.place);
    if (step === undefined) at++;
    else if (isGoTo(step)) at = jump(program, step, ++jumps);
    else {
      endHolding(held.map(lockText), where, call.place);
      if (at < closing) result = step as Ended;
      at = at < closing ? closing : parts.length;
    }
  }
  endHolding(held.map(lockText), `${instance.name}: the last section`, call.place);
  return result;
}

function waitOutside(held: readonly LockRef[], ref: LockRef, where: string, place: string): void {
  if (held.some((other) => sameLock(other, ref)))
    throw lockErrors.waitsForItself(where, lockText(ref), place);
}

function take(held: LockRef[], ref: LockRef, where: string, place: string): void {
  if (held.some((other) => sameLock(other, ref))) throw lockErrors.takenTwice(where, lockText(ref), place);
  held.push(ref);
}

function drop(held: LockRef[], ref: LockRef, where: string, place: string): void {
  const at = held.findIndex((other) => sameLock(other, ref));
  if (at < 0) throw lockErrors.notHeld(where, lockText(ref), place);
  held.splice(at, 1);
}

export function endHolding(held: readonly string[], where: string, place: string): void {
  if (held.length === 0) return;
  throw new ModelError(
    `${where} ends the call with ${held.join(", ")} still held`,
    place,
    "a missing `drops`, or a section that returns 0 before the one that drops the lock",
  );
}
