/**
 * What every machine format renders: cases in suites. A check, a comparison, mutants, random runs, recordings and the gate turn their
 * reports into this; nothing in it is escaped yet, for all texts may be those of somebody's proposal.
 */
import type { Trace } from "../../spec/language/trace.ts";

/** A place in a source file; lines and columns count from 1, `endColumn` is behind the last character. */
export interface SourcePlace {
  /** Relative to the root of the repository with "/" where the file is inside it, and absolute otherwise. */
  readonly file: string;
  readonly line: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

/**
 * `failed`: a promise is broken, or something else is not as it must be. `error`: there is no answer, for the model, the file or the
 * environment is at fault. `expected`: broken, and declared to be. `incomplete`: nothing was found, and not all was seen.
 */
export type CaseStatus = "passed" | "failed" | "error" | "expected" | "skipped" | "incomplete";

/** What a case is judged by: a promise, or a rule of the command. */
export interface Rule {
  /** The name of the promise, or of the rule: "errno-changed". */
  readonly id: string;
  /** The statement in English. */
  readonly says: string;
  /** Where it comes from, or what to do about it. */
  readonly source: string;
  /** Where the promise is declared. */
  readonly place?: SourcePlace;
}

export interface Case {
  /** What was asked: a promise, a call, a file. Unique in its suite. */
  readonly name: string;
  /** What it was asked of: a design. */
  readonly className: string;
  readonly status: CaseStatus;
  /** The kind of failure, a word in JUnit's style: "PromiseBroken", "AbiDifference", "PromiseWeakened". */
  readonly type: string;
  /** One line: what is wrong, or how far a case that is not wrong was asked. */
  readonly message: string;
  /** The text report of the case, of any number of lines; may be empty. */
  readonly details: string;
  readonly rule: Rule;
  /** Where to point: the line that changed, or the declaration. Null where no line is to blame. */
  readonly place: SourcePlace | null;
  /** The way there. */
  readonly trace?: Trace;
  /** Where the calls of the trace are declared, by their names. */
  readonly calls?: Readonly<Record<string, SourcePlace>>;
  /** Files that were written: traces, reproducers. */
  readonly attachments?: readonly string[];
  readonly seconds?: number;
  /** The line to paste that shows it again. */
  readonly rerun: string | null;
}

export interface Suite {
  /** What was run, and how far: a design with its bounds, a stage of the gate. */
  readonly name: string;
  /** Stands for the suite from one run of the tool to the next: the category of SARIF results. */
  readonly id: string;
  readonly cases: readonly Case[];
  readonly seconds?: number;
  /** Numbers and words about the run: states, transitions, depth. */
  readonly properties?: Readonly<Record<string, string | number>>;
}

export interface CaseReport {
  /** "check", "gate", … */
  readonly command: string;
  /** The worst of what was found, in a word: "holds", "violated", "incomplete", "breaks", … */
  readonly verdict: string;
  readonly exitCode: number;
  readonly complete: boolean;
  /** Why it is not complete. */
  readonly reason: string | null;
  /** States that were visited, over all suites; 0 where none are counted. */
  readonly states: number;
  readonly suites: readonly Suite[];
  /** What is to be said beside the cases: one paragraph each. */
  readonly notes: readonly string[];
  /** The line to paste that runs all of it again. */
  readonly rerun: string | null;
}
