/** Checks a design: every vector is searched, and what all of them together never reached is found. */
import type { AnyDesign, Bounds, KnownBreach, Profile, Vector } from "../../spec/language/design.ts";
import { FAILED_CALL, type AnyProperty } from "../../spec/language/property.ts";
import { TRACE_FORMAT, type Trace } from "../../spec/language/trace.ts";
import { ModelError, worst, type Verdict } from "../../spec/language/verdict.ts";
import { breaks, failedAndChanged, runPath } from "../trace/run.ts";
import { bounded, scenarioOf, type Bounded } from "./bounded.ts";
import { inScenario } from "./instances.ts";
import type { Explored, Found } from "./explored.ts";
import { untried } from "./untried.ts";
import { explore, type Budget, type Progress } from "./search.ts";

/**
 * What one run says of one property. `undecided`: nothing in the run's states asked for it, or it needs cells that the run does not
 * track. `incomplete`: not all states were seen, or what `watch` took for a breach is none. `not applicable`: the design's view does not answer its questions.
 */
export type PropertyVerdict = Verdict | "undecided" | "not applicable";

export interface PropertyReport {
  readonly name: string;
  readonly kind: AnyProperty["kind"];
  readonly says: string;
  readonly verdict: PropertyVerdict;
  /** Calls of the shortest trace that breaks it (or reaches it, for a `sometimes`). */
  readonly steps?: number;
  readonly trace?: Trace;
  /** The design says that it breaks this promise, and why. */
  readonly known?: KnownBreach;
}

export interface RunReport {
  readonly design: string;
  readonly bounds: Bounds;
  readonly scenario: string;
  readonly tracked: Profile;
  readonly mode: "sequential";
  readonly verdict: Verdict;
  readonly complete: boolean;
  /** Why the run is incomplete or invalid. */
  readonly reason: string | null;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly levels: readonly number[];
  readonly bytes: number;
  readonly bits: number;
  readonly seconds: number;
  readonly properties: readonly PropertyReport[];
  readonly outcomes: ReadonlyMap<string, number>;
  readonly decided: ReadonlySet<string>;
}

export interface DesignReport {
  readonly design: AnyDesign;
  readonly verdict: Verdict;
  readonly runs: readonly RunReport[];
  /** What no run of the default vectors reached; null where not all of them were run to their end. */
  readonly vacuous: readonly string[] | null;
  /** Values of changed calls that no run tries. */
  readonly untried: readonly string[];
}

export interface CheckOptions {
  readonly budget: Budget;
  readonly only?: ReadonlySet<string>;
  readonly onProgress?: (progress: Progress) => void;
  readonly stop?: () => string | null;
}

/** Searches a design at one vector. */
export async function checkVector(
  design: AnyDesign,
  vector: Vector,
  options: CheckOptions,
): Promise<RunReport> {
  const subject = bounded(design, vector);
  try {
    return runReport(subject, await explore(subject, options), options.only);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { ...emptyReport(subject), verdict: "invalid", reason: invalidReason(subject, error) };
  }
}

function invalidReason({ tracked }: Bounded, { message }: ModelError): string {
  if (tracked === "full") return message;
  return `${message}\n  found with the profile "${tracked}", in which a cell that is not tracked may hold anything: --track full says whether it is real`;
}

/**
 * What must be reached for a design not to be vacuous: all that its scenarios let in; what it changes of the design
 * that it is a variant of; nothing; just the properties that were asked for, decided in one run at least.
 */
export type Judged = "everything" | "changes" | "nothing" | "asked";

/** What the runs of a design say together. `vectors` are those that were asked for. */
export function summary(
  design: AnyDesign,
  vectors: readonly Vector[],
  runs: readonly RunReport[],
  judged: Judged,
): DesignReport {
  const complete = runs.length === vectors.length && runs.every((run) => run.complete);
  const vacuous = complete ? whatIsVacuous(design, vectors, runs, judged) : null;
  const verdicts = runs.map((run) => run.verdict);
  // What one run has nothing to say of, another may decide.
  const some = verdicts.filter((verdict) => verdict !== "vacuous");
  if (some.length > 0) verdicts.splice(0, verdicts.length, ...some);
  if (vacuous !== null && vacuous.length > 0) verdicts.push("vacuous");
  if (runs.length < vectors.length) verdicts.push("incomplete");
  return {
    design,
    verdict: worst(verdicts),
    runs,
    vacuous,
    untried: judged === "changes" ? untried(design, vectors) : [],
  };
}

function whatIsVacuous(
  design: AnyDesign,
  vectors: readonly Vector[],
  runs: readonly RunReport[],
  judged: Judged,
): string[] | null {
  if (judged === "asked") return undecided(runs);
  const whole = design.vectors.every((vector) => vectors.includes(vector));
  return whole && judged !== "nothing" ? neverReached(design, vectors, runs, judged) : null;
}

/** Properties that no run decided. */
function undecided(runs: readonly RunReport[]): string[] {
  const reports = runs.flatMap((run) => run.properties);
  const answered = new Set(reports.filter(({ verdict }) => isVerdict(verdict)).map(({ name }) => name));
  const names = new Set(reports.map(({ name }) => name).filter((name) => !answered.has(name)));
  return [...names].map((name) => `${name} was not decided: see why in the run`);
}

function emptyReport({ design, bounds, scenario, tracked }: Bounded): RunReport {
  return {
    design: design.name,
    bounds,
    scenario,
    tracked,
    mode: "sequential",
    verdict: "incomplete",
    complete: false,
    reason: null,
    states: 0,
    transitions: 0,
    depth: 0,
    levels: [],
    bytes: 0,
    bits: 0,
    seconds: 0,
    properties: [],
    outcomes: new Map(),
    decided: new Set(),
  };
}

