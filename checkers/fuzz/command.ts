/** A command of fast-check: a number from which a run draws its next step when it gets there, for what can be done depends on where it is. */
import type { AsyncCommand } from "fast-check";

/** A run under way. */
export interface Running {
  /** Nothing more is to be done: it broke a promise, or has come to its end. */
  readonly isOver: boolean;
  step(seed: number): boolean | Promise<boolean>;
}

export class DrawStep implements AsyncCommand<Running, object> {
  private readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
  }

  check({ isOver }: Readonly<Running>): boolean {
    return !isOver;
  }

  async run(running: Running): Promise<void> {
    await running.step(this.seed);
  }

  toString(): string {
    return `step ${this.seed}`;
  }
}
