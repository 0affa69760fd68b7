/** Exit codes: the only place that knows them. */
import type { Word } from "../checkers/gate/finding.ts";
import { WORST_FIRST, type Verdict } from "../spec/language/verdict.ts";

export const EXIT = {
  /** Everything is as expected, and the space is exhausted. */
  asExpected: 0,
  /** A property is violated, a kernel disagrees, or a pinned verdict changed. */
  violated: 1,
  usage: 2,
  incomplete: 3,
  /** The environment lacks something. */
  skipped: 4,
  /** The model is invalid or vacuous. */
  model: 5,
  /** A fault of this tool. */
  internal: 255,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const OF_VERDICT: Readonly<Record<Verdict, ExitCode>> = {
  invalid: EXIT.model,
  violated: EXIT.violated,
  incomplete: EXIT.incomplete,
  vacuous: EXIT.model,
  holds: EXIT.asExpected,
};

/** The code of the worst of several verdicts. */
export function exitOf(verdicts: readonly Verdict[]): ExitCode {
  return OF_VERDICT[WORST_FIRST.find((verdict) => verdicts.includes(verdict)) ?? "holds"];
}

/** The code of a process that a signal ended: 130 for SIGINT, 143 for SIGTERM. */
export const signalExit = (signal: NodeJS.Signals): number => (signal === "SIGTERM" ? 143 : 130);

const OF_WORD: Readonly<Record<Word, ExitCode>> = {
  "not comparable": EXIT.usage,
  invalid: EXIT.model,
  violated: EXIT.violated,
  breaks: EXIT.violated,
  weakened: EXIT.violated,
  "not as pinned": EXIT.violated,
  incomplete: EXIT.incomplete,
  vacuous: EXIT.model,
};

/** The code of a gate: that of the worst of its findings, which come in that order. */
export function gateExit([worst]: readonly Word[], isIncomplete: boolean): ExitCode {
  if (worst === undefined || worst === "vacuous")
    return isIncomplete ? EXIT.incomplete : worst === undefined ? EXIT.asExpected : EXIT.model;
  return OF_WORD[worst];
}
