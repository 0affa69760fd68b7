/** Plays calls on a design, one after the other, from its initial state. */
import { bounded } from "../checkers/explore/bounded.ts";
import { makeInstance } from "../checkers/explore/sequential.ts";
import { Runner } from "../checkers/trace/run.ts";
import type { AnyDesign, Bounds } from "../spec/language/design.ts";
import type { Outcome } from "../spec/language/outcome.ts";

export type Made = readonly [call: string, params: Readonly<Record<string, unknown>>];

export interface Played {
  /** How each call ended; null for one that cannot be made. */
  readonly results: readonly (Outcome | null)[];
  readonly state: any;
  readonly view: any;
}

export function play(design: AnyDesign, bounds: Bounds, calls: readonly Made[]): Played {
  const { m, sizes } = bounded(design, { bounds });
  const runner = new Runner(design, m, sizes);
  const results = calls.map(([name, params]) => {
    const step = runner.make(makeInstance(name, design.calls[name]!, params, sizes));
    if (runner.bug !== null) throw runner.bug;
    return step === null ? null : step.result;
  });
  return { results, state: runner.state, view: runner.view() };
}
