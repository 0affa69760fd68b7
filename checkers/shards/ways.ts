/**
 * Ways to states of a search over many machines. Which slice came upon a state first is known, so that of each level that one slice is expanded
 * again, for all that is wanted from it at once.
 */
import { follow, type Step } from "../explore/trail.ts";
import type { Blobs } from "./blobs.ts";
import { levelBlob, pieceOf, readLevel, readStates } from "./level.ts";
import type { Doer, SeekTask } from "./tasks.ts";

interface Search {
  readonly blobs: Blobs;
  readonly doer: Doer;
  readonly tracking: number;
  readonly width: number;
  /** States by level. */
  readonly levels: readonly number[];
}

/** The calls that lead to each of some states, by their numbers among all. */
export async function waysTo(search: Search, states: readonly number[]): Promise<number[][]> {
  const steps = new Map<number, Step>();
  let end = search.levels.reduce((sum, n) => sum + n, 0);
  const left = [...states].sort((a, b) => a - b);
  let sought: number[] = [];
  for (let level = search.levels.length - 1; level > 0; level--) {
    const first = end - search.levels[level]!;
    const here = sought.map((state) => steps.get(state)!.from);
    while (left.length > 0 && left.at(-1)! >= first) here.push(left.pop()!);
    sought = [...new Set(here)];
    if (sought.length > 0) await seek(search, level, first, sought, steps);
    end = first;
  }
  return states.map((state) => follow(steps, state));
}

/** How each of these states of a level was come by. */
async function seek(
  { blobs, doer, tracking, width, levels }: Search,
  level: number,
  first: number,
  sought: readonly number[],
  steps: Map<number, Step>,
): Promise<void> {
  const rounds = await readLevel(blobs, levelBlob(tracking, level));
  const bySlice = new Map<string, { task: SeekTask; states: number[]; wanted: number[][] }>();
  const before = first - levels[level - 1]!;
  for (const state of sought) {
    const at = state - first;
    const { round, slice } = pieceOf(rounds, at);
    const wanted: number[][] = [];
    const task: SeekTask = {
      kind: "seek",
      tracking,
      level: levelBlob(tracking, level - 1),
      levelFirst: before,
      first: round.bounds[slice]!,
      end: round.bounds[slice + 1]!,
      wanted,
    };
    const key = `${round.number} ${slice}`;
    const one = bySlice.get(key) ?? { task, states: [], wanted };
    bySlice.set(key, one);
    one.states.push(state);
    one.wanted.push([...(await readStates(blobs, rounds, width, at, at + 1)).words]);
  }
  const all = [...bySlice.values()];
  const answers = await doer.all(all.map(({ task }) => task));
  all.forEach(({ states }, i) =>
    states.forEach((state, k) => {
      const { from, via } = answers[i]!.steps[k]!;
      steps.set(state, { from: before + from, via });
    }),
  );
}
