/** Affected designs against what the base has of them: what their users would notice. */
import { compareDesigns } from "../../checkers/compare/compare.ts";
import type { Comparison, Difference } from "../../checkers/compare/comparison.ts";
import { vectorsOfBoth } from "../../checkers/compare/vectors.ts";
import type { Kind } from "../../checkers/analyse/change.ts";
import type { Ledger } from "../../checkers/gate/finding.ts";
import { callPlaces, type Locate } from "../../checkers/report/blame.ts";
import type { Rule } from "../../checkers/report/cases.ts";
import { callsText } from "../../checkers/report/explain.ts";
import { count } from "../../checkers/report/text.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import type { Vector } from "../../spec/language/design.ts";
import { budgetFrom } from "../arguments.ts";
import { vectorsFor } from "../vectors.ts";
import { changedPlace, type Affected } from "./affected.ts";

export interface AbiOptions {
  readonly base: string;
  readonly stop: () => string | null;
  readonly onProgress: (text: string) => void;
  readonly locate: Locate;
  readonly inRepository: string;
  /** Vectors beyond the quick ones at which the first calls are compared. */
  readonly alsoAt: (affected: Affected) => readonly Vector[];
  /** Whether the gate is incomplete without it. */
  readonly isRequired: boolean;
}

/** What says how calls are judged, or which are tried, and not what they do. */
const NO_CALLS: readonly Kind[] = [
  "property",
  "scenario",
  "vector",
  "type",
  "expectation",
  "engine",
  "dependency",
  "counterexample",
  "recording",
];

/** Where no call, domain or helper changed, every call ends as it did. */
export const changesCalls = ({ by }: Affected): boolean => by.some(({ kind }) => !NO_CALLS.includes(kind));

/** A mutant is nobody's ABI. */
const hasAbi = (affected: Affected): boolean =>
  affected.base !== null && affected.head.kind !== "mutant" && changesCalls(affected);

export async function compareWithBase(
  affected: Affected,
  ledger: Ledger,
  options: AbiOptions,
): Promise<void> {
  if (!hasAbi(affected)) return;
  const { name, head, base } = affected;
  const { isRequired } = options;
  const [a, b] = [base!.design, head.design];
  const quick = vectorsOfBoth(a, b, (design) => vectorsFor(design, { quick: true }));
  const others = vectorsOfBoth(a, b, () => sequential(options.alsoAt(affected))).vectors;
  if (quick.vectors.length === 0)
    return ledger.leaveOut(
      `${name} against the base`,
      quick.leftOut[0]?.why ?? "no quick bounds",
      isRequired,
    );
  const compare = (vectors: readonly Vector[], states: number): Promise<Comparison> =>
    compareDesigns(a, b, vectors, {
      budget: budgetFrom({ workers: 1, maxStates: states }, 1),
      stop: options.stop,
      onProgress: (vector, progress) =>
        options.onProgress(`${name} against the base: ${vectorKey(vector)}, ${count(progress.states)} pairs`),
      // Promises are judged by the checks.
      promises: false,
    });
  const near = await compare(quick.vectors, Infinity);
  const far = await compare(others, GLANCE);
  const told = new Set(near.differences.map(keyOf));
  const differences = [...near.differences, ...far.differences.filter((one) => !told.has(keyOf(one)))];
  for (const difference of differences) addDifference(affected, difference, ledger, options);
  if (!near.complete) ledger.leaveOut(`${name} against the base`, near.reason, isRequired);
  if (near.complete && differences.every(({ compatibility }) => compatibility !== "breaks"))
    addCompatible(affected, near, far, ledger, options);
}

/** Pairs of states at bounds beyond the quick ones: the ABI of a call shows within a few calls, or behind many. */
const GLANCE = 1000;

const sequential = (vectors: readonly Vector[]): readonly Vector[] =>
  vectors.filter(({ mode }) => mode === undefined || mode === "sequential");

const keyOf = ({ kind, subject, from, to }: Difference): string => [kind, subject, from, to].join("\n");

function ruleOf({ kind }: Pick<Difference, "kind">): Rule {
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
    rule: ruleOf({ kind }),
    place: changedPlace(affected, trace, inRepository),
    ...(trace === null ? {} : { trace, calls: callPlaces(trace, head.design, locate) }),
  });
}

function addCompatible(
  affected: Affected,
  near: Comparison,
  far: Comparison,
  ledger: Ledger,
  { inRepository }: AbiOptions,
): void {
  const pairs = near.runs.reduce((sum, run) => sum + run.pairs, 0);
  const depths = far.runs.map(({ depth }) => depth);
  const compatibility = [near, far].some((one) => one.compatibility === "extends") ? "extends" : "compatible";
  const beyond =
    depths.length === 0 ? "" : `; beyond them, ${depths.length} to depth ${Math.min(...depths)} or more`;
  ledger.add({
    stage: "abi",
    name: compatibility,
    className: affected.name,
    type: "AbiDifference",
    status: "passed",
    message: `${compatibility} at ${near.runs.length} quick bounds, exhausted with ${count(pairs)} pairs of states${beyond}`,
    rule: ruleOf({ kind: "newly refused" }),
    place: changedPlace(affected, null, inRepository),
  });
}
