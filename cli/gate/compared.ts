/** What a gate is asked, and what it has to look at. */
import type { Change, Reached } from "../../checkers/analyse/change.ts";
import type { Finding } from "../../checkers/gate/finding.ts";
import type { Rule } from "../../checkers/report/cases.ts";
import type { Deadline } from "./budget.ts";
import type { Designs } from "./designs.ts";
import type { Trees } from "./trees.ts";

export interface GateOptions {
  readonly base: string;
  /** A folder for verdicts; null for that of the project. */
  readonly cache: string | null;
  readonly workers: number | undefined;
  /** Whether designs that are derived from one that fails are looked at, too. */
  readonly keepGoing: boolean;
  readonly deadline: Deadline;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (text: string) => void;
}

/** What both trees are, and what differs. */
export interface Compared {
  readonly trees: Trees;
  readonly head: Designs;
  readonly base: Designs | null;
  readonly changes: readonly Change[];
  readonly reached: readonly Reached[];
}

export const COMPARABLE: Rule = {
  id: "comparable",
  says: "both trees are there, and load",
  source: "git, and the imports of models",
};
