/** Whether anything is asked less: of promises that changed, of designs that make them, and of what they are held against. */
import { contentOfClosure, References } from "../../checkers/analyse/closure.ts";
import { Sources } from "../../checkers/analyse/sources.ts";
import { checkVector } from "../../checkers/explore/check.ts";
import { stepsText } from "../../checkers/explore/mode.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import type { Budget } from "../../checkers/explore/sweep.ts";
import type { Ledger } from "../../checkers/gate/finding.ts";
import { LOOSENING_RULES, loosenings, type Loosening } from "../../checkers/gate/loosened.ts";
import { STRICTER, WEAKER, asking, type Promised } from "../../checkers/gate/weaker.ts";
import { placeOf, type Locate } from "../../checkers/report/blame.ts";
import type { Rule } from "../../checkers/report/cases.ts";
import { callsText } from "../../checkers/report/explain.ts";
import { count } from "../../checkers/report/text.ts";
import { replay } from "../../checkers/trace/replay.ts";
import type { Entry } from "../../models/catalogue.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import type { AnyProperty } from "../../spec/language/property.ts";
import type { Trace } from "../../spec/language/trace.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { changedPlace, type Affected } from "./affected.ts";
import { corpusOf, traceIn } from "./corpus.ts";
import { askedFor, loaded, type Designs } from "./designs.ts";

export interface PromiseOptions {
  readonly base: Designs;
  readonly head: Designs;
  readonly stop: () => string | null;
  readonly onProgress: (text: string) => void;
  readonly locate: Locate;
  readonly inRepository: string;
}

/** A promise that is not what it was, and of which designs. */
interface Changed extends Promised {
  readonly name: string;
  readonly designs: readonly string[];
  /** What decides it: the promise itself where it changed for all; else the one of a design. */
  readonly about: string;
}

export async function askPromises(
  affected: readonly Affected[],
  ledger: Ledger,
  options: PromiseOptions,
): Promise<void> {
  const pairs = affected.filter(({ base }) => base !== null);
  const changed = changedPromises(pairs, options);
  for (const one of changed) {
    if (options.stop() === null) await askChanged(one, pairs, ledger, options);
    else ledger.leaveOut(`whether ${one.name} is weaker than it was`, options.stop());
  }
  const told = new Set(changed.filter(({ now }) => now === null).map(({ name }) => name));
  addLoosenings(pairs, told, ledger, options);
}

const propertiesOf = ({ promises, statements }: AnyDesign): readonly AnyProperty[] => [
  ...promises,
  ...(statements ?? []),
];

/** Promises whose source says something else than it did, and those that nobody makes any more. */
function changedPromises(pairs: readonly Affected[], { base, head }: PromiseOptions): Changed[] {
  const [was, is] = [new Declarations(base.root), new Declarations(head.root)];
  const found = new Map<string, Changed & { designs: string[] }>();
  for (const { name: design, base: old, head: fresh } of pairs) {
    for (const property of propertiesOf(old!.design)) {
      const now = propertiesOf(fresh.design).find(({ name }) => name === property.name) ?? null;
      const isSource = now === null || was.at(property.place) !== is.at(now.place);
      // What a function makes is what it is given.
      const isGiven = now !== null && textOf(property) !== textOf(now);
      if (!isSource && !isGiven) continue;
      const key = `${property.name} ${property.place} ${now?.place} ${isSource ? "" : design}`;
      const known = found.get(key);
      if (known !== undefined) known.designs.push(design);
      else
        found.set(key, { name: property.name, was: property, now, designs: [design], about: property.name });
    }
  }
  return [...found.values()].map((one) => (isGone(one, pairs) ? one : { ...one, about: aboutDesign(one) }));
}

/** What a promise says of itself, and how it is asked. */
function textOf(property: AnyProperty): string {
  const shown = { ...property, place: "", over: Object.keys(property.over) };
  return JSON.stringify(shown, (_, value: unknown) => (typeof value === "function" ? String(value) : value));
}

/** It changed wherever it is made; not only one of several designs has another promise of that name. */
const isGone = ({ name, now }: Changed, pairs: readonly Affected[]): boolean =>
  now !== null || !pairs.some(({ head }) => propertiesOf(head.design).some((one) => one.name === name));

const aboutDesign = ({ name, designs }: Changed): string =>
  `${designs.length === 1 ? designs[0]! : "*"}/${name}`;

/** What stands at the places of promises, by the tree. */
class Declarations {
  private readonly sources: Sources;
  private readonly references: References;
  private readonly known = new Map<string, string>();

  constructor(root: string) {
    this.sources = new Sources({ root });
    this.references = new References(this.sources);
  }

  /** The content of the declaration that a place is in. */
  at(place: string): string {
    const content = this.known.get(place) ?? this.found(place);
    this.known.set(place, content);
    return content;
  }

