/** The profile of a run as text: a compact table behind the verdict. */
import type { RunReport } from "../explore/check.ts";
import type { RunProfile } from "../explore/profile.ts";
import { wrap } from "./wrap.ts";

const MOST_CELLS = 12;

export function profileLines({ profile, times, tracked, symmetry }: RunReport): string[] {
  if (profile === undefined) return [];
  return [
    "  profile",
    ...[...totals(profile), seconds(times, profile)].flatMap((line) => wrap(line, "    ")),
    ...callLines(profile, tracked === "full"),
    ...cellLines(profile),
    ...((symmetry?.group.length ?? 0) === 0
      ? []
      : wrap("fields: of the states that stand for those that differ in names, just as they stand", "    ")),
  ];
}

function totals(profile: RunProfile): string[] {
  const { transitionsPerState, successorsPerState, duplicatesPerNew, widest } = profile;
  const each =
    transitionsPerState === null
      ? ""
      : `${ratio(transitionsPerState)} transitions from a state${successorsPerState === null ? "" : `, ${ratio(successorsPerState)} of which change it`}; `;
  const levels = widest.map(({ depth, states }) => `${states} states at depth ${depth}`).join(", ");
  return [
    `${each}${ratio(duplicatesPerNew)} ${profile.calls === null ? "transitions to known states" : "known successors"} for each new state`,
    `a state: ${profile.bitsPerState} bits, packed in ${profile.packedBytesPerState} bytes, ${ratio(profile.bytesPerState)} bytes with the table`,
    `widest levels: ${levels}`,
  ];
}

function seconds(times: RunReport["times"], profile: RunProfile): string {
  return `translation ${times.translateSeconds.toFixed(1)} s, search ${times.searchSeconds.toFixed(1)} s; this profile ${profile.seconds.toFixed(1)} s more`;
}

function callLines({ calls, apart, timed }: RunProfile, isFull: boolean): string[] {
  if (calls === null) return [];
  const rows = [...calls]
    .sort((a, b) => b.transitions - a.transitions || (a.call < b.call ? -1 : 1))
    .map(({ call, instances, transitions, refused, unchanged, known, new: fresh, timeShare }) => {
      const of = isFull ? transitions : known + fresh;
      return [
        call,
        String(instances),
        String(transitions),
        share(refused, transitions),
        unchanged === null ? "-" : share(unchanged, transitions),
        share(known, of),
        share(fresh, of),
        String(fresh),
        `~${share(timeShare, 1)}`,
      ];
    });
  const head = [
    "call",
    "ways to make it",
    "transitions",
    "refused",
    "unchanged",
    "to known",
    "to new",
    "new states",
    "time",
  ];
  const states = timed === 1 ? "1 state" : `${timed} states`;
  return [
    ...table([head, ...rows]),
    ...wrap(
      `time: an estimate, from ${states}, in which each call was run as it is written, not as it is translated`,
      "    ",
    ),
    ...(isFull
      ? []
      : wrap("cells are not tracked: known and new are shares of the states that calls led to", "    ")),
    ...(apart === 0
      ? []
      : wrap(`${apart} transitions, in several ways at once or into a bug, are in no row`, "    ")),
  ];
}

function cellLines({ cells: all }: RunProfile): string[] {
  if (all === null)
    return wrap(
      "which fields multiply the states is not known: they were not kept whole, or there was no memory to count",
      "    ",
    );
  const cells = all.filter(({ bits }) => bits > 0);
  const rows = cells.slice(0, MOST_CELLS).map(({ path, whole, bits, without, factor, isEstimate }) => {
    const about = isEstimate ? "~" : "";
    return [
      `${path}${whole && !path.startsWith("(") ? " (whole)" : ""}`,
      String(bits),
      `${about}${without}`,
      `${about}${factor.toFixed(2)}`,
    ];
  });
  const estimated = cells.slice(0, MOST_CELLS).some(({ isEstimate }) => isEstimate);
  return [
    ...table([["field", "bits", "states without it", "factor"], ...rows]),
    ...(estimated ? wrap("~: an estimate, from a part of those states chosen by hash", "    ") : []),
    ...(cells.length > MOST_CELLS
      ? wrap(
          `${cells.length - MOST_CELLS} further fields multiply by no more than the last one; --format json has them`,
          "    ",
        )
      : []),
  ];
}

function share(part: number, of: number): string {
  return of === 0 ? "-" : `${((100 * part) / of).toFixed(1)}%`;
}

function ratio(n: number): string {
  return n.toFixed(n < 10 ? 2 : 1);
}

/** The first column to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  return rows.map((row) =>
    `    ${row.map((text, c) => (c === 0 ? text.padEnd(widths[c]!) : text.padStart(widths[c]!))).join("  ")}`.trimEnd(),
  );
}
