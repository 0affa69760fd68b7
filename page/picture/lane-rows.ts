/** The rows of the lanes: a step each, or several in one row where nothing happens that others could see. */
import type { Block, Lane, Lanes, Stretch } from "../session/lanes.ts";
import { fit } from "./fit.ts";

/**
 * `step`: one. `alone`: a call from its begin to its end while no other was in flight. `quiet`: sections of a call that change nothing, take
 * and drop no lock, and neither begin nor end it.
 */
type RowKind = "step" | "alone" | "quiet";

export interface RowLine {
  readonly kind: "call" | "section" | "takes" | "drops" | "waits" | "ends" | "more";
  readonly text: string;
  /** How many characters at its beginning are of a call's name. */
  readonly name: number;
}

export interface Row {
  readonly kind: RowKind;
  /** Steps `from` + 1 to `to`, as people count them: from the moment `from` to the moment `to`. */
  readonly from: number;
  readonly to: number;
  /** Index of the lane whose actor ran. */
  readonly lane: number;
  readonly lines: readonly RowLine[];
  readonly changes: number;
  readonly y: number;
  readonly height: number;
}

export const LINE = 16;
const PADDING = 8;

/** A step, with the lane that it is in. */
interface Placed {
  readonly lane: number;
  readonly block: Block;
}

/** Rows from top to bottom. Groups are taken apart where `isWhole`, and where `opened` has the moment that they begin at. */
export function rowsOf(
  { lanes, steps }: Lanes,
  chars: number,
  isWhole: boolean,
  opened: ReadonlySet<number>,
): Row[] {
  const placed: Placed[] = Array.from({ length: steps });
  lanes.forEach((lane, i) => lane.blocks.forEach((block) => (placed[block.from] = { lane: i, block })));
  const rows: Row[] = [];
  let y = 0;
  for (let at = 0; at < steps;) {
    const { kind, to } = isWhole ? single(at) : groupAt(lanes, placed, at);
    const isApart = opened.has(at);
    for (; at < to; at = rows.at(-1)!.to) {
      const row = rowOf(lanes, placed.slice(at, isApart ? at + 1 : to), isApart ? "step" : kind, chars);
      rows.push({ ...row, y });
      y += row.height;
    }
  }
  return rows;
}

/** Row of each moment: that of the step which led there; the start has none, and gets the first. */
export function rowIndices(rows: readonly Row[], steps: number): number[] {
  const indices: number[] = Array.from({ length: steps + 1 }, () => 0);
  rows.forEach((row, i) => {
    for (let moment = row.from + 1; moment <= row.to; moment++) indices[moment] = i;
  });
  return indices;
}

interface Group {
  readonly kind: RowKind;
  readonly to: number;
}

const single = (at: number): Group => ({ kind: "step", to: at + 1 });

function groupAt(lanes: readonly Lane[], placed: readonly Placed[], at: number): Group {
  const alone = aloneUntil(lanes, placed, at);
  if (alone > at + 1 && alone < placed.length) return { kind: "alone", to: alone };
  let to = at;
  // The last step is what the trace is about.
  while (to < placed.length - 1 && isQuiet(lanes, placed[to]!) && isSameCall(placed, at, to)) to++;
  return to > at + 1 ? { kind: "quiet", to } : single(at);
}

/** Where a call that begins here ends, if nobody else is in flight meanwhile; else the moment itself. */
function aloneUntil(lanes: readonly Lane[], placed: readonly Placed[], at: number): number {
  const { lane, block } = placed[at]!;
  if (!block.begins) return at;
  const call = lanes[lane]!.calls.find(({ thread }) => thread === block.thread);
  if (call === undefined || call.isOpen) return at;
  const isAlone = lanes.every(({ calls }) =>
    calls.every((other) => other.thread === call.thread || other.to <= call.from || other.from >= call.to),
  );
  return isAlone ? call.to : at;
}

function isSameCall(placed: readonly Placed[], a: number, b: number): boolean {
  return placed[a]!.block.thread === placed[b]!.block.thread;
}

