/** A real kernel that can be asked: the one of this machine, one booted in an emulator, or a stand-in of a test. */
import type { Header, RaceProgram, RecordedResult, RecordedStep } from "../../../spec/recording.ts";
import type { Observed } from "../recording.ts";

/** What a race did: what the setup answered, the same in all runs, and how often each joint outcome was seen. */
export interface Raced {
  readonly setup: readonly RecordedResult[];
  readonly observed: readonly Observed[];
}

export interface Kernel {
  /** What it says of itself when it is asked first: its version and what it can do. */
  readonly header: Header;
  /** Where it runs, for messages: "this machine", "QEMU, 7.3.4". */
  readonly where: string;
  /** Runs a program from nothing, step by step, and gives an answer for each. Throws `KernelFailure`; the kernel can be asked again after it. */
  run(steps: readonly RecordedStep[]): Promise<readonly RecordedResult[]>;
  /** Runs a race so many times, each from nothing; `seed` decides the random delays before its steps. Throws `KernelFailure`. */
  race(program: RaceProgram, iterations: number, seed: number): Promise<Raced>;
  /** Ends what was started for it, and leaves nothing running. */
  close(): Promise<void>;
}

/**
 * Why a program has no answers: a call did not come back, what makes the calls died or spoke nonsense, or the kernel complained on its
 * console (a KASAN, lockdep, WARN or oops report).
 */
export type Failing = "hang" | "death" | "garbage" | "splat";

export class KernelFailure extends Error {
  override readonly name = "KernelFailure";
  readonly kind: Failing;
  /** Answers that came before it. */
  readonly answered: readonly RecordedResult[];
  /** What the kernel wrote on its console, or the executor on its standard error: reports, stacks of blocked tasks. */
  readonly console: readonly string[];

  constructor(
    kind: Failing,
    message: string,
    answered: readonly RecordedResult[],
    console: readonly string[],
  ) {
    super(message);
    this.kind = kind;
    this.answered = answered;
    this.console = console;
  }
}

/** The environment lacks something: no /dev/kvm, no permission, no QEMU, no such kernel image. The command ends as skipped. */
export class NotHere extends Error {
  override readonly name = "NotHere";
}
