/** Verdicts as a page says them: a sign and a word, so that none is told by its colour alone. */
import type { Verdict } from "../../spec/language/verdict.ts";

export type Word = Verdict | "undecided" | "not applicable" | "reached" | "never reached";

interface Said {
  readonly sign: string;
  /** What it means, for the legend. */
  readonly means: string;
  /** How it is coloured, beside its sign. */
  readonly tone: "good" | "bad" | "open" | "none";
}

export const SAID: Readonly<Record<Word, Said>> = {
  invalid: { sign: "!", means: "the design is no valid model", tone: "bad" },
  violated: { sign: "✗", means: "broken; a trace shows how", tone: "bad" },
  incomplete: { sign: "…", means: "not everything was searched, and nothing was found", tone: "open" },
  vacuous: { sign: "∅", means: "no run came to where it would say something", tone: "open" },
  holds: { sign: "✓", means: "holds in all states within the bounds of the runs that ask it", tone: "good" },
  reached: { sign: "✓", means: "was reached, as it should be possible", tone: "good" },
  "never reached": { sign: "∅", means: "was reached by no run", tone: "open" },
  undecided: {
    sign: "?",
    means: "nothing asked for it in any run, or the runs do not track what it needs",
    tone: "none",
  },
  "not applicable": { sign: "–", means: "the design has nothing that it speaks of", tone: "none" },
};

/** Worst first. */
const ORDER = [
  "invalid",
  "violated",
  "incomplete",
  "vacuous",
  "holds",
  "undecided",
  "not applicable",
] as const satisfies readonly Word[];

/** Of several runs: the worst that one says, and only where no run says anything, that. */
export function worstWord(verdicts: readonly Word[]): Word {
  return ORDER.find((word) => verdicts.includes(word)) ?? "undecided";
}
