/** Two runs of the same calls: where they part. */
import { oneLine } from "../../checkers/report/clean.ts";
import { beatsOf, beatText } from "../../checkers/report/story.ts";
import { decodeTrace } from "../session/decode.ts";
import type { Moment, Session } from "../session/session.ts";
import type { ShownTrace } from "./shown.ts";

/** The steps of a trace as its file has them, each in a line with what it ended with. Throws InputError. */
export function linesOf({ trace, where }: ShownTrace): string[] {
  const decoded = decodeTrace(trace, where);
  const isAlone = decoded.mode === "sequential";
  return beatsOf(decoded).map((beat) => oneLine(beatText(beat, isAlone)));
}

/** Number of the first step, counted from 1, that one run does or answers otherwise, or that it alone has; null: both are the same. */
export function firstApart(a: readonly string[], b: readonly string[]): number | null {
  const most = Math.max(a.length, b.length);
  for (let i = 0; i < most; i++) if (a[i] !== b[i]) return i + 1;
  return null;
}

/** Where one run is shorter, it stays at its end. */
export function momentAt({ moments }: Session, index: number): Moment {
  return moments[Math.min(index, moments.length - 1)]!;
}

/** Index of the first moment at which the memory is drawn differently; null: at none. */
export function memoryApart(a: Session, b: Session): number | null {
  const most = Math.max(a.moments.length, b.moments.length);
  for (let i = 0; i < most; i++) if (drawn(momentAt(a, i)) !== drawn(momentAt(b, i))) return i;
  return null;
}

/** What is drawn, without what is said of how it came to be so. */
const HISTORY: ReadonlySet<string> = new Set(["changed", "since", "marked"]);

function drawn({ picture: { files, vms } }: Moment): string {
  return JSON.stringify([files, vms], (key, value: unknown) => (HISTORY.has(key) ? undefined : value));
}
