/** Where a call in flight stands: all that is known of its next step without looking at the state. */
import type { LockRef } from "../../../spec/language/lock.ts";
import type { Outcome } from "../../../spec/language/outcome.ts";
import { conflict, type Advanced } from "../../interleave/advance.ts";
import type { Frame, Frames, Held } from "../../interleave/frame.ts";
import { locksOf, type Context, type Part } from "../../explore/program.ts";
import type { Code } from "./code.ts";

/** How a step ends. */
export const PAUSED = 0;
export const ENDED = 1;
/** A local section follows in the same step. */
export const GOES_ON = 2;
export const IS_DISABLED = 3;
/** A lock, readers or a condition are waited for. */
export const IS_BLOCKED = 4;
/** The interpreter is to take the step. */
export const IS_GIVEN_BACK = 5;
/** It has begun to wait for the readers of an SRCU, and has marked them. */
export const HAS_BEGUN = 6;

export class Ending {
  readonly kind: number;
  /** The frame that goes on; 0 where the call has ended. */
  readonly frame: number;
  readonly outcome: Outcome | undefined;
  /** The call started over. */
  readonly retried: boolean;
  readonly next: Point | null;
  /** The number under which its outcome is counted; -1 while it was not. */
  counter = -1;

  constructor(kind: number, frame = 0, outcome?: Outcome, retried = false, next: Point | null = null) {
    this.kind = kind;
    this.frame = frame;
    this.outcome = outcome;
    this.retried = retried;
    this.next = next;
  }
}

export const DISABLES = new Ending(IS_DISABLED);
export const BLOCKS = new Ending(IS_BLOCKED);
export const GIVES_BACK = new Ending(IS_GIVEN_BACK);

/** A frame, the beginning of a call, or what comes between two sections of one step. */
export class Point {
  readonly frame: Omit<Frame, "id">;
  /** The section to run next; undefined where a call has none. */
  readonly part: Part | undefined;
  /** The frame's number; 0 at the beginning of a call, negative between two sections of one step. */
  readonly id: number;
  /** What the step is called in the search. */
  readonly via: number;
  /** The interpreter takes all its steps: there is an error of the model to be told. */
  isLeft: boolean;
  /** The lock that its section acquires. */
  readonly wanted: { readonly held: Held; readonly ref: LockRef } | null = null;
  /** The SRCU whose readers it waits for; -1 where there is none. */
  readonly awaits: number = -1;
  /** What lockdep would see. */
  readonly acquired: Advanced["acquired"] = null;
  isNoted: boolean;
  code: Code | null = null;
  /** Steps that the interpreter has taken. */
  steps = 0;
  readonly endings: (Ending | undefined)[] = [];
  /** By frame of another call: 0 not asked yet, 1 lets it go on, 2 does not. */
  private blocking = new Uint8Array(64);
  /** The frame that waits for readers, once it has begun to. */
  waiting: Ending | null = null;

  constructor(frame: Omit<Frame, "id">, id: number, via: number, frames: Frames) {
    this.frame = frame;
    this.id = id;
    this.via = via;
    this.part = frame.instance.program.parts[frame.at]!;
    const { part } = this;
    this.isNoted = true;
    this.isLeft = true;
    if (part === undefined) return;
    const context = contextOf(frame);
    const awaited = locksOf(part.synchronizes, context);
    const refs = [...locksOf(part.takes, context), ...locksOf(part.under, context)];
    const lock = (ref: LockRef): number => frames.lockId(ref);
    const holds = (ref: LockRef): boolean => frame.held.some((one) => one.lock === lock(ref));
    this.isLeft =
      awaited.length + refs.length > 1 ||
      [...awaited, ...refs].some(holds) ||
      (part.until !== undefined && awaited.length + refs.length > 0);
    const [ref] = refs;
    const [readers] = awaited;
    if (!this.isLeft && ref !== undefined) {
      const held: Held = { lock: lock(ref), mode: ref.mode, late: false };
      this.wanted = { held, ref };
      if (ref.lock.kind !== "SRCU") this.acquired = { ref: held, holding: frame.held };
    }
    if (!this.isLeft && readers !== undefined) {
      this.awaits = lock(readers);
      if (!frame.synchronizing)
        this.acquired = { ref: { lock: this.awaits, mode: "write", late: false }, holding: frame.held };
    }
    this.isNoted = this.acquired === null;
  }

  /** Whether the call that stands at a frame keeps this one from going on, by its locks. */
  isBlockedBy(other: number, frames: Frames): boolean {
    if (other >= this.blocking.length) {
      const more = new Uint8Array(other * 2);
      more.set(this.blocking);
      this.blocking = more;
    }
    const known = this.blocking[other]!;
    return known === 0 ? this.askBlocked(other, frames) : known === 2;
  }

  private askBlocked(other: number, frames: Frames): boolean {
    const { wanted, awaits, frame } = this;
    const { held } = frames.get(other);
    const is =
      (wanted !== null && held.some((one) => conflict(one, wanted.held, wanted.ref))) ||
      (awaits >= 0 && held.some((one) => one.lock === awaits && (!frame.synchronizing || one.late)));
    this.blocking[other] = is ? 2 : 1;
    return is;
  }
}

export function contextOf({ instance, kept }: Omit<Frame, "id">): Context {
  const context: Context = { ...instance.params };
  instance.program.kept.forEach(([name], i) => (context[name] = cloned(kept[i])));
  return context;
}

function cloned(value: unknown): unknown {
  return value !== null && typeof value === "object" ? structuredClone(value) : value;
}
