/**
 * What the comparison of two designs says. User space that relies on the first one is the judge: what answered it well and does so no
 * more is a break; what refused it and does so no more is an extension.
 */
import type { Bounds, Mode, Profile } from "../../spec/language/design.ts";
import type { Trace } from "../../spec/language/trace.ts";

/** `compatible`: nothing that worked changed, and nothing new does. `extends`: more works. `breaks`: something that was relied on changed. */
export type Compatibility = "compatible" | "extends" | "breaks";

/** In the order of reports: what breaks user space first. */
export const DIFFERENCE_KINDS = [
  "newly refused",
  "different value",
  "errno changed",
  "promise lost",
  /** Two calls that overlap can end together as they could not before. */
  "outcome gained",
  "newly allowed",
  /** Two calls that overlap can no longer end so. */
  "outcome lost",
  "promise gained",
  "performance class changed",
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** One way in which two designs behave differently, with the shortest traces that show it. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** The call, the promise, or both calls of an overlap: "fallocate", "one-binding-per-offset", "close ∥ fallocate". */
  readonly subject: string;
  /** What the first design answers: "EINVAL", "0", "value 3", "holds", "no such call". */
  readonly from: string;
  /** What the second one answers. */
  readonly to: string;
  /** What this difference alone makes of the second design. */
  readonly compatibility: Compatibility;
  /** The same calls in both designs, up to the one that tells them apart; null where a design has nothing to show, as of a promise that holds. */
  readonly traces: { readonly a: Trace | null; readonly b: Trace | null };
  /** The number of the run that found it, in `runs` of the comparison. */
  readonly run: number;
}

/** Both designs at one vector. */
export interface ComparedRun {
  readonly bounds: Bounds;
  readonly scenario: string;
  readonly tracked: Profile;
  readonly mode: Mode;
  /** The most calls in flight at once. */
  readonly overlap: number;
  /** Whether every pair of states was seen, and every promise decided. */
  readonly complete: boolean;
  /** Why not. */
  readonly reason: string | null;
  /** Pairs of states that the same calls lead to. */
  readonly pairs: number;
  /** Calls that were made in both. */
  readonly transitions: number;
  readonly depth: number;
  /** Overlaps of two calls behind which the comparison does not go on: their results do not tell which states the designs are in. */
  readonly unfollowed: number;
  readonly seconds: number;
}

export interface Comparison {
  /** The names of the designs: what user space relies on, and what it would get. */
  readonly a: string;
  readonly b: string;
  /** What is known so far; that of all behaviour only where the comparison is complete. */
  readonly compatibility: Compatibility;
  readonly complete: boolean;
  readonly reason: string | null;
  readonly differences: readonly Difference[];
  readonly runs: readonly ComparedRun[];
}

/** Whether two designs behave alike at one vector. `incomplete`: no difference was found, and not everything was seen. */
export interface Sameness {
  readonly verdict: "same" | "different" | "incomplete";
  readonly reason: string | null;
  /** Pairs of states that were seen. */
  readonly pairs: number;
  /** The first one, with the shortest traces that show it. */
  readonly difference: Difference | null;
}
