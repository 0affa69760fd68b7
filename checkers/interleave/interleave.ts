/** A design in which calls overlap: the search, and then what it cannot ask of a state alone. */
import type { Bounded } from "../explore/bounded.ts";
import { TRACK_ALL } from "../explore/codec.ts";
import { Totals, type Explored } from "../explore/explored.ts";
import type { SearchOptions } from "../explore/sweep.ts";
import { UsageError } from "../usage-error.ts";
import { checkEnds } from "./ends.ts";
import { checkOrders } from "./orders.ts";
import { Interleaving } from "./search.ts";

/** What runs calls that overlap: as they are written, or compiled. */
export interface Overlaps {
  readonly search: Interleaving;
  /** Behind the search: calls that never end, and those that no order explains. Why it stopped before its end; null when it did not. */
  checkEnds(stop: () => string | null): Promise<string | null>;
  checkOrders(stop: () => string | null): Promise<string | null>;
}

export type MakeOverlaps = (
  subject: Bounded,
  options: SearchOptions,
  total: Totals,
  started: number,
) => Overlaps;

export const asWritten: MakeOverlaps = (...given) => overlapsOf(new Interleaving(...given));

export function overlapsOf(search: Interleaving): Overlaps {
  return {
    search,
    checkEnds: (stop) => checkEnds(search, stop),
    checkOrders: (stop) => checkOrders(search, stop),
  };
}

export async function interleave(
  subject: Bounded,
  options: SearchOptions,
  make: MakeOverlaps = asWritten,
): Promise<Explored> {
  for (const option of ["checkpoint", "resume", "compaction"] as const) {
    if (options[option] !== undefined && options[option] !== false)
      throw new UsageError(`--${option} is for sequential runs; this one has mode ${subject.mode}`);
  }
  const total = new Totals();
  const started = performance.now();
  const overlaps = make(subject, options, total, started);
  const { search } = overlaps;
  try {
    await search.run();
    options.onVisited?.(TRACK_ALL, search.store);
    total.addLevels(search.levels);
    const stop = (): string | null => search.whyStop();
    if (total.stopped === null) total.stopped = await overlaps.checkEnds(stop);
    if (total.stopped === null && options.orders !== false) total.stopped = await overlaps.checkOrders(stop);
    search.settle();
  } finally {
    search.close();
  }
  return total.explored((performance.now() - started) / 1000);
}
