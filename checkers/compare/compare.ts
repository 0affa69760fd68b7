/** Compares two designs: every vector in lockstep, and the promises that each of them keeps there. */
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import type { Budget, Progress } from "../explore/sweep.ts";
import { keyOf, worstCompatibility } from "./classify.ts";
import {
  DIFFERENCE_KINDS,
  type ComparedRun,
  type Comparison,
  type Difference,
  type Sameness,
} from "./comparison.ts";
import { Lockstep, type Clash, type LockstepOptions, type Parting } from "./lockstep.ts";
import { Promises } from "./promises.ts";
import { sharedOf, type Shared } from "./shared.ts";
import { raceTo, tracesOf } from "./traces.ts";

export interface CompareOptions {
  /** Of each run. */
  readonly budget: Budget;
  /** A reason to stop, and to report what is known by then. */
  readonly stop?: () => string | null;
  readonly onProgress?: (vector: Vector, progress: Progress) => void;
  /** Whether the promises that each design keeps are compared too; true when absent. */
  readonly promises?: boolean;
  /** Whether calls run as they are written, and no code is generated; false when absent. */
  readonly interpreted?: boolean;
}

/**
 * Vectors are explored one after the other. Throws UsageError where a vector is for neither design or cannot be made in one, and ModelError where
 * one of them is no valid model.
 */
export async function compareDesigns(
  a: AnyDesign,
  b: AnyDesign,
  vectors: readonly Vector[],
  options: CompareOptions,
): Promise<Comparison> {
  const runs: ComparedRun[] = [];
  const found = new Map<string, Difference>();
  const promises = new Promises();
  for (const [run, vector] of vectors.entries()) {
    if (options.stop?.() != null) break;
    const shared = sharedOf(a, b, vector);
    const onProgress = (progress: Progress): void => options.onProgress?.(vector, progress);
    const lockstep = await explored(shared, { ...options, onProgress });
    for (const difference of differencesOf(lockstep, shared, run)) keepShortest(found, difference);
    const missing =
      options.promises === false || lockstep.stopped !== null
        ? null
        : await promises.add(shared, vector, run, { ...options, onProgress });
    runs.push(comparedRun(lockstep, shared, missing));
    lockstep.close();
  }
  const differences = [...found.values(), ...promises.differences()].sort(inOrder);
  const reason =
    runs.find((run) => !run.complete)?.reason ??
    (runs.length < vectors.length ? (options.stop?.() ?? "stopped") : null);
  return {
    a: a.name,
    b: b.name,
    compatibility: worstCompatibility(differences.map(({ compatibility }) => compatibility)),
    complete: reason === null,
    reason,
    differences,
    runs,
  };
}

/**
 * Whether two designs answer every call alike at one vector, whatever was called before; where calls overlap, whether each two that overlap have the same
 * joint results from every pair of quiescent states. `same` is complete at the bounds: nothing was left out. Ends at the first difference.
 */
export async function sameBehaviour(
  a: AnyDesign,
  b: AnyDesign,
  vector: Vector,
  options: Omit<CompareOptions, "promises">,
): Promise<Sameness> {
  const shared = sharedOf(a, b, vector);
  const onProgress = (progress: Progress): void => options.onProgress?.(vector, progress);
  const lockstep = await explored(shared, { ...options, onProgress, first: true });
  const [difference = null] = differencesOf(lockstep, shared, 0).sort((x, y) => lengthOf(x) - lengthOf(y));
  lockstep.close();
  const { pairs, stopped, unfollowed } = lockstep;
  if (difference !== null) return { verdict: "different", reason: null, pairs, difference };
  const reason = stopped ?? openStates(unfollowed);
  return { verdict: reason === null ? "same" : "incomplete", reason, pairs, difference };
}

async function explored(shared: Shared, options: LockstepOptions): Promise<Lockstep> {
  const lockstep = await lockstepOf(shared, options);
  await lockstep.run();
  return lockstep;
}

/** What only calls that overlap need is loaded for these alone. */
async function lockstepOf(shared: Shared, options: LockstepOptions): Promise<Lockstep> {
  if (shared.a.mode === "sequential") return new Lockstep(shared, options);
  const { OverlapLockstep } = await import("./overlaps.ts");
  return new OverlapLockstep(shared, options);
}

function differencesOf(lockstep: Lockstep, shared: Shared, run: number): Difference[] {
  const partings = lockstep.partings().map((parting) => differenceOf(lockstep, shared, parting, run));
  const costs = lockstep.costChanges().map((change): Difference => {
    const { name: subject, from, to, call, pair } = change;
    const traces = tracesOf(shared, lockstep.wayTo(pair), call);
    const said = { kind: "performance class changed", subject, from, to } as const;
    // What it answers is the same.
    return { ...said, compatibility: "compatible", traces, run };
  });
  return [...partings, ...costs, ...lockstep.clashes().map((clash) => clashOf(lockstep, shared, clash, run))];
}

/** Fewer outcomes are no loss to who is ready for all of them. */
function clashOf(lockstep: Lockstep, shared: Shared, clash: Clash, run: number): Difference {
  const { kind, calls, from, to, pair } = clash;
  const side = kind === "outcome gained" ? "b" : "a";
  const trace = raceTo(shared, side, lockstep.wayTo(pair), calls, clash.isEnd);
  return {
    kind,
    subject: calls.map(({ name }) => name).join(" ∥ "),
    from,
    to,
    compatibility: kind === "outcome gained" ? "breaks" : "compatible",
    traces: { a: null, b: null, [side]: trace },
    run,
  };
}

function differenceOf(lockstep: Lockstep, shared: Shared, parting: Parting, run: number): Difference {
  const { kind, compatibility, call, from, to, pair } = parting;
  const traces = tracesOf(shared, lockstep.wayTo(pair), call);
  return { kind, subject: call.name, from, to, compatibility, traces, run };
}

/** Of the same difference in several runs, the first of the shortest. */
function keepShortest(found: Map<string, Difference>, difference: Difference): void {
  const key = keyOf(difference);
  const known = found.get(key);
  if (known === undefined || lengthOf(difference) < lengthOf(known)) found.set(key, difference);
}

function lengthOf({ traces: { a, b } }: Difference): number {
  return Math.max(a?.steps.length ?? 0, b?.steps.length ?? 0);
}

/** As the kinds are listed, then by name and outcomes. */
function inOrder(a: Difference, b: Difference): number {
  const key = ({ kind, subject, from, to }: Difference): string =>
    [String(DIFFERENCE_KINDS.indexOf(kind)).padStart(2, "0"), subject, from, to].join("\n");
  const [x, y] = [key(a), key(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function comparedRun(lockstep: Lockstep, shared: Shared, missing: string | null): ComparedRun {
  const { bounds, scenario, tracked, mode, overlap } = shared.a;
  const reason = lockstep.stopped ?? missing ?? openStates(lockstep.unfollowed);
  const { transitions, depth } = lockstep.made;
  return {
    ...{ bounds: { ...shared.b.bounds, ...bounds }, scenario, tracked, mode, overlap },
    complete: reason === null,
    reason,
    pairs: lockstep.pairs,
    transitions,
    depth,
    unfollowed: lockstep.unfollowed,
    seconds: lockstep.took,
  };
}

/** Why a comparison is not complete that did not go on behind some overlaps. */
function openStates(unfollowed: number): string | null {
  if (unfollowed === 0) return null;
  return `${unfollowed} overlaps lead to states that their results do not tell`;
}
