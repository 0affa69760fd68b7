/**
 * Calls in flight on plain states: the steps of the search outside of it, everything tracked. A thread is a call, numbered in the order
 * in which the calls began; it keeps its number, whatever becomes of its frame.
 */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import type { Outcome } from "../../spec/language/outcome.ts";
import type { Scene } from "../explore/bounded.ts";
import type { Instance } from "../explore/sequential.ts";
import { canonical } from "../explore/walk.ts";
import { isBlocked, type Advanced, type Advancer, type Blocked } from "./advance.ts";
import type { Frame } from "./frame.ts";

export interface Thread {
  readonly instance: Instance;
  /** "task 0", "vCPU 0 of VM 0": tasks, all alike, get the lowest number that is free. */
  readonly actor: string;
  /** Null before its first step has ended, and once the call has. */
  readonly frame: Frame | null;
  readonly result: Outcome | null;
}

export class Flight {
  readonly threads: Thread[] = [];
  state: object;
  private readonly subject: Scene;
  private readonly instances: readonly Instance[];
  private readonly advancer: Advancer;

  /** `instances` are those that the advancer was made for. */
  constructor(subject: Scene, instances: readonly Instance[], advancer: Advancer) {
    this.subject = subject;
    this.instances = instances;
    this.advancer = advancer;
    this.state = subject.start;
  }

  /** Begins the call of an instance, with its first step. */
  begin(k: number): Advanced | Blocked | typeof disabled | KernelBug {
    const instance = this.instances[k]!;
    const thread: Thread = { instance, actor: this.actorFor(k), frame: null, result: null };
    return this.step(this.threads.length, thread, (next, others) =>
      this.advancer.start(next, instance, k, others),
    );
  }

  /** The next step of a call in flight. */
  go(number: number): Advanced | Blocked | typeof disabled | KernelBug {
    const thread = this.threads[number]!;
    return this.step(number, thread, (next, others) => this.advancer.advance(next, thread.frame!, others));
  }

  /** Why a call in flight cannot go on; null where it can. The flight stays as it is. */
  blockedBy(number: number): Blocked | null {
    try {
      const others = this.othersOf(number);
      const step = this.advancer.advance(
        structuredClone(this.state),
        this.threads[number]!.frame!,
        others.map(({ frame }) => frame!),
      );
      return step !== disabled && isBlocked(step) ? step : null;
    } catch (error) {
      if (error instanceof KernelBug) return null;
      throw error;
    }
  }

  /** The frames of all threads by number, 0 for a call that has ended: equal lists are equal flights. */
  frames(): number[] {
    return this.threads.map(({ frame }) => frame?.id ?? 0);
  }

  private step(
    number: number,
    thread: Thread,
    run: (next: object, others: readonly Frame[]) => Advanced | Blocked | typeof disabled,
  ): Advanced | Blocked | typeof disabled | KernelBug {
    const { design, sizes } = this.subject;
    const next = structuredClone(this.state);
    const others = this.othersOf(number);
    const ran = orBug(() =>
      run(
        next,
        others.map(({ frame }) => frame!),
      ),
    );
    if (ran === disabled || (!(ran instanceof KernelBug) && isBlocked(ran))) return ran;
    this.state = canonical(design.state, sizes, next) as object;
    if (ran instanceof KernelBug) {
      this.threads[number] = thread;
      return ran;
    }
    others.forEach((other, i) => {
      this.threads[this.threads.indexOf(other)] = { ...other, frame: ran.others[i]! };
    });
    this.threads[number] = { ...thread, frame: ran.frame, result: ran.outcome ?? null };
    return ran;
  }

  private othersOf(number: number): Thread[] {
    return this.threads.filter(({ frame }, i) => frame !== null && i !== number);
  }

  private actorFor(k: number): string {
    const actor = this.advancer.actor(k);
    if (actor !== "task") return actor;
    const taken = new Set(this.threads.filter(({ frame }) => frame !== null).map((thread) => thread.actor));
    for (let n = 0; ; n++) if (!taken.has(`task ${n}`)) return `task ${n}`;
  }
}

function orBug<T>(step: () => T): T | KernelBug {
  try {
    return step();
  } catch (error) {
    if (error instanceof KernelBug) return error;
    throw error;
  }
}