function runReport(subject: Bounded, explored: Explored, only: ReadonlySet<string> | undefined): RunReport {
  const wanted = (name: string): boolean => only === undefined || only.has(name);
  const properties = subject.properties
    .filter(({ property }) => wanted(property.name))
    .map(({ property, unanswered }) => propertyReport(subject, explored, property, unanswered.length > 0));
  if (wanted(FAILED_CALL.name)) properties.push(failedCallReport(subject, explored));
  const decisive = properties.map((p) => p.verdict).filter(isVerdict);
  if (decisive.length === 0) decisive.push("vacuous");
  const { complete, stopped: reason, states, transitions, depth, levels, bytes, bits, seconds } = explored;
  const { outcomes, decided } = explored;
  const verdict = worst([...decisive, ...(complete ? [] : ["incomplete" as const])]);
  const numbers = { states, transitions, depth, levels, bytes, bits, seconds };
  return { ...emptyReport(subject), verdict, complete, reason, ...numbers, properties, outcomes, decided };
}

function isVerdict(verdict: PropertyVerdict): verdict is Verdict {
  return verdict !== "undecided" && verdict !== "not applicable";
}

function propertyReport(
  subject: Bounded,
  explored: Explored,
  property: AnyProperty,
  unanswered: boolean,
): PropertyReport {
  const { name, kind, says } = property;
  const base = { name, kind, says };
  if (unanswered) return { ...base, verdict: "not applicable" };
  const found = explored.found.get(name);
  if (found === undefined) {
    if (!explored.complete) return { ...base, verdict: "incomplete" };
    const answered = kind !== "sometimes" && explored.decided.has(name) && !explored.undecidable.has(name);
    return { ...base, verdict: answered ? "holds" : "undecided" };
  }
  const trace = traceOf(subject, found, (run) => breaks(subject, property, found.instance, run));
  if (trace === null) return { ...base, verdict: unconfirmed(subject) };
  if (kind === "sometimes") return { ...base, verdict: "holds", steps: found.path.length };
  const known = subject.design.knownBreaches?.find((breach) => breach.property === name);
  return {
    ...base,
    verdict: "violated",
    steps: found.path.length,
    trace,
    ...(known === undefined ? {} : { known }),
  };
}

function failedCallReport(subject: Bounded, explored: Explored): PropertyReport {
  const { name, says } = FAILED_CALL;
  const base = { name, kind: "step" as const, says };
  const found = explored.found.get(name);
  if (found === undefined) {
    if (!explored.complete) return { ...base, verdict: "incomplete" };
    return { ...base, verdict: explored.undecidable.has(name) ? "undecided" : "holds" };
  }
  const trace = traceOf(subject, found, ({ steps }) => failedAndChanged(subject.design, steps));
  if (trace === null) return { ...base, verdict: unconfirmed(subject) };
  return { ...base, verdict: "violated", steps: found.path.length, trace };
}

/** A breach that does not show itself with everything tracked: `watch` should have been exact, the others need not be. */
function unconfirmed({ tracked }: Bounded): PropertyVerdict {
  return tracked === "watch" ? "incomplete" : "undecided";
}

type Run = NonNullable<ReturnType<typeof runPath>>;

/** The trace of what a search found, run again with everything tracked; null where it does not show itself there. */
function traceOf(subject: Bounded, found: Found, shows: (run: Run) => boolean): Trace | null {
  const { design, bounds, scenario, tracked, instances } = subject;
  const run = runPath(
    subject,
    found.path.map((k) => instances[k]!),
  );
  if (run === null || !shows(run)) {
    if (tracked !== "full") return null;
    throw new ModelError(
      `${found.property} was found broken, but not when the same ${found.path.length} calls ran again`,
      design.place,
      "a section or a predicate that reads a variable outside the state",
    );
  }
  return {
    format: TRACE_FORMAT,
    design: design.name,
    mode: "sequential",
    bounds,
    scenario,
    tracked,
    breach: { property: found.property, instance: found.instance, why: found.why },
    steps: run.steps,
  };
}

/** Calls never made, declared results never returned, `sometimes` never reached, properties that never said anything. */
function neverReached(
  design: AnyDesign,
  vectors: readonly Vector[],
  runs: readonly RunReport[],
  judged: "everything" | "changes",
): string[] {
  const outcomes = new Set(runs.flatMap((run) => [...run.outcomes.keys()]));
  const decided = new Set(runs.flatMap((run) => [...run.decided]));
  const scenarios = vectors.map((vector) => scenarioOf(design, vector.scenario));
  const missing: string[] = [];
  for (const [name, call] of Object.entries(design.calls)) {
    if (judged === "changes" && design.inherits?.[name] === call) continue;
    // What every scenario leaves out does not count, but for the very calls that a delta is about.
    const isIn = scenarios.some((scenario) => inScenario(name, call, scenario));
    if (!isIn && (judged === "everything" || call.unexplored !== undefined)) continue;
    const declared = [...call.returns, ...call.exits].filter((result) => !outcomes.has(`${name} ${result}`));
    if (![...outcomes].some((outcome) => outcome.startsWith(`${name} `)))
      missing.push(`${name} was never made`);
    else missing.push(...declared.map((result) => `${name} never ended with ${result}`));
  }
  for (const property of [...(judged === "changes" ? [] : design.promises), ...(design.statements ?? [])]) {
    const reports = runs.map((run) => run.properties.find(({ name }) => name === property.name));
    if (reports.some((report) => report?.verdict === "not applicable")) continue;
    if (property.kind === "sometimes") {
      if (!reports.some((report) => report?.steps !== undefined))
        missing.push(`${property.name} was never reached`);
    } else if (!decided.has(property.name)) missing.push(`${property.name} never had anything to say`);
  }
  return missing;
}
