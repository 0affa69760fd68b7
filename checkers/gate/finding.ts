/** What the gate finds: a case as the machine formats render it, with what it counts as, and what would allow it. */
import type { Case } from "../report/cases.ts";
import type { Change, Reached } from "../analyse/change.ts";
import { isAbout, type Allowed, type Decision } from "./decision.ts";

/** What a finding counts as, the worst first. */
export const WORDS = [
  "not comparable",
  "invalid",
  "violated",
  "breaks",
  "weakened",
  "not as pinned",
  "incomplete",
  "vacuous",
] as const;
export type Word = (typeof WORDS)[number];

/** The steps of the gate, in their order. */
export const STAGES = {
  trees: "the trees",
  purity: "purity",
  corpus: "counterexamples",
  promises: "promises",
  abi: "the ABI against the base",
  designs: "designs at quick bounds",
  larger: "larger bounds",
  random: "random runs",
} as const;
export type Stage = keyof typeof STAGES;

export interface Finding extends Case {
  readonly stage: Stage;
  /** Null where nothing is wrong. */
  readonly word: Word | null;
  /** The decision of gate.allow that is about it: "weakened one-binding-per-offset"; null where none can be. */
  readonly decision: { readonly kind: Decision; readonly name: string } | null;
  /** The entry that allows it. */
  readonly decided: Allowed | null;
}

/** A finding as a stage makes it; what is not said is empty. */
export type Draft = Pick<Finding, "stage" | "name" | "className" | "message" | "rule"> &
  Partial<Omit<Finding, "stage" | "decided">>;

/** What was not looked at, or not to its end. */
export interface Undone {
  readonly what: string;
  readonly why: string;
  /** Without it the gate is incomplete; larger bounds and random runs are what the time is good for. */
  readonly isRequired: boolean;
}

/** Everything that was found, and what was left out. */
export class Ledger {
  readonly findings: Finding[] = [];
  /** What is to be said beside the findings. */
  readonly notes: string[] = [];
  readonly undone: Undone[] = [];
  readonly times: Partial<Record<Stage, number>> = {};
  states = 0;
  /** The designs that are looked at, in order. */
  designs: readonly string[] = [];
  private readonly allowed: readonly Allowed[];
  private readonly used = new Set<Allowed>();
  private readonly onFinding: (finding: Finding) => void;

  constructor(allowed: readonly Allowed[], onFinding: (finding: Finding) => void) {
    this.allowed = allowed;
    this.onFinding = onFinding;
  }

  leaveOut(what: string, why: string | null, isRequired = true): void {
    this.undone.push({ what, why: why ?? "stopped", isRequired });
  }

  add(draft: Draft): Finding {
    const { word = null, decision = null } = draft;
    const decided = word === null || decision === null ? null : this.decide(decision.kind, decision.name);
    const empty = { type: "Gate", details: "", place: null, rerun: null };
    const status = draft.status ?? statusOf(word);
    const finding: Finding = {
      ...empty,
      ...draft,
      word: decided === null ? word : null,
      decision,
      decided,
      status: decided === null ? status : "expected",
    };
    this.findings.push(finding);
    this.onFinding(finding);
    return finding;
  }

  /** Whichever was found first: by steps, then in the order of the designs. */
  sort(): void {
    const stages = Object.keys(STAGES);
    const rank = new Map(this.designs.map((name, i) => [name, i]));
    const place = ({ className }: Finding): number => rank.get(className) ?? -1;
    this.findings.sort((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage) || place(a) - place(b));
    this.notes.sort();
    this.undone.sort((a, b) => Number(b.isRequired) - Number(a.isRequired));
  }

  /** The entry that allows something. */
  decide(kind: Decision, name: string): Allowed | null {
    const entry = this.allowed.find((one) => one.kind === kind && isAbout(one, name)) ?? null;
    if (entry !== null) this.used.add(entry);
    return entry;
  }

  /** Decisions that allowed nothing. */
  stale(): readonly Allowed[] {
    return this.allowed.filter((entry) => !this.used.has(entry));
  }

  /** What all findings come to, the worst first. */
  words(): readonly Word[] {
    return WORDS.filter((word) => this.findings.some((finding) => finding.word === word));
  }
}

function statusOf(word: Word | null): Case["status"] {
  if (word === null) return "passed";
  if (word === "incomplete") return "incomplete";
  return word === "not comparable" || word === "invalid" || word === "vacuous" ? "error" : "failed";
}

/** What the gate says in the end. */
export interface GateReport {
  /** What was compared with; null where there is nothing to compare with. */
  readonly base: { readonly ref: string; readonly commit: string } | null;
  /** The working tree; `commit` is null before the first one. */
  readonly head: { readonly commit: string | null; readonly uncommitted: number };
  readonly changes: readonly Change[];
  readonly reached: readonly Reached[];
  readonly findings: readonly Finding[];
  /** Entries of gate.allow that allowed nothing. */
  readonly stale: readonly Allowed[];
  readonly notes: readonly string[];
  readonly undone: readonly Undone[];
  /** "nothing to do", "passed", or what was found, the worst first: "violated, breaks". */
  readonly verdict: string;
  readonly exitCode: number;
  /** Everything was seen that must be seen; larger bounds and random runs need not be. */
  readonly complete: boolean;
  readonly reason: string | null;
  readonly states: number;
  readonly seconds: number;
  /** What of them each step took. */
  readonly times: Readonly<Partial<Record<Stage, number>>>;
  readonly rerun: string | null;
}