  private found(place: string): string {
    const at = placeOf(place);
    const module = at === null ? null : this.sources.module(at.file);
    // Not to be found by its text: it is taken for another one.
    if (at === null || module === null) return `${this.sources.root} ${place}`;
    const lineOf = (position: number): number =>
      module.source.getLineAndCharacterOfPosition(position).line + 1;
    const declaration = [...module.declarations.values()].find(
      ({ node }) => lineOf(node.getStart(module.source)) <= at.line && at.line <= lineOf(node.getEnd()),
    );
    if (declaration === undefined) return `${this.sources.root} ${place}`;
    return contentOfClosure(this.references.closure([module.piece(declaration)]));
  }
}

const NOT_WEAKER: Rule = {
  id: "promise-not-weaker",
  says: "a promise rejects what it rejected",
  source: "the mutants of the base; gate.allow: weakened PROMISE: reason",
};

/** A state, or a step, that the old promise rejects and the new one does not. */
interface Shown {
  readonly design: string;
  readonly trace: Trace;
}

/** What was looked at. */
interface Looked {
  readonly weaker: Shown | null;
  readonly isStricter: boolean;
  readonly states: number;
  readonly designs: readonly string[];
  /** What could not be asked, and why. */
  readonly problem: string | null;
}

async function askChanged(
  changed: Changed,
  pairs: readonly Affected[],
  ledger: Ledger,
  options: PromiseOptions,
): Promise<void> {
  const { name, now, designs } = changed;
  options.onProgress(`${name}: whether it is weaker than it was`);
  const kept = await inCorpus(changed, options);
  const looked: Looked =
    kept === null
      ? await inMutants(changed, options)
      : { weaker: kept, isStricter: false, states: 0, designs: [kept.design], problem: null };
  const of = designs.length > 3 ? `${designs.length} designs` : designs.join(", ");
  const affected = pairs.find((one) => one.name === designs[0])!;
  const place =
    (now === null ? null : options.locate(now.place)) ?? changedPlace(affected, null, options.inRepository);
  const base = {
    stage: "promises" as const,
    name: now === null ? `removed: ${name}` : `changed: ${name}`,
    className: of,
    type: "PromiseWeakened",
    rule: { ...NOT_WEAKER, id: name, says: changed.was.says },
    place,
  };
  const { weaker } = looked;
  if (weaker === null && now !== null) {
    ledger.add({
      ...base,
      status: looked.problem === null ? "passed" : "incomplete",
      message: sameText(looked),
    });
    return;
  }
  const what = now === null ? "is gone" : "accepts what it rejected";
  const shown =
    weaker === null
      ? "no design of the base is known to break it"
      : `${weaker.trace.breach!.why} (${stepsText(weaker.trace, weaker.trace.steps.length)}, in ${weaker.design} of the base)`;
  ledger.add({
    ...base,
    word: "weakened",
    decision: { kind: "weakened", name: changed.about },
    message: `${name} ${what}: ${shown}`,
    details: weaker === null ? "" : callsText(weaker.trace),
    ...(weaker === null ? {} : { trace: weaker.trace }),
  });
}

function sameText({ isStricter, states, designs, problem }: Looked): string {
  if (problem !== null) return `whether it is weaker cannot be told: ${problem}`;
  if (designs.length === 0)
    return "changed; no design of the base is known to break it, so that no state shows whether it is weaker";
  const where = `${count(states)} states of ${designs.length === 1 ? designs[0]! : `${designs.length} designs of the base that break it`}`;
  return isStricter
    ? `stricter: it rejects more, and all that it rejected, in ${where}`
    : `it rejects the same in ${where}`;
}

/** The kept counterexamples of the base come first: they take no search. */
async function inCorpus(changed: Changed, { base }: PromiseOptions): Promise<Shown | null> {
  let shortest: Shown | null = null;
  for (const path of corpusOf(base.root).filter((one) => one.endsWith(`/${changed.name}.json`))) {
    const trace = traceIn(base.root, path);
    if (shortest !== null && shortest.trace.steps.length <= trace.steps.length) continue;
    const entry = await loaded(askedFor(base, trace.design));
    if ("fault" in entry) continue;
    const { bounds, scenario, breach } = trace;
    const vector: Vector = scenario === "everything" ? { bounds } : { bounds, scenario };
    const asked = asking(entry.design, vector, changed);
    if (!asked.statements!.some(({ name }) => name === WEAKER)) continue;
    const again = { ...trace, breach: { ...breach!, property: WEAKER } };
    const { broken } = replay(asked, again, path);
    if (broken === true) shortest = { design: trace.design, trace };
  }
  return shortest;
}

/** Of each run that is searched. */
const SEARCHED: Budget = { states: 500_000, seconds: Infinity, bytes: 2 ** 30 };
/** Runs that are searched for one promise. */
const MOST_RUNS = 12;

