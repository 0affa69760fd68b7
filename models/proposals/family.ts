/** A family: the designs of one discussion, the bugs that it knew as mutants, and what was objected to in it. */
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Mutant } from "../mutants/mutant.ts";

/** A promise of a design, by its name. */
export interface Claim {
  readonly design: AnyDesign;
  readonly promise: string;
}

/** An argument of a mail, executable. */
export interface Objection {
  /** The argument, in a sentence. */
  readonly says: string;
  readonly by: string;
  /** Of the mail in which it was raised: its subject line as it stands, and its date, as 2023-01-17. */
  readonly subject: string;
  readonly date: string;
  /** What it was raised against: the design breaks the promise. */
  readonly against: Claim;
  /** What answers it: the design keeps the promise. */
  readonly answer: Claim;
}

export interface Family {
  /** What was discussed, in a few words: the heading of its part of the table. */
  readonly title: string;
  /** The discussion: subject and date. */
  readonly source: string;
  /** Designs that are no mutants; what they break is in their `knownBreaches`. */
  readonly designs: readonly AnyDesign[];
  readonly mutants: readonly Mutant[];
  readonly objections: readonly Objection[];
  /** Why a common promise is not asked of any design of the family: its name, and the reason. */
  readonly silent: Readonly<Record<string, string>>;
  /** The same of one design alone, by its name. */
  readonly silentOf?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