function isQuiet(lanes: readonly Lane[], { lane, block }: Placed): boolean {
  const { begins, ends, changes, waits, from, to } = block;
  return (
    !begins &&
    !ends &&
    changes === 0 &&
    waits === null &&
    lanes[lane]!.locks.every((lock) => lock.from !== from && (lock.isOpen || lock.to !== to))
  );
}

function rowOf(
  lanes: readonly Lane[],
  placed: readonly Placed[],
  kind: RowKind,
  chars: number,
): Omit<Row, "y"> {
  const [{ lane, block }] = placed as [Placed];
  const last = placed.at(-1)!.block;
  const blocks = placed.map((one) => one.block);
  const lines = {
    step: () => stepLines(lanes[lane]!, block),
    alone: () => aloneLines(block, last, placed.length),
    quiet: () => [line("more", `⋯ ${placed.length} quiet sections`)],
  }[kind]();
  const fitted = lines.flatMap((one) => broken(one, chars));
  return {
    kind,
    from: block.from,
    to: last.to,
    lane,
    lines: fitted,
    changes: blocks.reduce((sum, { changes }) => sum + changes, 0),
    height: Math.max(1, fitted.length) * LINE + PADDING,
  };
}

type Line = Omit<RowLine, "name">;

const line = (kind: Line["kind"], text: string): Line => ({ kind, text });

function broken({ kind, text }: Line, chars: number): RowLine[] {
  let left = kind === "call" ? text.indexOf("(") : 0;
  return fit(text, chars).map((part) => {
    const own = part.trimStart();
    const name = Math.max(0, Math.min(left, own.length));
    left -= name;
    return { kind, text: part, name: name === 0 ? 0 : name + part.length - own.length };
  });
}

function stepLines({ locks }: Lane, block: Block): Line[] {
  const { begins, says, sections, waits, ends, result, from, to } = block;
  const isDropped = (lock: Stretch): boolean => !lock.isOpen && lock.to === to;
  const mine = locks.filter(({ thread }) => thread === block.thread);
  const taken = mine.filter((lock) => lock.from === from && !isDropped(lock));
  const dropped = mine.filter((lock) => lock.from !== from && isDropped(lock));
  const passing = mine.filter((lock) => lock.from === from && isDropped(lock));
  return [
    ...(begins ? [line("call", says)] : []),
    ...sections.map((section) => line("section", section)),
    ...passing.map(({ what }) => line("takes", `± ${what}`)),
    ...taken.map(({ what }) => line("takes", `+ ${what}`)),
    ...dropped.map(({ what }) => line("drops", `− ${what}`)),
    ...(waits === null ? [] : [line("waits", `waits for ${waits}`)]),
    ...(ends && result !== null ? [line("ends", `= ${result}`)] : []),
  ];
}

function aloneLines({ says }: Block, { result }: Block, steps: number): Line[] {
  return [
    line("call", says),
    ...(result === null ? [] : [line("ends", `= ${result}`)]),
    line("more", `⋯ ${steps} steps, undisturbed`),
  ];
}

/** Locks by name, whoever holds them how: "mmu_lock[0] (read)" is "mmu_lock[0]". */
export function lockName(what: string): string {
  return what.replace(/ \((read|write)\)$/, "");
}

/** Every lock that is held somewhere, in the order in which they are first taken. */
export function lockNames({ lanes }: Lanes): string[] {
  const held = lanes.flatMap(({ locks }) => locks).sort((a, b) => a.from - b.from);
  return [...new Set(held.map(({ what }) => lockName(what)))];
}

/** Bars side by side: the least free place of each stretch, and how many places there are. */
export function sideBySide(stretches: readonly Stretch[]): {
  readonly places: readonly number[];
  readonly width: number;
} {
  const ends: number[] = [];
  const places = stretches.map(({ from, to }) => {
    const free = ends.findIndex((end) => end <= from);
    const place = free < 0 ? ends.length : free;
    ends[place] = to;
    return place;
  });
  return { places, width: ends.length };
}
