/** Random runs of calls one after the other. */
import { disabled } from "../../spec/language/call.ts";
import type { GivenCall } from "../../spec/language/design.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { outcomeName } from "../../spec/language/outcome.ts";
import type { Breach } from "../../spec/language/trace.ts";
import { runWithLocks, type Ended, type Instance } from "../explore/sequential.ts";
import { isDeclared, undeclared } from "../explore/stepper.ts";
import type { Ground } from "./ground.ts";
import { Random } from "./random.ts";
import { Steering, type Course } from "./steering.ts";

/** Calls that are tried before a step is given up: most do nothing. */
const TRIES = 24;

/** Steps given up in a row before a run is: its state has nothing more to do. */
const PATIENCE = 3;

export class Walk {
  /** The calls that changed something, and behind them the one that broke a promise. */
  readonly calls: GivenCall[] = [];
  /** What the last call broke. */
  breach: Breach | null = null;
  private idle = 0;
  private readonly ground: Ground;
  private readonly steering: Steering;

  constructor(ground: Ground, course: Course) {
    this.ground = ground;
    this.steering = new Steering(ground, course);
    ground.board.reset();
  }

  get isOver(): boolean {
    return this.breach !== null || this.idle >= PATIENCE;
  }

  /**
   * Makes one call that changes the state, of those that a seed draws; those before it that are refused change nothing, and are left out
   * of the run. False where none does.
   */
  step(seed: number): boolean {
    const random = new Random(seed);
    this.steering.atNewState();
    for (let tries = 0; tries < TRIES; tries++) {
      const instance = this.steering.draw(random);
      if (instance === null) continue;
      if (!this.make(instance, random)) continue;
      this.idle = 0;
      return true;
    }
    this.idle++;
    return false;
  }

  /** Whether the call changed the state or broke a promise. */
  private make(instance: Instance, random: Random): boolean {
    const { board, asking, coverage } = this.ground;
    this.ground.calls++;
    const ended = this.run(instance);
    if (ended === null) return this.breach !== null;
    if (ended === disabled) {
      board.undo();
      return false;
    }
    if (!isDeclared(instance, ended)) throw undeclared(instance, outcomeName(ended));
    const changed = board.settle();
    coverage.note(instance.name, outcomeName(ended), board.marks);
    this.breach = asking.ofStep(instance, ended, board.before, board.now, changed);
    if (changed) this.breach ??= asking.ofState(board.now.view, false);
    if (!changed && this.breach === null) return false;
    if (this.breach === null && this.steering.isSpared(board.loss(), random)) {
      board.back();
      return false;
    }
    this.push(instance);
    return true;
  }

  /** Null where it ran into a bug of the kernel. */
  private run(instance: Instance): Ended | null {
    const { board, scene, asking } = this.ground;
    try {
      return runWithLocks(instance, board.draft, scene.m);
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error;
      this.breach = asking.ofBug(error);
      if (this.breach !== null) this.push(instance);
      board.restore();
      return null;
    }
  }

  private push(instance: Instance): void {
    this.calls.push({ call: instance.name, params: instance.params });
    this.steering.made(instance);
  }
}
