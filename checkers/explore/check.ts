/** Checks a design: every vector is searched, and what all of them together never reached is found. */
import type { AnyDesign, Bounds, KnownBreach, Mode, Profile, Vector } from "../../spec/language/design.ts";
import { LINEARIZABLE } from "../../spec/language/kernel-bug.ts";
import type { AnyProperty } from "../../spec/language/property.ts";
import type { Trace } from "../../spec/language/trace.ts";
import { ModelError, worst, type Verdict } from "../../spec/language/verdict.ts";
import type { Licence } from "../symmetry/licence.ts";
import { UsageError } from "../usage-error.ts";
import { InterpretedExpander, type MakeExpander } from "./interpreted.ts";
import { TieredExpander } from "../compile/tiered.ts";
import { Translated } from "../compile/translated.ts";
import { traced } from "../trace/traced.ts";
import { OF_THE_LANGUAGE, namesAsked, type Claimed } from "./asked.ts";
import { paranoid } from "./guard.ts";
import { bounded, scenarioOf, type Bounded } from "./bounded.ts";
import { askConsistency } from "./consistent.ts";
import { inScenario } from "./instances.ts";
import { isSequential } from "./mode.ts";
import { Totals, type Explored, type Found } from "./explored.ts";
import type { RunProfile } from "./profile.ts";
import {
  SectionExpander,
  sectionTallyFor,
  type SectionCounts,
  type SectionTally,
} from "./section-coverage.ts";
import { profiled } from "./profiler.ts";
import { untried } from "./untried.ts";
import { explore } from "./search.ts";
import { NO_LIMIT, type SearchOptions } from "./sweep.ts";

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
  /** Steps of the shortest trace that breaks it (or reaches it, for a `sometimes`): calls, or sections where calls overlap. */
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
  readonly mode: Mode;
  /** The most calls in flight at once. */
  readonly overlap: number;
  readonly verdict: Verdict;
  readonly complete: boolean;
  /** Why the run is incomplete or invalid. */
  readonly reason: string | null;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly levels: readonly number[];
  readonly bytes: number;
  readonly seconds: number;
  /** Above 0 where 64 bits stood for a state: an upper bound of the probability that one was taken for another. */
  readonly missProbability: number;
  /** What the seconds went into; CPU seconds are those of the whole process meanwhile, without the translation. */
  readonly times: {
    readonly translateSeconds: number;
    readonly searchSeconds: number;
    readonly searchCpuSeconds: number;
  };
  /** Names that were taken for interchangeable, so that the states are counted up to them; and those that could not be, and why. */
  readonly symmetry?: {
    readonly group: readonly string[];
    readonly refused: readonly { readonly bound: string; readonly why: string }[];
  };
  /** Places of the design that were not translated, and ran as they are written. */
  readonly notices: readonly string[];
  /** Where states and time went, where that was asked for. */
  readonly profile?: RunProfile;
  /** How often each section ran that did, where that was asked for. */
  readonly sections?: SectionCounts;
  readonly properties: readonly PropertyReport[];
  readonly outcomes: ReadonlyMap<string, number>;
  readonly decided: ReadonlySet<string>;
}

