/** What it means that two calls which overlap end as an order of them does: by what the ends are compared, and what the design lets differ. */
import type { AnyDesign, NotAtomic } from "../../spec/language/design.ts";
import type { TrackGroup } from "../../spec/language/domain.ts";
import { outcomeText, sameOutcome, type Outcome } from "../../spec/language/outcome.ts";
import type { Scene } from "../explore/bounded.ts";
import { makeCodec, type Codec } from "../explore/codec.ts";
import { Havoc } from "../explore/havoc.ts";
import { callText } from "../explore/instances.ts";
import type { Instance } from "../explore/sequential.ts";

export type Results = readonly [Outcome, Outcome];

/** Mappings of guests and caches, which may be dropped at any time and be found again. */
export const FLEETING: readonly TrackGroup[] = ["mappings", "caches"];

/** The state but for these. */
export function lasting({ design, sizes }: Scene): Codec {
  return makeCodec(design.state, sizes, { leftOut: FLEETING }, new Havoc(), design.place);
}

/** The design says nothing of how these two calls end when they overlap: in any way. */
export const saysNothing = ({ results, state }: NotAtomic): boolean =>
  results === undefined && state === undefined;

/** A call of one section is its own order. */
export const isAtomic = ({ program }: Instance): boolean => program.parts.length === 1;

/** How two calls ended that overlapped, and how they end in order. */
export function endsText(x: Instance, y: Instance, results: Results, orders: readonly Results[]): string {
  const text = (outcomes: Results): string => `(${outcomes.map(outcomeText).join(", ")})`;
  const ways = [...new Set(orders.map(text))];
  const same = ways.includes(text(results)) ? ", in another state" : "";
  const ends = `${x.name} with ${outcomeText(results[0])}, ${y.name} with ${outcomeText(results[1])}`;
  const inOrder =
    ways.length === 0
      ? "one after the other they cannot both be made"
      : `one after the other they end with ${ways.join(" or ")}${same}`;
  return `${callText(x.name, x.params)} and ${callText(y.name, y.params)} overlap, and end ${ends}; ${inOrder}`;
}

/** Whether the design says that two calls may end with these results though no order of them does. `orders`: how they end in order. */
export function mayEndSo(
  { notAtomic = [] }: AnyDesign,
  [x, y]: readonly [string, string],
  results: Results,
  orders: readonly Results[],
): boolean {
  const isOfAnOrder = orders.some((order) => order.every((outcome, i) => sameOutcome(outcome, results[i]!)));
  return notAtomic.some((declared) => {
    const { calls, results: right, state } = declared;
    const straight = calls[0] === x && calls[1] === y;
    if (!straight && !(calls[0] === y && calls[1] === x)) return false;
    if (saysNothing(declared) || (state === true && isOfAnOrder)) return true;
    return right?.(straight ? results[0] : results[1], straight ? results[1] : results[0]) === true;
  });
}
