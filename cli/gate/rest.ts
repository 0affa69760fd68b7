/** Which bounds a gate looks at first, and what it does with the time that is left: larger bounds, then random runs. */
import { fuzz, type FuzzReport } from "../../checkers/fuzz/fuzz.ts";
import { stepsText } from "../../checkers/explore/mode.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import type { Ledger } from "../../checkers/gate/finding.ts";
import { callPlaces, ruleOf, type Locate } from "../../checkers/report/blame.ts";
import { callsText } from "../../checkers/report/explain.ts";
import { count } from "../../checkers/report/text.ts";
import type { Vector } from "../../spec/language/design.ts";
import type { Pins } from "../../spec/language/pin.ts";
import { vectorsOf as fuzzVectors } from "../fuzz.ts";
import { vectorsFor } from "../vectors.ts";
import { changedPlace, type Affected } from "./affected.ts";
import type { Deadline } from "./budget.ts";

export type VectorsOf = (affected: Affected) => readonly Vector[];

export interface Limits {
  readonly stop: () => string | null;
  readonly isRequired: boolean;
}

export const quickVectors: VectorsOf = ({ head: { design } }) => vectorsFor(design, { quick: true });

/** Transitions of a run that takes a second or two. */
const CHEAP = 150_000;

/** The quick bounds, and those of the others that took little in the base: what a change does may show at two slots, and not at one. */
export function nearVectors(pins: Pins): VectorsOf {
  return ({ name, head: { design } }) => {
    const cost = (vector: Vector): number => pins[name]?.[vectorKey(vector)]?.transitions ?? Infinity;
    return design.vectors
      .filter((vector) => vector.quick === true || cost(vector) <= CHEAP)
      .toSorted((a, b) => cost(a) - cost(b));
  };
}

export interface Rest {
  readonly own: readonly Affected[];
  readonly derived: readonly Affected[];
  readonly ledger: Ledger;
  readonly deadline: Deadline;
  readonly check: (vectorsOf: VectorsOf, designs: readonly Affected[], limits: Limits) => Promise<void>;
  readonly compare: (designs: readonly Affected[], limits: Limits) => Promise<void>;
  readonly onProgress: (text: string) => void;
  readonly locate: Locate;
  readonly inRepository: string;
}

/** Parts of what is left when it comes to them. */
const FOR_ABI = 0.2;
const FOR_LARGER = 0.6;

export async function useTheRest(rest: Rest): Promise<void> {
  const { own, derived, deadline, check, compare } = rest;
  await compare(derived, { stop: deadline.within(FOR_ABI), isRequired: false });
  const designs = own.filter(({ head }) => head.kind !== "mutant");
  const limits = { stop: deadline.within(FOR_LARGER), isRequired: false };
  await check(({ head: { design } }) => design.vectors, designs, limits);
  for (const [i, one] of designs.entries()) await randomRuns(one, designs.length - i, rest);
}

/** What fails is mended first: what is derived from it would fail with it, and say nothing new. */
export function leaveRest(own: readonly Affected[], derived: readonly Affected[], ledger: Ledger): void {
  const why = "what was found decides already; --keep-going looks at the rest all the same";
  if (derived.length > 0) {
    const designs = derived.length === 1 ? derived[0]!.name : `${derived.length} designs`;
    const by = own.length > 0 ? " by way of others" : "";
    ledger.leaveOut(`${designs} that the change reaches${by}, at quick bounds`, why);
  }
  const names = own.filter(({ head }) => head.kind !== "mutant").map(({ name }) => name);
  if (names.length > 0) ledger.leaveOut(`larger bounds and random runs of ${names.join(", ")}`, why, false);
}

/** The same seed whenever the gate runs: another gate finds the same, in as many runs. */
const SEED = 1;
/** States of the search for a shorter trace. */
const SEARCHED = 200_000;

async function randomRuns(affected: Affected, waiting: number, rest: Rest): Promise<void> {
  const { ledger, deadline, onProgress, inRepository } = rest;
  const { name, asked, head } = affected;
  const stop = deadline.within(1 / waiting);
  if (stop() !== null) return ledger.leaveOut(`random runs of ${name}`, stop(), false);
  const report = await fuzz(head.design, fuzzVectors(head.design, { seed: SEED, format: "text" }), {
    seed: SEED,
    runs: Number.MAX_SAFE_INTEGER,
    shrink: { search: { states: SEARCHED, seconds: Infinity, bytes: Infinity }, stop: () => stop() !== null },
    stop,
    onProgress: ({ runs, found }) => onProgress(`${name}: ${count(runs)} random runs, ${found} found`),
  });
  for (const finding of report.findings) addFound(affected, finding, rest);
  ledger.add({
    stage: "random",
    name: "random runs",
    className: name,
    message: `${count(report.runs)} runs from seed ${SEED}, in the time that was left`,
    rule: ruleOf("random-runs", head.design, () => null),
    place: changedPlace(affected, null, inRepository),
    rerun: `npx gmemcheck fuzz ${asked} --seed ${SEED}`,
  });
}

function addFound(
  affected: Affected,
  { breach, shrunk }: FuzzReport["findings"][number],
  { ledger, locate, inRepository }: Rest,
): void {
  const { name, asked, head } = affected;
  const isExpected = head.breaks.includes(breach.property);
  if (isExpected) return;
  const trace = shrunk?.trace;
  ledger.add({
    stage: "random",
    name: breach.property,
    className: name,
    type: "PromiseBroken",
    word: "violated",
    decision: { kind: "violated", name: `${name}/${breach.property}` },
    message: `${breach.property} is broken${trace === undefined ? "" : ` after ${stepsText(trace, trace.steps.length)}`}: ${breach.why}`,
    details: trace === undefined ? "" : callsText(trace),
    rule: ruleOf(breach.property, head.design, locate),
    place: changedPlace(affected, trace ?? null, inRepository),
    ...(trace === undefined ? {} : { trace, calls: callPlaces(trace, head.design, locate) }),
    rerun: `npx gmemcheck fuzz ${asked} --seed 1 --property ${breach.property}`,
  });
}
