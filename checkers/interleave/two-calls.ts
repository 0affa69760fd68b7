/** Two calls that overlap from a quiescent state: every way in which they can end, with the moves that lead there. */
import { disabled } from "../../spec/language/call.ts";
import { NO_DEADLOCK } from "../../spec/language/kernel-bug.ts";
import type { Outcome } from "../../spec/language/outcome.ts";
import { isBlocked } from "./advance.ts";
import { outcomeKey, type Frame } from "./frame.ts";
import type { Interleaving } from "./search.ts";

interface Done {
  readonly ended: Outcome;
}
type At = Frame | Done | null;

/** How far the two have come. */
interface Point {
  readonly packed: Int32Array;
  /** Frames of the two, or the results that they ended with; null before they begin. */
  readonly at: readonly [At, At];
  readonly moves: readonly number[];
  /** Whose moves they are. */
  readonly turns: readonly (0 | 1)[];
}

export interface EndOfTwo extends Pick<Point, "packed" | "moves" | "turns"> {
  /** Null where they ran into a bug of the kernel. */
  readonly results: readonly [Outcome, Outcome] | null;
  /** The promise that the bug breaks. */
  readonly breaks: string | null;
}

/**
 * From the state packed at `start`, which the search need not know. With `inOrder`, the second call may also begin when the first has ended: who does
 * not know whether they overlap meets these ends, too.
 */
export function* endsOfTwo(
  search: Interleaving,
  start: Int32Array,
  a: number,
  b: number,
  inOrder = false,
): Generator<EndOfTwo> {
  const { codec } = search;
  const n = search.subject.instances.length;
  const points: Point[] = [{ packed: start.slice(0, codec.words), at: [null, null], moves: [], turns: [] }];
  const seen = new Set<string>();
  const ks = [a, b] as const;
  for (const { packed, at, moves, turns } of points) {
    if (isEnd(at[0]) && isEnd(at[1])) {
      yield { packed, moves, turns, results: [at[0].ended, at[1].ended], breaks: null };
      continue;
    }
    let moved = 0;
    for (const who of [0, 1] as const) {
      const mine = at[who];
      if (isEnd(mine)) continue;
      const other = at[1 - who]!;
      const others = other === null || isEnd(other) ? [] : [other];
      // One after the other is no overlap.
      if (mine === null && other !== null && isEnd(other) && !inOrder) continue;
      codec.unpack(packed, 0);
      const step = mine === null ? search.tryStart(ks[who], others) : search.tryAdvance(mine, others);
      const move = mine === null ? ks[who] : mine.id + n;
      const way = { moves: [...moves, move], turns: [...turns, who] };
      if (step === null) {
        moved++;
        yield { packed, ...way, results: null, breaks: search.caught!.breaks.name };
        continue;
      }
      if (step === disabled || isBlocked(step)) continue;
      moved++;
      const after = new Int32Array(codec.words);
      codec.pack(codec.draft, after, 0);
      const now: Frame | Done = step.frame ?? { ended: step.outcome! };
      const then = others.length === 0 ? other : step.others[0]!;
      const next = (who === 0 ? [now, then] : [then, now]) as Point["at"];
      const key = `${after.join(",")} ${pointKey(next[0])} ${pointKey(next[1])}`;
      if (seen.has(key)) continue;
      seen.add(key);
      points.push({ packed: after, at: next, ...way });
    }
    if (moved === 0 && at[0] !== null && at[1] !== null)
      yield { packed, moves, turns, results: null, breaks: NO_DEADLOCK.name };
  }
}

function isEnd(at: At): at is Done {
  return at !== null && "ended" in at;
}

function pointKey(at: At): string {
  if (at === null) return "-";
  return isEnd(at) ? `=${outcomeKey(at.ended)}` : String(at.id);
}
