/** Runs a design with its local sections merged, and with each on its own: what a test compares. */
import { bounded } from "../../checkers/explore/bounded.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { interleave } from "../../checkers/interleave/interleave.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";

export interface Merged {
  /** States in which no call is in flight. */
  readonly quiescent: ReadonlySet<string>;
  /** What was found broken, and what was reached. */
  readonly found: ReadonlySet<string>;
  /** Every call with every result that it had. */
  readonly outcomes: ReadonlySet<string>;
}

export async function exploreMerged(design: AnyDesign, vector: Vector, merges: boolean): Promise<Merged> {
  const subject = bounded(design, vector);
  const quiescent = new Set<string>();
  const explored = await interleave(subject, {
    budget: NO_LIMIT,
    merges,
    onVisited: (_tracking, { log, words, count }) => {
      const shared = words - subject.inFlight;
      for (let index = 0; index < count; index++) {
        const packed = log.subarray(index * words, (index + 1) * words);
        if (packed.subarray(shared).every((frame) => frame === 0))
          quiescent.add(packed.subarray(0, shared).join(","));
      }
    },
  });
  if (!explored.complete) throw new Error(explored.stopped ?? "not complete");
  return { quiescent, found: new Set(explored.found.keys()), outcomes: new Set(explored.outcomes.keys()) };
}
