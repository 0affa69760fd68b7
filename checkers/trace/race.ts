/** Concrete runs of calls that overlap: schedules on plain states, with what each step did and changed. */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import type { Outcome } from "../../spec/language/outcome.ts";
import type { SectionStep, Waiting } from "../../spec/language/trace.ts";
import type { Scene } from "../explore/bounded.ts";
import type { Instance } from "../explore/sequential.ts";
import { changes } from "../explore/walk.ts";
import { Advancer, isBlocked, type Advanced } from "../interleave/advance.ts";
import { Flight, type Thread } from "../interleave/flight.ts";
import { Frames, type Held } from "../interleave/frame.ts";
import { nestingText } from "../interleave/lock-order.ts";
import { threadOf } from "../interleave/schedule.ts";

/** Calls that overlapped, up to a moment: all that is asked about them there. */
export interface Raced {
  readonly steps: readonly SectionStep[];
  readonly states: readonly object[];
  readonly frames: readonly (readonly number[])[];
  readonly blocked: readonly (readonly Waiting[])[];
  readonly threads: readonly Pick<Thread, "instance" | "frame" | "result">[];
  readonly bug: KernelBug | null;
  readonly nestings: readonly string[];
}

export class Race implements Raced {
  readonly steps: SectionStep[] = [];
  /** The states, the one at the start first. */
  readonly states: object[];
  /** For each state the calls in flight, by their number: equal lists are equal flights. */
  readonly frames: (readonly number[])[] = [[]];
  /** For each state the calls in flight that cannot go on. */
  readonly blocked: (readonly Waiting[])[] = [[]];
  /** For each step the lock that it acquired, held or dropped at its end. */
  readonly acquired: (string | null)[] = [];
  /** The bug of the kernel that the last step ran into. */
  bug: KernelBug | null = null;
  /** Each lock held when the last step acquired one, with that one, as a breach of the lock order tells it. */
  nestings: readonly string[] = [];
  private readonly subject: Scene;
  private readonly names = new Frames();
  private readonly advancer: Advancer;
  private readonly flight: Flight;

  /** `instances` are those that moves from 0 on begin. */
  constructor(subject: Scene, instances: readonly Instance[], merges: boolean) {
    this.subject = subject;
    this.advancer = new Advancer(instances, subject.m, this.names, merges);
    this.flight = new Flight(subject, instances, this.advancer);
    this.states = [subject.start];
  }

  get threads(): readonly Thread[] {
    return this.flight.threads;
  }

  /** Takes a step of a schedule (interleave/schedule.ts): what stands in the way, or null. */
  take(move: number): string | null {
    if (this.bug !== null) return `cannot go on: ${this.bug.message}`;
    const number = move < 0 ? threadOf(move) : this.threads.length;
    if (move < 0 && this.threads[number]!.frame === null) return "cannot go on: it has ended";
    const step = move < 0 ? this.flight.go(number) : this.flight.begin(move);
    if (step === disabled) return "cannot be made here";
    if (step instanceof KernelBug) this.broken(number, move >= 0, step);
    else if (isBlocked(step)) return `cannot go on here: it waits for ${step.blocked}`;
    else this.note(number, move >= 0, step);
    return null;
  }

  /** As it was after so many steps. */
  after(count: number): Raced {
    if (count === this.steps.length) return this;
    const frames = this.frames.slice(0, count + 1);
    const steps = this.steps.slice(0, count);
    const ends = new Map(
      steps.flatMap(({ ends, thread, result }) => (ends ? [[thread, result] as const] : [])),
    );
    const threads = frames.at(-1)!.map((frame, thread) => ({
      instance: this.threads[thread]!.instance,
      frame: frame === 0 ? null : this.names.get(frame),
      result: ends.get(thread) ?? null,
    }));
    const [states, blocked] = [this.states.slice(0, count + 1), this.blocked.slice(0, count + 1)];
    return { steps, states, frames, blocked, threads, bug: null, nestings: [] };
  }

  private blockedNow(): Waiting[] {
    if (this.bug !== null) return [];
    return this.threads.flatMap(({ frame }, thread) => {
      const by = frame === null ? null : this.flight.blockedBy(thread);
      return by === null ? [] : [{ thread, for: by.blocked }];
    });
  }

  private note(thread: number, begins: boolean, step: Advanced): void {
    const { name } = this.threads[thread]!.instance;
    const [section = ""] = step.ran;
    const to = step.acquired === null ? null : this.names.lock(step.acquired.ref.lock);
    this.nestings =
      to === null
        ? []
        : step.acquired!.holding.map(({ lock }) =>
            nestingText(this.names.lock(lock), { to, call: name, section }),
          );
    this.acquired.push(step.acquired === null ? null : this.names.lockText(step.acquired.ref));
    this.push(thread, begins, step.ran, step.frame?.held ?? [], step.outcome ?? null, step.waits);
  }

  private broken(thread: number, begins: boolean, bug: KernelBug): void {
    const { ran, held } = this.advancer.brokenOff();
    this.bug = bug;
    this.nestings = [];
    this.acquired.push(null);
    this.push(thread, begins, ran, held, null, null);
  }

  private push(
    thread: number,
    begins: boolean,
    sections: readonly string[],
    held: readonly Held[],
    result: Outcome | null,
    waits: string | null,
  ): void {
    const { instance, actor } = this.threads[thread]!;
    const { name, call, params } = instance;
    const { state } = this.flight;
    this.steps.push({
      call: name,
      by: call.by,
      params,
      result,
      changes: changes(this.subject.design.state, this.states.at(-1), state),
      thread,
      actor,
      sections: [...sections],
      begins,
      ends: result !== null,
      holds: held.map((one) => this.names.lockText(one)),
      ...(waits === null ? {} : { waits }),
    });
    this.states.push(state);
    this.frames.push(this.flight.frames());
    this.blocked.push(this.blockedNow());
  }
}
