/**
 * Processes that try mutants: one that grows an array for ever takes down the process that it runs in, threads and all. One that does not answer
 * in time is ended, for a mutant may go round for ever; each is started anew now and then, for what it has loaded stays.
 */
import { fork, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serialize } from "node:v8";
import { UsageError } from "../checkers/usage-error.ts";
import { ModelError } from "../spec/language/verdict.ts";
import type { MutateAnswer, MutateFailure, MutateTask, MutateWork } from "./mutate-worker.ts";

/** Mutants after which a process is started anew. */
const MOST_TASKS = 150;

/** Nothing more is to be begun, and what was begun has been ended. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

const ASK_STOP_MS = 200;

/** A task took longer than it may, or its process with it. */
export class Overdue extends Error {
  override readonly name = "Overdue";
}

/** Whoever tries mutants. */
export interface MutateHands {
  /** How many tasks are worth asking for at once. */
  readonly size: number;
  /** `seconds`: how long it may take; any time when null. `stop`: whether nothing more is to be begun. Throws Overdue, Stopped. */
  run(task: MutateTask, seconds: number | null, stop: () => boolean): Promise<MutateAnswer>;
  close(): Promise<void>;
}

export class MutatePool implements MutateHands {
  /** How many processes there are. */
  readonly size: number;
  private readonly hands: readonly Hand[];
  private readonly idle: Hand[];
  private closed = false;
  private readonly waiting: ((hand: Hand) => void)[] = [];

  constructor(work: MutateWork, workers: number) {
    this.size = workers;
    const file = join(work.folder, "work");
    writeFileSync(file, serialize(work));
    this.hands = Array.from({ length: workers }, () => new Hand(file));
    this.idle = [...this.hands];
  }

  async run(task: MutateTask, seconds: number | null, stop: () => boolean): Promise<MutateAnswer> {
    const hand = this.idle.pop() ?? (await new Promise<Hand>((take) => this.waiting.push(take)));
    try {
      if (this.closed || stop()) throw new Stopped();
      return await hand.run(task, seconds, stop);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(hand);
      else next(hand);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const hand of this.hands) hand.end();
  }
}

function errorOf(failure: MutateFailure): Error {
  if (failure.of === "user") return new UsageError(failure.message);
  if (failure.of === "tool") return new Error(failure.message);
  return ModelError.told(failure.message, failure.place);
}

class Hand {
  /** What its processes are started with. */
  private readonly work: string;
  private child: ChildProcess | null = null;
  private tasks = 0;

  constructor(work: string) {
    this.work = work;
  }

  async run(task: MutateTask, seconds: number | null, stop: () => boolean): Promise<MutateAnswer> {
    if (++this.tasks > MOST_TASKS) this.end();
    this.child ??= this.begin();
    const { child } = this;
    let settle = (): void => {};
    try {
      return await new Promise<MutateAnswer>((resolve, reject) => {
        const end = seconds === null ? Infinity : performance.now() + seconds * 1000;
        const timer = setInterval(() => {
          if (stop()) reject(new Stopped());
          else if (performance.now() > end) reject(new Overdue());
        }, ASK_STOP_MS);
        const onMessage = (message: unknown): void => {
          const { done, failed } = message as { done?: MutateAnswer; failed: MutateFailure };
          if (done === undefined) reject(errorOf(failed));
          else resolve(done);
        };
        const onExit = (code: number | null, signal: string | null): void =>
          reject(
            seconds === null
              ? new Error(`a process of mutate ended with ${signal ?? `code ${code}`} at ${task.kind}`)
              : new Overdue(),
          );
        child.on("message", onMessage).on("error", reject).on("exit", onExit);
        settle = () => {
          clearInterval(timer);
          child.off("message", onMessage).off("error", reject).off("exit", onExit);
        };
        child.send(task);
      });
    } catch (error) {
      settle();
      this.end();
      throw error;
    } finally {
      settle();
    }
  }

  private begin(): ChildProcess {
    const child = fork(new URL("../bin/mutate-worker.mjs", import.meta.url), [this.work], {
      // Reports hold maps and 64-bit numbers.
      serialization: "advanced",
      execArgv: [],
      // What a process that is brought down says is of no use to anybody.
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    return child;
  }

  end(): void {
    this.child?.kill("SIGKILL");
    this.child = null;
    this.tasks = 0;
  }
}