/** What is thrown where a run can say nothing, for the design is no model. */
export function invalidModel({ reason }: RunReport, { name, place }: AnyDesign): ModelError {
  return ModelError.told(`${name} is no valid model: ${reason}`, place);
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

/** Searches a design at one vector. */
export async function checkVector(
  design: AnyDesign,
  vector: Vector,
  options: SearchOptions,
): Promise<RunReport> {
  const tally = sectionTallyFor(options);
  const licence = options.symmetry === undefined ? null : await licenceOf(design, vector, options.symmetry);
  const trusting = licence?.subject ?? bounded(design, vector);
  const subject = options.paranoid === true ? paranoid(trusting) : trusting;
  try {
    const translated = new Translated();
    const onVisited: SearchOptions["onVisited"] = (tracking, visited) => {
      options.onVisited?.(tracking, visited);
      // A cell that is left out may hold anything, and a fingerprint is no state.
      if (subject.tracked === "full" && options.compaction !== true) askConsistency(subject, visited);
    };
    const licensed = licence && { ...licence, subject };
    const search =
      tally === null
        ? await searchOf(subject, options, translated, licensed)
        : await countedSearchOf(subject, tally);
    const began = process.cpuUsage();
    const explored = await search({ ...options, onVisited });
    const { user, system } = process.cpuUsage(began);
    const report = runReport(subject, explored, options);
    const times = {
      translateSeconds: translated.seconds,
      searchSeconds: explored.seconds - translated.seconds,
      searchCpuSeconds: (user + system) / 1e6 - translated.cpuSeconds,
    };
    const symmetry =
      licence === null
        ? {}
        : { symmetry: { group: licence.group.map(({ bound }) => bound), refused: licence.refused } };
    const profile = explored.profile === undefined ? {} : { profile: explored.profile };
    const sections = tally === null ? {} : { sections: tally.counts };
    return { ...report, times, notices: [...translated.notices], ...symmetry, ...profile, ...sections };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { ...emptyReport(subject), verdict: "invalid", reason: invalidReason(subject, error) };
  }
}

/** Of a run that could not be made: why. */
export function notDone(design: AnyDesign, vector: Vector, reason: string): RunReport {
  const total = new Totals();
  total.stopped = reason;
  return runReport(bounded(design, vector), total.explored(0), { budget: NO_LIMIT });
}

/** Which names a run may take for interchangeable; refused where nothing can be reduced. */
async function licenceOf(design: AnyDesign, vector: Vector, how: "exact" | "orbits"): Promise<Licence> {
  if (!isSequential(vector) || vector.track === "watch")
    throw new UsageError("--symmetry is for sequential runs that do not watch one location after the other");
  const { licenceFor } = await import("../symmetry/licence.ts");
  return licenceFor(design, vector, { upToOrbits: how === "orbits" });
}

/** How a run is searched. What only some runs need is loaded for these alone: most of the time of a small search is spent on loading. */
async function searchOf(
  subject: Bounded,
  { interpreted, cache, elsewhere }: SearchOptions,
  translated: Translated,
  licence: Licence | null,
): Promise<(options: SearchOptions) => Promise<Explored>> {
  if (elsewhere !== undefined)
    return (options) => elsewhere(subject, options, (notice) => translated.notices.add(notice));
  if (subject.mode !== "sequential") {
    const { interleave } = await import("../interleave/interleave.ts");
    const { interleavingOf } = await import("../compile/interleaving/interleaving.ts");
    const compiled = interpreted === true ? undefined : interleavingOf({ translated });
    return (options) => profiled(subject, options, (given) => interleave(subject, given, compiled));
  }
  const make: MakeExpander =
    interpreted === true
      ? (ground) => new InterpretedExpander(ground)
      : (ground) => new TieredExpander(ground, translated, cache);
  if (licence === null || licence.group.length === 0) return (options) => explore(subject, options, make);
  const { exploreOrbits } = await import("../symmetry/explore.ts");
  const group = JSON.stringify(licence.group.map(({ bound }) => bound));
  return (options) => exploreOrbits(licence, { ...options, content: `${options.content} ${group}` }, make);
}

/** A search of calls as they are written, whose sections are counted. */
async function countedSearchOf(
  subject: Bounded,
  tally: SectionTally,
): Promise<(options: SearchOptions) => Promise<Explored>> {
  if (subject.mode === "sequential")
    return (options) => explore(subject, options, (ground) => new SectionExpander(ground, tally));
  const { interleave } = await import("../interleave/interleave.ts");
  const { countingSections } = await import("../interleave/counted-sections.ts");
  const make = countingSections(tally);
  return (options) => profiled(subject, options, (given) => interleave(subject, given, make));
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

function emptyReport({ design, bounds, scenario, tracked, mode, overlap }: Bounded): RunReport {
  return {
    design: design.name,
    bounds,
    scenario,
    tracked,
    mode,
    overlap,
    verdict: "incomplete",
    complete: false,
    reason: null,
    states: 0,
    transitions: 0,
    depth: 0,
    levels: [],
    bytes: 0,
    seconds: 0,
    missProbability: 0,
    times: { translateSeconds: 0, searchSeconds: 0, searchCpuSeconds: 0 },
    notices: [],
    properties: [],
    outcomes: new Map(),
    decided: new Set(),
  };
}

function runReport(subject: Bounded, explored: Explored, options: SearchOptions): RunReport {
  const asked = new Set(
    namesAsked(subject.design, subject.mode).filter(
      (name) => (options.only?.has(name) ?? true) && (name !== LINEARIZABLE.name || options.orders !== false),
    ),
  );
  const report = (property: Claimed, unanswered: boolean): PropertyReport =>
    propertyReport(subject, explored, property, unanswered, options.merges !== false);
  const properties = [
    ...subject.properties.map(({ property, unanswered }) => ({
      property,
      isAnswered: unanswered.length === 0,
    })),
    ...OF_THE_LANGUAGE.map((property) => ({ property, isAnswered: true })),
  ]
    .filter(({ property }) => asked.has(property.name))
    .map(({ property, isAnswered }) => report(property, !isAnswered));
  const decisive = properties.map((p) => p.verdict).filter(isVerdict);
  if (decisive.length === 0) decisive.push("vacuous");
  const { states, transitions, depth, levels, bytes, seconds, missProbability } = explored;
  // A state may have been taken for another one: then the space was not exhausted for certain.
  const doubt = missProbability > 0 && options.acceptCompaction !== true ? doubtText(missProbability) : null;
  const complete = explored.complete && doubt === null;
  const reason = explored.stopped ?? doubt;
  const { outcomes, decided } = explored;
  const verdict = worst([...decisive, ...(complete ? [] : ["incomplete" as const])]);
  const numbers = { states, transitions, depth, levels, bytes, seconds, missProbability };
  return { ...emptyReport(subject), verdict, complete, reason, ...numbers, properties, outcomes, decided };
}

function doubtText(probability: number): string {
  return `64 bits stand for a state: one was missed with a probability below ${probability.toExponential(1)}; --accept-compaction takes it for none`;
}

function isVerdict(verdict: PropertyVerdict): verdict is Verdict {
  return verdict !== "undecided" && verdict !== "not applicable";
}

function propertyReport(
  subject: Bounded,
  explored: Explored,
  { name, kind, says }: Claimed,
  unanswered: boolean,
  merges: boolean,
): PropertyReport {
  const base = { name, kind, says };
  if (unanswered) return { ...base, verdict: "not applicable" };
  const found = explored.found.get(name);
  if (found === undefined) {
    if (!explored.complete) return { ...base, verdict: "incomplete" };
    return { ...base, verdict: isAnswered(base, explored) ? "holds" : "undecided" };
  }
  const trace = traceOf(subject, found, merges);
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

/** What the language asks, it asks of every step. */
function isAnswered({ name, kind }: Claimed, { decided, undecidable }: Explored): boolean {
  const always = OF_THE_LANGUAGE.some((property) => property.name === name);
  return kind !== "sometimes" && (always || decided.has(name)) && !undecidable.has(name);
}

/** A breach that does not show itself with everything tracked: `watch` should have been exact, the others need not be. */
function unconfirmed({ tracked }: Bounded): PropertyVerdict {
  return tracked === "watch" ? "incomplete" : "undecided";
}

/** The trace of what a search found; null where it does not show itself with everything tracked. */
function traceOf(subject: Bounded, found: Found, merges: boolean): Trace | null {
  const trace = traced(subject, found, merges);
  if (trace !== null || subject.tracked !== "full") return trace;
  const steps = subject.mode === "sequential" ? "calls" : "steps";
  throw new ModelError(
    `${found.property} was found broken, but not when the same ${found.path.length} ${steps} ran again`,
    subject.design.place,
    "a section or a predicate that reads a variable outside the state",
  );
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
    // Where every run interleaves calls, no run asks of whole calls.
    if (property.kind === "step" && runs.every(({ mode }) => mode !== "sequential")) continue;
    if (property.kind === "sometimes") {
      if (!reports.some((report) => report?.steps !== undefined))
        missing.push(`${property.name} was never reached`);
    } else if (!decided.has(property.name)) missing.push(`${property.name} never had anything to say`);
  }
  return missing;
}
