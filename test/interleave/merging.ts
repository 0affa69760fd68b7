/** Runs a design with its local sections merged, and with each on its own: what a test compares. */
import { bounded } from "../../checkers/explore/bounded.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { interleave } from "../../checkers/interleave/interleave.ts";
import { pins } from "../../models/pins.ts";
import { registry } from "../../models/registry.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";

/** Merged states up to which a run is compared in npm test; of the last version, twice as many. */
const SMALL = 2_600;
const LAST = "guest-memfd-7.3";

/** Runs of the registry in which calls overlap, by whether they are small, and their states. */
export function overlapsOf(isWanted: (isSmall: boolean, states: number) => boolean) {
  return registry.flatMap(({ design }) =>
    design.vectors
      .filter((vector) => vector.mode === "overlap")
      .filter((vector) => {
        const { states } = pins[design.name]![vectorKey(vector)]!;
        return isWanted(states <= (design.name === LAST ? 2 * SMALL : SMALL), states);
      })
      .map((vector) => ({ name: `${design.name}: ${vectorKey(vector)}`, design, vector })),
  );
}

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
