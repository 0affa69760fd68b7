/**
 * One step of a call among others: a section with its locks, and with it the local ones behind it, in which nobody could disturb it.
 *
 * A step is taken on a state that it changes; whether it can be taken at all depends on the locks that the others hold. What the
 * step ends with is the frame that goes on, or the call's result.
 */
import { disabled } from "../../spec/language/call.ts";
import type { LockRef } from "../../spec/language/lock.ts";
import type { Outcome } from "../../spec/language/outcome.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import {
  goesRound,
  isGoTo,
  lockErrors,
  locksOf,
  type Context,
  type Part,
  type Program,
} from "../explore/program.ts";
import { endHolding, type Instance } from "../explore/sequential.ts";
import { actorOf, type Frame, type Frames, type Held } from "./frame.ts";

/** What a step did. */
export interface Advanced {
  /** The call where it is now; null when it has ended. */
  readonly frame: Frame | null;
  /** Its result, once it has ended. */
  readonly outcome: Outcome | undefined;
  /** The others, where the step marked them. */
  readonly others: readonly Frame[];
  /** Sections that ran, in order. */
  readonly ran: readonly string[];
  /** What the step has begun to wait for, which is all that it did. */
  readonly waits: string | null;
  /** The call started over. */
  readonly retried: boolean;
  /** A lock that was acquired, and what was held then. */
  readonly acquired: { readonly ref: Held; readonly holding: readonly Held[] } | null;
}

/** Why a call cannot go on: the lock, the readers or the condition that it waits for. */
export interface Blocked {
  readonly blocked: string;
}

export function isBlocked(step: Advanced | Blocked | typeof disabled): step is Blocked {
  return typeof step === "object" && "blocked" in step;
}

export class Advancer {
  private readonly frames: Frames;
  private readonly m: unknown;
  private readonly merges: boolean;
  private readonly contexts = new Map<Instance, Context>();
  private readonly actors: string[];
  private last: Step | null = null;

  constructor(instances: readonly Instance[], m: unknown, frames: Frames, merges: boolean) {
    this.frames = frames;
    this.m = m;
    this.merges = merges;
    this.actors = instances.map(({ call, name, params }) => actorOf(call.by, name, params));
  }

  /** A further call that may be made: its number. */
  add({ call, name, params }: Instance): number {
    return this.actors.push(actorOf(call.by, name, params)) - 1;
  }

  actor(k: number): string {
    return this.actors[k]!;
  }

  /** Begins a call: its first step. */
  start(
    s: unknown,
    instance: Instance,
    k: number,
    others: readonly Frame[],
  ): Advanced | Blocked | typeof disabled {
    const context = this.contextOf(instance);
    instance.program.begin(context);
    this.last = new Step(this.frames, this.m, this.merges, instance, k, this.actors[k]!, context, others);
    return this.last.begin(s);
  }

  /** The next step of a call in flight. */
  advance(s: unknown, frame: Frame, others: readonly Frame[]): Advanced | Blocked | typeof disabled {
    const { instance, k } = frame;
    const context = this.contextOf(instance);
    const { kept } = instance.program;
    for (let i = 0; i < kept.length; i++) {
      const value = frame.kept[i];
      context[kept[i]![0]] = value !== null && typeof value === "object" ? structuredClone(value) : value;
    }
    this.last = new Step(this.frames, this.m, this.merges, instance, k, frame.actor, context, others);
    return this.last.run(s, frame.at, frame.held, frame.result, frame.synchronizing);
  }

  /** How far the last step came, where it ran into a bug of the kernel. */
  brokenOff(): { readonly ran: readonly string[]; readonly held: readonly Held[] } {
    const { ran = [], held = [] } = this.last ?? {};
    return { ran, held };
  }

  private contextOf(instance: Instance): Context {
    let context = this.contexts.get(instance);
    if (context === undefined)
      this.contexts.set(instance, (context = instance.program.context(instance.params)));
    return context;
  }
}

class Step {
  private readonly program: Program;
  held: Held[] = [];
  private others: readonly Frame[];
  readonly ran: string[] = [];
  private result: Outcome | undefined;
  private retried = false;
  private waits: string | null = null;
  private acquired: Advanced["acquired"] = null;
  private mayDisable = false;
  private readonly frames: Frames;
  private readonly m: unknown;
  private readonly merges: boolean;
  private readonly instance: Instance;
  private readonly k: number;
  private readonly actor: string;
  private readonly context: Context;

