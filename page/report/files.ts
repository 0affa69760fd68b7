/** The reports as their published schemas describe them (schemas/), as far as a page shows them. */
import type { Mode, Profile } from "../../spec/language/design.ts";
import type { Certificate } from "../../spec/language/trace.ts";
import type { Verdict } from "../../spec/language/verdict.ts";

type Bounds = Readonly<Record<string, number | string>>;
/** A trace as JSON has it: gmemcheck-trace/1. */
export type TraceFile = Readonly<Record<string, unknown>>;

export interface CheckFile {
  readonly results: readonly {
    readonly design: string;
    readonly bounds: Bounds;
    readonly scenario: string;
    readonly tracked: Profile;
    readonly mode: Mode;
    /** The most calls in flight at once; absent where calls do not overlap. */
    readonly overlap?: number;
    readonly verdict: Verdict;
    readonly complete: boolean;
    readonly reason?: string;
    readonly states: number;
    readonly transitions: number;
    readonly depth: number;
    /** New states at each depth. */
    readonly levels: readonly number[];
    readonly seconds: number;
    readonly properties: readonly {
      readonly name: string;
      readonly kind: "always" | "sometimes" | "step";
      readonly verdict: Verdict | "undecided" | "not applicable";
      readonly steps?: number;
      readonly known?: { readonly property: string; readonly says: string; readonly source: string };
      readonly trace?: TraceFile;
    }[];
  }[];
  readonly designs: readonly {
    readonly design: string;
    readonly verdict: Verdict;
    readonly vacuous?: readonly string[];
    readonly untried: readonly string[];
    /** call → result → times; 0: never. */
    readonly coverage?: Readonly<Record<string, Readonly<Record<string, number>>>>;
    /** call → section → times it ran; 0: never. Where it was asked for. */
    readonly sections?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  }[];
}

export interface FuzzFile {
  readonly results: readonly {
    readonly design: string;
    readonly seed: number;
    readonly vectors: readonly {
      readonly bounds: Bounds;
      readonly scenario: string;
      readonly mode: Mode;
      readonly overlap: number;
      readonly tracked: Profile;
    }[];
    readonly runs: number;
    readonly calls: number;
    readonly stopped?: string;
    readonly stored: readonly {
      readonly file: string;
      readonly property: string;
      readonly broken: boolean;
    }[];
    readonly findings: readonly {
      readonly property: string;
      readonly known: boolean;
      readonly path: string;
      readonly calls: number;
      readonly shrunkFrom?: number;
      readonly steps?: number;
      readonly certificate?: Certificate | null;
      readonly trace?: TraceFile;
    }[];
    /** "mmap:EINVAL", or the name of a `sometimes`. */
    readonly reached: readonly { readonly goal: string; readonly times: number }[];
    readonly neverReached: readonly string[];
    readonly unmet: readonly string[];
    readonly classes: number;
  }[];
}

export type Fate =
  | "promise"
  | "language"
  | "recording"
  | "survived"
  | "equivalent"
  | "too big"
  | "not reached"
  | "not judged"
  | "explained";
type Counts = Readonly<Record<Fate, number>>;

export interface MutateFile {
  readonly design: string;
  readonly complete: boolean;
  readonly reason: string | null;
  readonly score: { readonly killed: number; readonly of: number };
  readonly counts: Counts;
  readonly operators: Readonly<Record<string, Counts>>;
  readonly vectors: readonly { readonly key: string; readonly states: number }[];
  readonly leftOut: readonly string[];
  /** promise → mutants that it killed */
  readonly kills: Readonly<Record<string, number>>;
  readonly silent: readonly string[];
  readonly mutants: readonly {
    readonly id: string;
    readonly operator: string;
    readonly file: string;
    readonly line: number;
    readonly before: string;
    readonly after: string;
    readonly explained?: string;
    readonly fate: {
      readonly kind: Exclude<Fate, "explained">;
      readonly at?: string | readonly string[];
      readonly why?: string;
      readonly difference?: { readonly subject: string; readonly from: string; readonly to: string } | null;
    };
  }[];
}

export interface GateFile {
  readonly verdict: string;
  readonly exitCode: number;
  readonly complete: boolean;
  readonly reason: string | null;
  readonly base: { readonly ref: string; readonly commit: string } | null;
  readonly head: { readonly commit: string | null; readonly uncommitted: number };
  readonly changes: readonly {
    readonly kind: string;
    readonly name: string;
    readonly did: string;
    readonly file: string;
    readonly line: number;
  }[];
  readonly reached: readonly { readonly name: string; readonly did: string }[];
  readonly findings: readonly {
    readonly stage: string;
    readonly name: string;
    readonly of: string;
    readonly status: "passed" | "failed" | "error" | "expected" | "skipped" | "incomplete";
    /** What it counts as; null where nothing is wrong. */
    readonly word: string | null;
    readonly message: string;
    readonly details: string;
    readonly rule: { readonly says: string; readonly source: string };
    readonly place: { readonly file: string; readonly line: number } | null;
    readonly trace: TraceFile | null;
    readonly decision: { readonly kind: string; readonly name: string } | null;
    readonly decided: { readonly reason: string } | null;
  }[];
  readonly stale: readonly { readonly kind: string; readonly name: string; readonly line: number }[];
  readonly undone: readonly { readonly what: string; readonly why: string; readonly isRequired: boolean }[];
  readonly notes: readonly string[];
  readonly states: number;
}

export interface DiffFile {
  /** What user space relies on, and what it would get. */
  readonly a: string;
  readonly b: string;
  readonly compatibility: Compatibility;
  readonly complete: boolean;
  readonly reason: string | null;
  readonly runs: readonly {
    readonly bounds: Bounds;
    readonly scenario: string;
    readonly tracked: Profile;
    readonly mode: Mode;
    readonly overlap: number;
    readonly complete: boolean;
    readonly reason: string | null;
    readonly pairs: number;
    readonly transitions: number;
    readonly depth: number;
  }[];
  readonly notCompared: readonly { readonly scenario: string; readonly why: string }[];
  readonly differences: readonly Difference[];
}

export type Compatibility = "compatible" | "extends" | "breaks";

export interface Difference {
  readonly kind: string;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly compatibility: Compatibility;
  readonly traces: { readonly a: TraceFile | null; readonly b: TraceFile | null };
}

/** States over bounds, as bench/growth.json has them. */
export interface GrowthFile {
  readonly scenario: string;
  readonly cells: readonly {
    readonly design: string;
    /** What differs from the defaults. */
    readonly bounds: Bounds;
    readonly track: string;
    /** Absent where the run was not exhausted. */
    readonly states?: number;
    readonly incomplete?: boolean;
  }[];
}
