/** A design in which calls overlap: the search, and then what it cannot ask of a state alone. */
import type { Bounded } from "../explore/bounded.ts";
import { TRACK_ALL } from "../explore/codec.ts";
import { Totals, type Explored } from "../explore/explored.ts";
import type { SearchOptions } from "../explore/sweep.ts";
import { checkEnds } from "./ends.ts";
import { checkOrders } from "./orders.ts";
import { Interleaving } from "./search.ts";

export async function interleave(subject: Bounded, options: SearchOptions): Promise<Explored> {
  const total = new Totals();
  const started = performance.now();
  const search = new Interleaving(subject, options, total, started);
  await search.run();
  options.onVisited?.(TRACK_ALL, search.store);
  total.addLevels(search.levels);
  const stop = (): string | null => search.whyStop(false, false);
  if (total.stopped === null) total.stopped = await checkEnds(search, stop);
  if (total.stopped === null && options.orders !== false) total.stopped = await checkOrders(search, stop);
  return total.explored((performance.now() - started) / 1000);
}
