/** What becomes of the mutants of a design: which promise, error or recording tells each from the original, or that none does. */
import type { Difference, Sameness } from "../compare/comparison.ts";
import type { Budget } from "../explore/sweep.ts";
import type { Vector } from "../../spec/language/design.ts";
import type { Judgement, JudgeOptions } from "./judge.ts";
import type { Mutant } from "./mutant.ts";
import type { Survey } from "./survey.ts";

export type Fate =
  /** A promise that the original keeps there is broken, shortest first, or a breach that it is known for is gone. */
  | Extract<Judgement, { kind: "promise" }>
  /** The language finds it to be no model: an undeclared result, a value outside its domain, a lock that is not held, a throw. */
  | Extract<Judgement, { kind: "language" }>
  /** No short run notices, and a real kernel answers otherwise. */
  | Extract<Judgement, { kind: "recording" }>
  /** It behaves as the original wherever it was compared: step by step, or in lockstep. */
  | {
      readonly kind: "equivalent";
      readonly how: "same steps" | "same results";
      readonly at: readonly string[];
      /** Vectors at which it may differ and was not compared: overlaps that are followed no further, profiles. */
      readonly open: readonly string[];
    }
  /** No run comes by its place. */
  | { readonly kind: "not reached" }
  /** It behaves otherwise, and nothing notices. */
  | { readonly kind: "survived"; readonly at: string; readonly difference: Difference | null }
  | { readonly kind: "too big"; readonly why: string; readonly at: string }
  /** The run was stopped before. */
  | { readonly kind: "not judged" };

/** What a thread is asked about one mutant; null where there was no answer in time. */
export interface Asked {
  judge(mutant: number, at: Survey, options: JudgeOptions): Promise<Judgement | null>;
  /** Against recordings; undefined where there are none of the design. */
  readonly play?: (mutant: number) => Promise<Judgement | null | "alive">;
  compare(mutant: number, vector: Vector, budget: Budget): Promise<Sameness | string | null>;
}

/** Two designs have up to so many pairs of states for each state of one. */
const PAIRS = 6;
const MORE_PAIRS = 1_000;

/** Recordings are played behind runs of up to so many transitions: that takes about as long, and tells more than half of all mutants. */
const SHORT = 50_000;
const isShort = ({ transitions }: Survey): boolean => transitions <= SHORT;

const isFull = ({ vector }: Survey): boolean => (vector.track ?? "full") === "full";

/** Cheapest first. What is done at the larger ones is dear: they are for what the others leave open. */
export interface Surveys {
  readonly small: readonly Survey[];
  readonly larger: readonly Survey[];
}

export async function fateOf(
  mutant: Mutant,
  number: number,
  { small, larger }: Surveys,
  asked: Asked,
  options: JudgeOptions,
): Promise<Fate> {
  const judge = new Judge(number, asked, options);
  const endless = small.find((one) => one.endless.includes(mutant.id));
  if (endless !== undefined)
    return { kind: "language", why: "a section that comes to no end", at: endless.key };
  const near = small.filter((one) => one.differs.includes(mutant.id));
  const told = toldAt(near);
  const heard =
    (await judge.at(told.filter(isShort))) ??
    (await judge.recordings()) ??
    (await judge.at(told.filter((one) => !isShort(one))));
  if (heard !== null) return heard;
  // Where it goes otherwise, and all results are the same, larger bounds are not asked.
  const apart = near.filter(isFull);
  const alike = apart.length === 0 ? null : await judge.compared(apart);
  if (alike?.kind === "equivalent") return judge.undecided ?? alike;
  const far = larger.filter((one) => one.differs.includes(mutant.id));
  const late = await judge.at(toldAt(far));
  if (late !== null) return late;
  if (judge.undecided !== null) return judge.undecided;
  const farApart = far.filter(isFull);
  if (apart.length + farApart.length === 0) return neverApart([...small, ...larger], mutant);
  return alike ?? (await judge.compared(farApart));
}

/** No step goes another way where steps were compared. */
function neverApart(surveys: readonly Survey[], { id }: Mutant): Fate {
  const reached = surveys.filter((one) => one.reached.includes(id));
  const keysOf = (some: readonly Survey[]): string[] => some.map(({ key }) => key);
  const [at, open] = [keysOf(reached.filter(isFull)), keysOf(reached.filter((one) => !isFull(one)))];
  if (at.length > 0) return { kind: "equivalent", how: "same steps", at, open };
  return open.length === 0 ? { kind: "not reached" } : { kind: "survived", at: open[0]!, difference: null };
}

/** What is left out of a state may hold anything: such a run is asked where no other comes by. */
function toldAt(surveys: readonly Survey[]): readonly Survey[] {
  return surveys.some(isFull) ? surveys.filter(isFull) : surveys;
}

class Judge {
  /** The first run that was too big to say anything. */
  undecided: Extract<Fate, { kind: "too big" }> | null = null;
  private readonly mutant: number;
  private readonly asked: Asked;
  private readonly options: JudgeOptions;

  constructor(mutant: number, asked: Asked, options: JudgeOptions) {
    this.mutant = mutant;
    this.asked = asked;
    this.options = options;
  }

  /** Null where no run notices the mutant. */
  async at(surveys: readonly Survey[]): Promise<Fate | null> {
    for (const one of surveys) {
      const judgement = await this.asked.judge(this.mutant, one, this.options);
      const fate = judgement ?? overdue(one.key);
      if (fate.kind === "too big") this.undecided ??= fate;
      else if (fate.kind !== "alive") return fate;
    }
    return null;
  }

  async recordings(): Promise<Fate | null> {
    const heard = await this.asked.play?.(this.mutant);
    if (heard === null) this.undecided ??= overdue("the recordings");
    return heard === undefined || heard === null || heard === "alive" ? null : (heard as Fate);
  }

  async compared(differs: readonly Survey[]): Promise<Fate> {
    const same: string[] = [];
    const open: string[] = [];
    for (const { key, vector, states } of differs) {
      const budget = { states: states * PAIRS + MORE_PAIRS, seconds: this.options.seconds, bytes: 1e9 };
      const said = await this.asked.compare(this.mutant, vector, budget);
      if (said === null) return overdue(key);
      if (typeof said !== "string" && said.verdict === "different")
        return { kind: "survived", at: key, difference: said.difference };
      if (typeof said !== "string" && said.verdict === "same") same.push(key);
      else open.push(key);
    }
    if (same.length > 0) return { kind: "equivalent", how: "same results", at: same, open };
    return { kind: "survived", at: open[0]!, difference: null };
  }
}

const overdue = (at: string): Extract<Fate, { kind: "too big" }> => ({
  kind: "too big",
  why: "no answer in time",
  at,
});
