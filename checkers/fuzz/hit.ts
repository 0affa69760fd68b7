/** What a random run came upon, as it is handed over to be shrunk. */
import type { AnyDesign, Bounds, GivenCall, Mode } from "../../spec/language/design.ts";
import type { Breach } from "../../spec/language/trace.ts";

interface AnyHit {
  readonly design: AnyDesign;
  /** All that the run was at; a bound that is absent has the design's default. */
  readonly bounds: Bounds;
  /** Where the run began, and what it was restricted to: the name of a scenario of the design, or "everything". */
  readonly scenario: string;
  /** What is broken at the end of the last call or step. */
  readonly breach: Breach;
}

/** Calls one after the other, each of which could be made. */
export interface CallsHit extends AnyHit {
  readonly mode: "sequential";
  readonly calls: readonly GivenCall[];
}

/** Calls that overlap. */
export interface RaceHit extends AnyHit {
  readonly mode: Exclude<Mode, "sequential">;
  /** The most calls in flight at once. */
  readonly overlap: number;
  /** In the order in which they begin. */
  readonly calls: readonly GivenCall[];
  /**
   * Who takes the next step (interleave/schedule.ts): n from 0 on begins `calls[n]`, and calls begin in their order; -1 - n lets the call
   * n go on. Local sections run in one go with the one before them.
   */
  readonly schedule: readonly number[];
  /** How many steps at the end go round for ever: the loop of a lasso, for `calls-end`. */
  readonly loop?: number;
}

export type Hit = CallsHit | RaceHit;
