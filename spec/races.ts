/** Racing blocks that are made up, for real kernels: what a family of designs offers, so that a checker can draw them and make them smaller. */
import type { Licence } from "./programs.ts";
import type { Header, RaceProgram, RecordedStep } from "./recording.ts";

export interface MadeRace extends RaceProgram {
  /** What meets what, for people. */
  readonly title: string;
}

/** Implemented by a family of designs whose calls can be recorded. */
export interface Races {
  /** How many naturals decide a race. */
  readonly width: number;
  /** The race of some naturals, which may be any; one that a user space can run as it is written. */
  race(header: Header, naturals: readonly number[], licence: Licence): MadeRace;
  /** The step with one argument simpler, again and again until nothing is: an order that has an end. */
  simpler(step: RecordedStep): Iterable<RecordedStep>;
}
