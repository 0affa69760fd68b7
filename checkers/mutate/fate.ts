/** What becomes of the mutants of a design: which promise, error or recording tells each from the original, or that none does. */
import type { Difference, Sameness } from "../compare/comparison.ts";
import type { Budget } from "../explore/sweep.ts";
import type { Vector } from "../../spec/language/design.ts";
import type { Judgement, JudgeOptions } from "./judge.ts";
import type { Mutant } from "./mutant.ts";
import type { Survey } from "./survey.ts";

export type Fate =
  /** A promise that the original keeps there is broken: by which, worst first, and in how many steps. */
  | Extract<Judgement, { kind: "promise" }>
  /** The language finds it to be no model: an undeclared result, a value outside its domain, a lock that is not held, a throw. */
  | Extract<Judgement, { kind: "language" }>
  /** No promise notices, and a real kernel answers otherwise. */
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

const isFull = ({ vector }: Survey): boolean => (vector.track ?? "full") === "full";
const overdue = (at: string): Fate => ({ kind: "too big", why: "no answer in time", at });

/** `surveys`: cheapest first. */
export async function fateOf(
  { id }: Mutant,
  number: number,
  surveys: readonly Survey[],
  asked: Asked,
  options: JudgeOptions,
): Promise<Fate> {
  const reached = surveys.some((one) => one.reached.includes(id));
  const differs = surveys.filter((one) => one.differs.includes(id));
  // What is left out may hold anything: such a run is asked where no other comes by.
  const telling = differs.some(isFull) ? differs.filter(isFull) : differs;
  for (const at of telling) {
    const judgement = await asked.judge(number, at, options);
    if (judgement === null) return overdue(at.key);
    if (judgement.kind !== "alive") return judgement as Fate;
  }
  const heard = await asked.play?.(number);
  if (heard === null) return overdue("the recordings");
  if (heard !== undefined && heard !== "alive") return heard as Fate;
  if (!reached) return { kind: "not reached" };
  if (differs.length === 0)
    return {
      kind: "equivalent",
      how: "same steps",
      at: surveys.filter(isFull).map(({ key }) => key),
      open: [],
    };
  return compared(number, differs, asked, options);
}

async function compared(
  number: number,
  differs: readonly Survey[],
  asked: Asked,
  { seconds }: JudgeOptions,
): Promise<Fate> {
  const same: string[] = [];
  const open: string[] = [];
  for (const { key, vector, states } of differs) {
    const budget = { states: states * PAIRS + MORE_PAIRS, seconds, bytes: 1e9 };
    const said = vector.track === undefined ? await asked.compare(number, vector, budget) : "a profile";
    if (said === null) return overdue(key);
    if (typeof said !== "string" && said.verdict === "different")
      return { kind: "survived", at: key, difference: said.difference };
    if (typeof said !== "string" && said.verdict === "same") same.push(key);
    else open.push(key);
  }
  if (same.length > 0) return { kind: "equivalent", how: "same results", at: same, open };
  return { kind: "survived", at: open[0]!, difference: null };
}
