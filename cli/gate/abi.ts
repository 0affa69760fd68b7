/** Affected designs against what the base has of them: what their users would notice. */
import { compareDesigns } from "../../checkers/compare/compare.ts";
import type { Comparison, Difference } from "../../checkers/compare/comparison.ts";
import { vectorsOfBoth } from "../../checkers/compare/vectors.ts";
import type { Ledger } from "../../checkers/gate/finding.ts";
import { callPlaces, type Locate } from "../../checkers/report/blame.ts";
import type { Rule } from "../../checkers/report/cases.ts";
import { callsText } from "../../checkers/report/explain.ts";
import { count } from "../../checkers/report/text.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import { budgetFrom } from "../arguments.ts";
import { vectorsFor } from "../vectors.ts";
import { changedPlace, type Affected } from "./affected.ts";

export interface AbiOptions {
  readonly base: string;
  readonly stop: () => string | null;
  readonly onProgress: (text: string) => void;
  readonly locate: Locate;
  readonly inRepository: string;
}

/** A mutant is nobody's ABI. */
export const hasAbi = ({ head, base }: Affected): boolean => base !== null && head.kind !== "mutant";

export async function compareWithBase(
  affected: Affected,
  ledger: Ledger,
  options: AbiOptions,
): Promise<void> {
  const { name, head, base } = affected;
  const [a, b] = [base!.design, head.design];
  const { vectors, leftOut } = vectorsOfBoth(a, b, (design) => vectorsFor(design, { quick: true }));
  if (vectors.length === 0) {
    ledger.undone.push(`${name} against the base: ${leftOut[0]?.why ?? "no quick bounds"}`);
    return;
  }
  const comparison = await compareDesigns(a, b, vectors, {
    budget: budgetFrom({ workers: 1 }, 1),
    stop: options.stop,
    onProgress: (vector, { states }) =>
      options.onProgress(`${name} against the base: ${vectorKey(vector)}, ${count(states)} pairs`),
    // Promises are judged by the checks.
    promises: false,
  });
  for (const difference of comparison.differences) addDifference(affected, difference, ledger, options);
  if (!comparison.complete)
    ledger.undone.push(`${name} against the base: ${comparison.reason ?? "not all bounds"}`);
  if (comparison.differences.every(({ compatibility }) => compatibility !== "breaks"))
    addCompatible(affected, comparison, ledger, options);
}

function ruleOf({ kind }: Difference): Rule {
  return {
    id: kind.replaceAll(" ", "-"),
    says: "what a design answered before it answers still, and as before",
    source: "the base; user space that relies on it is the judge",
  };
}

function addDifference(
  affected: Affected,
  { kind, subject, from, to, compatibility, traces }: Difference,
  ledger: Ledger,
  { locate, inRepository, base }: AbiOptions,
): void {
  const { name, head } = affected;
  const trace = traces.b ?? traces.a;
  const isBreak = compatibility === "breaks";
  const about = subject.replaceAll(" ", "");
  ledger.add({
    stage: "abi",
    name: `${kind}: ${subject} ${from} → ${to}`,
    className: name,
    type: "AbiDifference",
    status: isBreak ? "failed" : "passed",
    word: isBreak ? "breaks" : null,
    decision: isBreak ? { kind: "breaks", name: `${name}/${about}` } : null,
    message: `${subject} ends with ${to}, where it was ${from} in ${base}: ${kind}`,
    details: trace === null ? "" : callsText(trace),
    rule: ruleOf({ kind } as Difference),
    place: changedPlace(affected, trace, inRepository),
    ...(trace === null ? {} : { trace, calls: callPlaces(trace, head.design, locate) }),
  });
}

function addCompatible(
  affected: Affected,
  { compatibility, runs, complete }: Comparison,
  ledger: Ledger,
  { inRepository }: AbiOptions,
): void {
  const pairs = runs.reduce((sum, run) => sum + run.pairs, 0);
  const far = complete ? "exhausted" : "NOT exhausted";
  ledger.add({
    stage: "abi",
    name: compatibility,
    className: affected.name,
    type: "AbiDifference",
    status: complete ? "passed" : "incomplete",
    message: `${compatibility} at ${runs.length} quick bounds, ${far}: ${count(pairs)} pairs of states`,
    rule: ruleOf({ kind: "newly refused" } as Difference),
    place: changedPlace(affected, null, inRepository),
  });
}