  constructor(
    frames: Frames,
    m: unknown,
    merges: boolean,
    instance: Instance,
    k: number,
    actor: string,
    context: Context,
    others: readonly Frame[],
  ) {
    this.frames = frames;
    this.m = m;
    this.merges = merges;
    this.instance = instance;
    this.k = k;
    this.actor = actor;
    this.context = context;
    this.others = others;
    this.program = instance.program;
  }

  begin(s: unknown): Advanced | Blocked | typeof disabled {
    this.mayDisable = true;
    return this.run(s, 0, [], undefined, false);
  }

  run(
    s: unknown,
    from: number,
    held: readonly Held[],
    result: Outcome | undefined,
    synchronizing: boolean,
  ): Advanced | Blocked | typeof disabled {
    this.held = [...held];
    this.result = result;
    const { parts } = this.program;
    let jumps = 0;
    let at = this.next(from);
    if (at === parts.length) return this.ended();
    const waits = this.waitsFor(s, parts[at]!, at, synchronizing);
    if (waits === "begun") return this.paused(at, true);
    if (waits !== null) return waits;
    for (;;) {
      const part = parts[at]!;
      const step = this.runPart(s, part, at);
      if (step === disabled) return disabled;
      if (step === undefined) at++;
      else if (isGoTo(step)) {
        at = this.program.target(step);
        if (step.again === true) {
          this.retried = true;
          return this.paused(this.next(at), false);
        }
        const error = goesRound(this.program, step, ++jumps);
        if (error !== null) throw error;
      } else {
        if (typeof step === "string") this.held.length = 0;
        this.endHolding(at);
        if (at < this.program.closing) this.result = step as Outcome;
        at = at < this.program.closing ? this.program.closing : parts.length;
      }
      at = this.next(at);
      if (at === parts.length) return this.ended();
      if (!this.merges || !isMergeable(parts[at]!)) return this.paused(at, false);
    }
  }

  /** The next section that does not leave itself out. */
  private next(at: number): number {
    const { parts } = this.program;
    while (at < parts.length && parts[at]!.when?.(this.context) === false) at++;
    return at;
  }

  /** Null when the section can run; "begun" when all that it can do is begin to wait. */
  private waitsFor(s: unknown, part: Part, at: number, synchronizing: boolean): Blocked | "begun" | null {
    const awaited = locksOf(part.synchronizes, this.context);
    const refs = [...locksOf(part.takes, this.context), ...locksOf(part.under, this.context)];
    if (awaited.length + refs.length > 1) throw this.acquiresTwo([...awaited, ...refs], at);
    for (const ref of awaited) {
      const lock = this.frames.lockId(ref);
      this.refuseReader(lock, at);
      const readers = this.others.filter(({ held }) =>
        held.some((one) => one.lock === lock && (!synchronizing || one.late)),
      );
      if (!synchronizing)
        this.acquired = { ref: { lock, mode: "write", late: false }, holding: [...this.held] };
      if (readers.length === 0) continue;
      const waits = `the readers of ${this.frames.lockText({ lock, mode: "read" })}`;
      if (synchronizing) return { blocked: waits };
      this.ran.push(part.label);
      this.waits = waits;
      this.others = this.others.map((other) => (readers.includes(other) ? this.marked(other, lock) : other));
      return "begun";
    }
    if (part.until !== undefined && !this.holds(s, part, at))
      return { blocked: `what "${part.label}" waits for` };
    for (const ref of refs) {
      const wanted = this.wanted(ref);
      if (this.held.some(({ lock }) => lock === wanted.lock)) throw this.takesTwice(wanted, at);
      if (this.others.some(({ held }) => held.some((one) => conflict(one, wanted, ref))))
        return { blocked: this.frames.lockText(wanted) };
    }
    return null;
  }

  private holds(s: unknown, part: Part, at: number): boolean {
    try {
      return part.until!(s, this.context, this.m);
    } catch (error) {
      throw this.program.thrown(at, error);
    }
  }

  private marked(other: Frame, lock: number): Frame {
    const held = other.held.map((one) => (one.lock === lock ? { ...one, late: true } : one));
    return this.frames.intern({ ...withoutId(other), held });
  }