/** Searches the designs of the base that break the old promise, mutants that are there for it first, the smallest first. */
async function inMutants(changed: Changed, options: PromiseOptions): Promise<Looked> {
  const looked = { weaker: null, isStricter: false, states: 0, designs: [] as string[], problem: null };
  for (const { name, vector } of await runsThatBreak(changed.name, options.base)) {
    const why = options.stop();
    if (why !== null) return { ...looked, problem: why };
    const entry = await loaded(askedFor(options.base, name));
    if ("fault" in entry) return { ...looked, problem: entry.fault };
    const design = asking(entry.design, vector, changed);
    const run = await checkVector(design, vector, { budget: SEARCHED, orders: false, stop: options.stop });
    if (run.verdict === "invalid") return { ...looked, problem: askedInVain(run.reason ?? "", name) };
    looked.states += run.states;
    looked.designs.push(name);
    const of = (asked: string): Trace | undefined =>
      run.properties.find((property) => property.name === asked)?.trace;
    const weaker = of(WEAKER);
    if (weaker !== undefined)
      return { ...looked, weaker: { design: name, trace: named(weaker, changed.name) } };
    looked.isStricter ||= of(STRICTER) !== undefined;
    if (!run.complete) return { ...looked, problem: run.reason ?? "not exhausted" };
  }
  return looked;
}

const named = (trace: Trace, property: string): Trace => ({
  ...trace,
  breach: { ...trace.breach!, property },
});

function askedInVain(reason: string, design: string): string {
  return `the promise of the head cannot be asked of ${design} of the base (${reason.split("\n")[0]!}); its view may not answer what is asked now`;
}

/** Runs of the base in which a promise is pinned as violated: one of each design. */
async function runsThatBreak(
  property: string,
  base: Designs,
): Promise<readonly { readonly name: string; readonly vector: Vector }[]> {
  const found: { name: string; vector: Vector; rank: number; transitions: number }[] = [];
  for (const [name, pinned] of Object.entries(base.pins)) {
    const broken = Object.entries(pinned).filter(([, { violated }]) => violated[property] !== undefined);
    if (broken.length === 0 || !base.names.includes(name)) continue;
    const entry = await loaded(askedFor(base, name));
    if ("fault" in entry) continue;
    const cheapest = broken
      .flatMap(([key, { transitions }]) => {
        const vector = entry.design.vectors.find((one) => vectorKey(one) === key);
        return vector === undefined ? [] : [{ vector, transitions }];
      })
      .sort((a, b) => a.transitions - b.transitions)[0];
    if (cheapest !== undefined) found.push({ name, ...cheapest, rank: rankOf(entry, property) });
  }
  return found.sort((a, b) => a.rank - b.rank || a.transitions - b.transitions).slice(0, MOST_RUNS);
}

const rankOf = ({ kind, breaks }: Entry, property: string): number =>
  kind === "mutant" && breaks.includes(property) ? 0 : kind === "mutant" ? 1 : 2;

/** What designs ask less of themselves; the same of several designs is told once. */
function addLoosenings(
  pairs: readonly Affected[],
  told: ReadonlySet<string>,
  ledger: Ledger,
  { inRepository }: PromiseOptions,
): void {
  const groups = new Map<string, { readonly loosening: Loosening; readonly of: Affected[] }>();
  for (const affected of pairs) {
    for (const loosening of looseningsOf(affected, ledger)) {
      if (loosening.rule === "promise-dropped" && told.has(loosening.about)) continue;
      const key = `${loosening.rule} ${loosening.about} ${loosening.says}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { loosening, of: [affected] });
      else group.of.push(affected);
    }
  }
  for (const { loosening, of } of groups.values()) {
    const { rule, about, says } = loosening;
    const names = of.map(({ name }) => name);
    ledger.add({
      stage: "promises",
      name: `${rule}: ${about}`,
      className: names.length > 3 ? `${names[0]!} and ${names.length - 1} others` : names.join(", "),
      type: "PromiseWeakened",
      word: "weakened",
      decision: { kind: "weakened", name: `${names.length === 1 ? names[0]! : "*"}/${about}` },
      message: says,
      details: names.length > 3 ? `of ${names.join(", ")}` : "",
      rule: { id: rule, says: LOOSENING_RULES[rule], source: "gate.allow: weakened DESIGN/WHAT: reason" },
      place: changedPlace(of[0]!, null, inRepository),
    });
  }
}

function looseningsOf({ name, base, head }: Affected, ledger: Ledger): readonly Loosening[] {
  try {
    return loosenings(base!, head);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    ledger.notes.push(`${name}: what it asks of itself cannot be compared with the base: ${error.message}`);
    return [];
  }
}
