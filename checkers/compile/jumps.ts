/**
 * Takes the detour out of ways that set a local, meet, and part again by what it is: each goes on at once to where it would have gone.
 *
 * `R: { … var p1 = 0; break R; … var p1 = 1; }  if (p1 === 0) { break B; }` becomes `R: { … break B; … }`.
 */

const TEST = /^if \((p\d+) === (\d+)\) \{$/;
const JUMP = /^break \w+;$/;
const OPEN = /^(\w+): \{$/;
const SET = /^var (p\d+) = /;

/** A block, and the test of a local behind it. */
interface Meeting {
  readonly name: string;
  readonly label: string;
  readonly number: number;
  /** Lines: the block's own, and those of the test. */
  readonly from: number;
  readonly to: number;
  readonly end: number;
  readonly then: string;
  /** Where the others go; null where they go on behind the test. */
  readonly otherwise: string | null;
}

export function withDirectJumps(given: readonly string[]): readonly string[] {
  /** What stands for each line. */
  const lines: (readonly string[])[] = given.map((line) => [line]);
  const uses = usesOf(given);
  for (const meeting of meetings(given)) {
    const ways = waysInto(lines, meeting);
    if (ways === null || uses.get(meeting.name) !== ways.length + 1) continue;
    for (const way of ways) direct(lines, way, meeting);
    for (let at = meeting.to + 1; at <= meeting.end; at++) lines[at] = [];
  }
  return lines.flat();
}

/** By local, the lines that have it. */
function usesOf(lines: readonly string[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const line of lines)
    for (const name of new Set(line.match(/\bp\d+\b/g))) uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}

/** Inner ones come first. */
function* meetings(lines: readonly string[]): Generator<Meeting> {
  const open: number[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.startsWith("}")) {
      const from = open.pop() ?? 0;
      const label = OPEN.exec(lines[from]!)?.[1];
      const meeting = line === "}" && label !== undefined ? behind(lines, from, at, label) : null;
      if (meeting !== null) yield meeting;
    }
    if (line.endsWith("{")) open.push(at);
  }
}

function behind(lines: readonly string[], from: number, to: number, label: string): Meeting | null {
  const test = TEST.exec(lines[to + 1] ?? "");
  const then = lines[to + 2];
  if (test === null || !JUMP.test(then ?? "")) return null;
  const has = { name: test[1]!, number: Number(test[2]), label, from, to, then: then! };
  if (lines[to + 3] === "}") return { ...has, end: to + 3, otherwise: null };
  const [between, otherwise, last] = lines.slice(to + 3, to + 6);
  const isBoth = between === "} else {" && JUMP.test(otherwise ?? "") && last === "}";
  return isBoth ? { ...has, end: to + 5, otherwise: otherwise! } : null;
}

/** Where a way sets the local, to what, and where it then leaves the block: a jump, or the end. */
interface Way {
  readonly set: number;
  readonly number: number;
  readonly leaves: number;
}

/** All ways out of a block to the test; null where it is not plain of one of them what it sets. */
function waysInto(lines: readonly (readonly string[])[], meeting: Meeting): Way[] | null {
  const { name, label, from, to } = meeting;
  const ways: Way[] = [];
  const leaving = new Set<number>();
  for (let at = from + 1; at < to; at++) {
    const [line] = lines[at]!;
    if (line === `break ${label};`) leaving.add(at);
    if (line?.startsWith(`var ${name} = `) !== true) continue;
    const number = /^var p\d+ = (\d+);$/.exec(line)?.[1];
    const leaves = leavesAt(lines, at, meeting);
    if (number === undefined || leaves === null) return null;
    ways.push({ set: at, number: Number(number), leaves });
  }
  const known = new Set(ways.map(({ leaves }) => leaves));
  const isEndKnown = known.has(to) || JUMP.test(lines[to - 1]!.at(-1) ?? "");
  return isEndKnown && [...leaving].every((at) => known.has(at)) ? ways : null;
}

/** Null where something else comes before a way leaves. */
function leavesAt(lines: readonly (readonly string[])[], set: number, { label, to }: Meeting): number | null {
  for (let at = set + 1; at < to; at++) {
    if (lines[at]!.length === 1 && lines[at]![0] === `break ${label};`) return at;
    if (!lines[at]!.every((line) => SET.test(line))) return null;
  }
  return to;
}

function direct(lines: (readonly string[])[], { set, number, leaves }: Way, meeting: Meeting): void {
  const where = number === meeting.number ? meeting.then : meeting.otherwise;
  lines[set] = [];
  if (where !== null) lines[leaves] = leaves === meeting.to ? [where, "}"] : [where];
}