  private wanted({ mode, ...ref }: LockRef): Held {
    return { lock: this.frames.lockId({ ...ref, mode }), mode, late: false };
  }

  private runPart(s: unknown, part: Part, at: number): unknown {
    const { context } = this;
    for (const ref of locksOf(part.takes, context)) this.acquire(ref);
    const during = locksOf(part.under, context);
    for (const ref of during) this.acquire(ref);
    this.ran.push(part.label);
    let step: unknown;
    try {
      step = part.run?.(s, context, this.m);
    } catch (error) {
      throw this.program.thrown(at, error);
    }
    for (const ref of during) this.release(ref, at);
    if (step === disabled) {
      if (!this.mayDisable) throw this.disabledTooLate(at);
      return disabled;
    }
    if (typeof step !== "string") for (const ref of locksOf(part.drops, context)) this.release(ref, at);
    return step;
  }

  private acquire(ref: LockRef): void {
    const wanted = this.wanted(ref);
    // A reader of an SRCU never waits.
    if (ref.lock.kind !== "SRCU") this.acquired = { ref: wanted, holding: [...this.held] };
    this.held.push(wanted);
  }

  private release(ref: LockRef, where: number): void {
    const lock = this.frames.lockId(ref);
    const at = this.held.findIndex((one) => one.lock === lock);
    if (at < 0) {
      const text = this.frames.lockText({ lock, mode: ref.mode });
      throw lockErrors.notHeld(this.program.where(where), text, this.program.call.place);
    }
    this.held.splice(at, 1);
  }

  private paused(at: number, synchronizing: boolean): Advanced {
    if (at === this.program.parts.length) return this.ended();
    const { instance, k, actor, context, result } = this;
    const kept = this.program.keptIn(context);
    const frame = this.frames.intern({
      k,
      instance,
      actor,
      at,
      kept,
      held: this.held,
      result,
      synchronizing,
    });
    return this.done(frame, undefined);
  }

  private ended(): Advanced {
    this.endHolding(this.program.parts.length - 1);
    return this.done(null, this.result ?? 0);
  }

  private done(frame: Frame | null, outcome: Outcome | undefined): Advanced {
    const { others, ran, waits, retried, acquired } = this;
    return { frame, outcome, others, ran, waits, retried, acquired };
  }

  private endHolding(at: number): void {
    const held = this.held.map((one) => this.frames.lockText(one));
    endHolding(held, this.program.where(at), this.program.call.place);
  }

  private refuseReader(lock: number, at: number): void {
    if (!this.held.some((one) => one.lock === lock)) return;
    const text = this.frames.lockText({ lock, mode: "read" });
    throw lockErrors.waitsForItself(this.program.where(at), text, this.program.call.place);
  }

  private takesTwice(wanted: Held, at: number): ModelError {
    return lockErrors.takenTwice(
      this.program.where(at),
      this.frames.lockText(wanted),
      this.program.call.place,
    );
  }

  private acquiresTwo(refs: readonly LockRef[], at: number): ModelError {
    return new ModelError(
      `${this.program.where(at)} acquires ${refs.length} locks at once: ${refs.map((ref) => ref.lock.name).join(", ")}`,
      this.program.call.place,
      "two locks in one section; give the outer one a section of its own, so that who waits for the inner one is seen to hold it",
    );
  }

  private disabledTooLate(at: number): ModelError {
    return new ModelError(
      `${this.program.where(at)} says that the call is disabled, which has begun already`,
      this.program.call.place,
      "a guard behind the first section; put it there, or let the call end with an errno",
    );
  }
}

/** Writers exclude everybody, readers exclude writers; SRCU excludes nobody. */
export function conflict(one: Held, wanted: Held, { lock }: LockRef): boolean {
  return (
    one.lock === wanted.lock && lock.kind !== "SRCU" && (one.mode === "write" || wanted.mode === "write")
  );
}

/** A section without effect on others, or one that only drops locks: nobody could tell whether it ran a moment earlier. */
export function isMergeable({ local, takes, under, synchronizes, until, run, drops }: Part): boolean {
  if (takes !== undefined || under !== undefined || synchronizes !== undefined || until !== undefined)
    return false;
  return (
    local === true || (drops !== undefined && run === undefined) || (run === undefined && drops === undefined)
  );
}

export function withoutId(frame: Frame): Omit<Frame, "id"> {
  const { id: _, ...rest } = frame;
  return rest;
}
