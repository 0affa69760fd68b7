/**
 * The sequential ABI, derived: a call is its sections, run one after the other without interruption.
 */
import { disabled, type AnyCall, type GoTo, type Section } from "../../spec/language/call.ts";
import { lockText, sameLock, type LockRef } from "../../spec/language/lock.ts";
import { type Outcome } from "../../spec/language/outcome.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { firstValue, type Sizes } from "./walk.ts";

export type Ended = Outcome | typeof disabled;

/** A call with its parameters chosen. */
export interface Instance {
  readonly name: string;
  readonly call: AnyCall;
  readonly params: Readonly<Record<string, unknown>>;
  /** Runs the call on a state, which it changes. */
  run(s: unknown, m: unknown): Ended;
}

type AnySection = Section<any, any, any, any, any>;
type Context = Record<string, unknown>;

export function makeInstance(
  name: string,
  call: AnyCall,
  params: Readonly<Record<string, unknown>>,
  sizes: Sizes,
): Instance {
  const sections = Object.entries(call.sections) as [string, AnySection][];
  const labels = sections.map(([label]) => label);
  const runs = sections.map(([, section]) => (typeof section === "function" ? section : section.run));
  const whens = sections.map(([, section]) => (typeof section === "function" ? undefined : section.when));
  const kept = Object.entries(call.keeps).map(([key, domain]) => [key, firstValue(domain, sizes)] as const);
  const context: Context = { ...params };
  const last = runs.length;
  const run = (s: unknown, m: unknown): Ended => {
    // A table or a record is made anew: the run before may have written to it.
    for (const [key, first] of kept)
      context[key] = first !== null && typeof first === "object" ? structuredClone(first) : first;
    let at = 0;
    let jumps = 0;
    try {
      while (at < last) {
        const when = whens[at];
        const step = when === undefined || when(context) ? runs[at]?.(s, context, m) : undefined;
        if (step === undefined) at++;
        else if (typeof step !== "object" || !("to" in step)) return step as Ended;
        else at = jump(name, call, labels, step.to, ++jumps);
      }
      return 0;
    } catch (error) {
      throw sectionError(name, call, labels[at]!, error);
    }
  };
  return { name, call, params, run };
}

/** More jumps than any loop over the pages of a run needs: the call goes round for ever. */
const MOST_JUMPS = 10_000;

function jump(name: string, call: AnyCall, labels: readonly string[], label: string, jumps: number): number {
  const at = labels.indexOf(label);
  if (at < 0) {
    throw new ModelError(
      `${name}: goTo("${label}"), but there is no such section; there are ${labels.join(", ")}`,
      call.place,
      "a section that was renamed",
    );
  }
  if (jumps > MOST_JUMPS) {
    throw new ModelError(
      `${name}: goTo("${label}") was taken ${MOST_JUMPS} times in one call`,
      call.place,
      "a retry whose condition nobody else can change while the call runs alone",
    );
  }
  return at;
}

function sectionError(name: string, call: AnyCall, label: string, error: unknown): Error {
  if (error instanceof ModelError) return error;
  return new ModelError(
    `${name}: section "${label}" threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    call.place,
    "a field read through something that is null in this state (a closed file, an empty slot)",
  );
}

/**
 * The same run, with the locks followed: a lock taken twice, dropped without being held, or still held at the end
 * of a call is an error of the model. A failure unwinds whatever is held, as `goto err` does.
 */
export function runWithLocks(instance: Instance, s: unknown, m: unknown, sizes: Sizes): Ended {
  const { name, call, params } = instance;
  const context: Context = { ...params };
  for (const [key, domain] of Object.entries(call.keeps)) context[key] = firstValue(domain, sizes);
  const held: LockRef[] = [];
  const sections = Object.entries(call.sections) as [string, AnySection][];
  const labels = sections.map(([label]) => label);
  let jumps = 0;
  for (let at = 0; at < sections.length;) {
    const [label, section] = sections[at]!;
    const parts = typeof section === "function" ? { run: section } : section;
    const where = `${name}: section "${label}"`;
    at++;
    if (parts.when !== undefined && !parts.when(context)) continue;
    for (const ref of refs(parts.takes, context)) take(held, ref, where, call.place);
    const during = refs(parts.under, context);
    for (const ref of during) take(held, ref, where, call.place);
    let step: unknown;
    try {
      step = parts.run?.(s, context, m);
    } catch (error) {
      throw sectionError(name, call, label, error);
    }
    for (const ref of during) drop(held, ref, where, call.place);
    // A failure unwinds: whatever is held is dropped with it.
    if (typeof step === "string") return step;
    for (const ref of refs(parts.drops, context)) drop(held, ref, where, call.place);
    if (isGoTo(step)) at = jump(name, call, labels, step.to, ++jumps);
    else if (step !== undefined) return endHolding(held, where, call.place, step as Ended);
  }
  return endHolding(held, `${name}: the last section`, call.place, 0);
}

function isGoTo(step: unknown): step is GoTo {
  return typeof step === "object" && step !== null && "to" in step;
}

function refs(
  locks: ((c: never) => LockRef | readonly LockRef[]) | undefined,
  context: Context,
): readonly LockRef[] {
  if (locks === undefined) return [];
  const found = locks(context as never);
  return Array.isArray(found) ? (found as readonly LockRef[]) : [found as LockRef];
}

function take(held: LockRef[], ref: LockRef, where: string, place: string): void {
  if (held.some((other) => sameLock(other, ref))) {
    throw new ModelError(
      `${where} takes ${lockText(ref)}, which the call already holds`,
      place,
      "a section that runs under a lock that an earlier one took",
    );
  }
  held.push(ref);
}

function drop(held: LockRef[], ref: LockRef, where: string, place: string): void {
  const at = held.findIndex((other) => sameLock(other, ref));
  if (at < 0) {
    throw new ModelError(
      `${where} drops ${lockText(ref)}, which the call does not hold`,
      place,
      "a `drops` without its `takes`, or a `when` that differs between the two",
    );
  }
  held.splice(at, 1);
}

function endHolding(held: readonly LockRef[], where: string, place: string, step: Ended): Ended {
  if (held.length === 0) return step;
  throw new ModelError(
    `${where} ends the call with ${held.map(lockText).join(", ")} still held`,
    place,
    "a missing `drops`, or a section that returns 0 before the one that drops the lock",
  );
}
