/**
 * Calls in flight. A frame is all that a call knows of itself: where it is, what it keeps, which locks it holds. Frames are interned,
 * so that a state of the search names each by one number.
 */
import type { Actor } from "../../spec/language/call.ts";
import type { Bounds } from "../../spec/language/design.ts";
import type { Lock, LockMode, LockRef } from "../../spec/language/lock.ts";
import { lockText } from "../../spec/language/lock.ts";
import type { Outcome } from "../../spec/language/outcome.ts";
import type { Instance } from "../explore/sequential.ts";

/** A lock that a call holds. */
export interface Held {
  readonly lock: LockId;
  readonly mode: LockMode;
  /**
   * A reader whom a synchronize waits for. One mark for all who wait on the same SRCU: exact while one synchronize is under way
   * on it at a time, as slots_lock sees to; otherwise the first waits longer than it would have to.
   */
  readonly late: boolean;
}

/** One lock: its kind and its instance, as a number. */
export type LockId = number;

export interface Frame {
  /** From 1 on. */
  readonly id: number;
  /** Index of the call's instance in the run. */
  readonly k: number;
  readonly instance: Instance;
  readonly actor: string;
  /** The section to run next. */
  readonly at: number;
  /** What the call keeps, in the order in which it declares it. */
  readonly kept: readonly unknown[];
  readonly held: readonly Held[];
  /** The result that the call has already, while its closing sections run. */
  readonly result: Outcome | undefined;
  /** Has begun to wait for the readers of an SRCU. */
  readonly synchronizing: boolean;
}

/** Who makes a call: tasks are all alike, a vCPU has a name, and so has each call of the kernel. */
export function actorOf(by: Actor, name: string, params: Readonly<Record<string, unknown>>): string {
  if (by === "task") return "task";
  if (by === "kernel") return name;
  const { vm, vcpu } = params;
  // A design of one VM does not say which.
  return vm === undefined ? `vCPU ${String(vcpu)}` : `vCPU ${String(vcpu)} of VM ${String(vm)}`;
}

/** Whether one who makes such calls has nothing else to do: there are as many tasks as the bound says, and one of each other actor. */
export function isFree(actor: string, acting: readonly string[], bounds: Bounds): boolean {
  const same = acting.filter((other) => other === actor).length;
  return same < (actor === "task" ? Number(bounds["tasks"] ?? 1) : 1);
}

export class Frames {
  private readonly frames: Frame[] = [];
  private readonly ids = new Map<string, number>();
  private readonly locks: { readonly lock: Lock; readonly text: string }[] = [];
  private readonly lockIds = new Map<string, LockId>();

  get count(): number {
    return this.frames.length;
  }

  get(id: number): Frame {
    return this.frames[id - 1]!;
  }

  intern(frame: Omit<Frame, "id">): Frame {
    let key = `${frame.k} ${frame.at} ${frame.synchronizing ? 1 : 0} ${outcomeKey(frame.result)}`;
    for (const { lock, mode, late } of frame.held)
      key += ` ${lock}${mode === "read" ? "r" : "w"}${late ? "l" : ""}`;
    for (const value of frame.kept)
      key += value !== null && typeof value === "object" ? `|${JSON.stringify(value)}` : `|${String(value)}`;
    const known = this.ids.get(key);
    if (known !== undefined) return this.frames[known - 1]!;
    const made = { id: this.frames.length + 1, ...frame };
    this.frames.push(made);
    this.ids.set(key, made.id);
    return made;
  }

  lockId(ref: LockRef): LockId {
    const text = lockText({ ...ref, mode: "write" }).replace(" (write)", "");
    const known = this.lockIds.get(text);
    if (known !== undefined) return known;
    this.locks.push({ lock: ref.lock, text });
    this.lockIds.set(text, this.locks.length - 1);
    return this.locks.length - 1;
  }

  lock(id: LockId): Lock {
    return this.locks[id]!.lock;
  }

  /** `mmu_lock[0] (read)` */
  lockText({ lock, mode }: Pick<Held, "lock" | "mode">): string {
    const { text, lock: of } = this.locks[lock]!;
    return of.kind === "rwlock" ? `${text} (${mode})` : text;
  }
}

/** Equal texts are equal outcomes. */
export function outcomeKey(outcome: Outcome | undefined): string {
  return typeof outcome === "object" ? `=${outcome.value}` : String(outcome);
}
