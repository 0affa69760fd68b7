/** At which vectors two designs are compared where nobody names one: the default ones of either that both can be run at. */
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { vectorKey } from "../explore/pin.ts";
import { UsageError } from "../usage-error.ts";
import { sharedOf } from "./shared.ts";

export interface VectorsOfBoth {
  readonly vectors: readonly Vector[];
  /** Those at which they are not compared, and why. */
  readonly leftOut: readonly { readonly vector: Vector; readonly why: string }[];
}

/** `wanted` picks among the default vectors of a design. */
export function vectorsOfBoth(
  a: AnyDesign,
  b: AnyDesign,
  wanted: (design: AnyDesign) => readonly Vector[] = ({ vectors }) => vectors,
): VectorsOfBoth {
  // What a profile leaves out may differ, so everything is tracked.
  const all = new Map(
    [...wanted(a), ...wanted(b)].map(({ track: _, ...vector }) => [vectorKey(vector), vector]),
  );
  const leftOut: VectorsOfBoth["leftOut"][number][] = [];
  const vectors = [...all.values()].filter((vector) => {
    const why = whyNot(a, b, vector);
    if (why !== null) leftOut.push({ vector, why });
    return why === null;
  });
  return { vectors, leftOut };
}

function whyNot(a: AnyDesign, b: AnyDesign, vector: Vector): string | null {
  try {
    sharedOf(a, b, vector);
    return null;
  } catch (error) {
    // A scenario may be given calls that one of the two refuses.
    if (error instanceof UsageError || error instanceof ModelError) return error.message.split("\n")[0]!;
    throw error;
  }
}
