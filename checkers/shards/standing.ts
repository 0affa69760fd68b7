/** Where a search stands between two rounds, as it is written down, so that whoever leads it can be replaced. */
import type { TotalsNow } from "../explore/explored.ts";
import type { Blobs } from "./blobs.ts";
import type { Round } from "./level.ts";

export interface Standing {
  readonly tracking: number;
  /** The first round of the tracking; the next one of all. */
  readonly firstRound: number;
  readonly round: number;
  /** States of the trackings before, and of this one. */
  readonly before: number;
  readonly known: number;
  /** States by level, up to the one that is expanded. */
  readonly levels: readonly number[];
  /** Of that one, how many were expanded; of the next one, the rounds so far. */
  readonly at: number;
  readonly next: readonly Round[];
  /** States of a slice, as its time would have it. */
  readonly inSlice: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface Written {
  readonly standing: Standing;
  readonly totals: TotalsNow;
}

const NAME = "standing";

export async function readStanding(blobs: Blobs): Promise<Written | null> {
  const text = await blobs.read(NAME);
  return text === null ? null : (JSON.parse(Buffer.from(text).toString()) as Written);
}

export async function writeStanding(blobs: Blobs, written: Written): Promise<void> {
  await blobs.write(NAME, Buffer.from(JSON.stringify(written)));
}
