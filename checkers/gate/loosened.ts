/**
 * How a design asks less of itself than it did: the ways in which a gate can be made green without anything being better. Each is told with what
 * it is about, so that it can be decided by name.
 */
import type { AnyCall, Left } from "../../spec/language/call.ts";
import type { AnyDesign, NotAtomic, Vector } from "../../spec/language/design.ts";
import { outcomeText, type Outcome } from "../../spec/language/outcome.ts";
import { sceneOf, scenarioOf } from "../explore/bounded.ts";
import { callText, instancesOf } from "../explore/instances.ts";
import { vectorKey } from "../explore/pin.ts";

/** What the catalogue says of a design. */
export interface Listed {
  readonly design: AnyDesign;
  readonly kind: string;
  readonly breaks: readonly string[];
  readonly kernel?: string;
  readonly isDelta?: true;
}

export interface Loosening {
  /** The name of the rule. */
  readonly rule: LooseningRule;
  /** What of the design it is about: "one-binding-per-offset", "set_user_memory_region2/EINVAL"; a name without blanks. */
  readonly about: string;
  readonly says: string;
}

export const LOOSENING_RULES = {
  "promise-dropped": "a design makes a promise no more",
  "promise-not-answered": "a design's view answers a question no more, without which a promise says nothing",
  "breach-declared": "a breach is expected that was none",
  "mutant-not-caught": "a mutant need not be caught any more by the promise that it was there for",
  "not-atomic-declared": "an overlap may end as no order of its calls does",
  "failure-may-change": "a call that fails may change something",
  "section-local": "others are not let in before a section any more",
  "call-not-tried": "a call is not tried any more, or not with some parameters",
  "vector-dropped": "a design is not searched at some bounds any more",
  "starts-elsewhere": "a scenario starts from another state",
  "contradictions-unasked": "a view is not asked for contradictions any more",
  "expected-less": "the catalogue asks less of a design",
} as const;
export type LooseningRule = keyof typeof LOOSENING_RULES;

/** In the order of the rules; the same design in the base and in the head. */
export function loosenings(was: Listed, now: Listed): Loosening[] {
  const [old, fresh] = [was.design, now.design];
  return [
    ...promisesDropped(old, fresh),
    ...questionsUnanswered(old, fresh),
    ...breachesDeclared(was, now),
    ...notAtomicDeclared(old, fresh),
    ...ofCalls(old, fresh),
    ...notTried(old, fresh),
    ...vectorsDropped(old, fresh),
    ...startsElsewhere(old, fresh),
    ...(old.contradiction !== undefined && fresh.contradiction === undefined
      ? [{ rule: "contradictions-unasked", about: "contradiction", says: "`contradiction` is gone" } as const]
      : []),
    ...expectedLess(was, now),
  ];
}

const asked = (design: AnyDesign): string[] =>
  [...design.promises, ...(design.statements ?? [])].map(({ name }) => name);

function promisesDropped(old: AnyDesign, fresh: AnyDesign): Loosening[] {
  const kept = new Set(asked(fresh));
  return asked(old)
    .filter((name) => !kept.has(name))
    .map((name) => ({ rule: "promise-dropped", about: name, says: `${name} is no promise of it any more` }));
}

function questionsUnanswered(old: AnyDesign, fresh: AnyDesign): Loosening[] {
  const silent = (design: AnyDesign): Map<string, readonly string[]> => {
    const [vector = { bounds: {} }] = design.vectors;
    const { properties } = sceneOf(design, { bounds: vector.bounds });
    return new Map(properties.map(({ property, unanswered }) => [property.name, unanswered]));
  };
  const before = silent(old);
  return [...silent(fresh)].flatMap(([name, unanswered]) =>
    unanswered.length > 0 && before.get(name)?.length === 0
      ? [
          {
            rule: "promise-not-answered" as const,
            about: name,
            says: `${name} needs ${unanswered.join(", ")}, which the view answers no more`,
          },
        ]
      : [],
  );
}

function breachesDeclared(was: Listed, now: Listed): Loosening[] {
  const known = ({ design, breaks }: Listed): Set<string> =>
    new Set([...breaks, ...(design.knownBreaches ?? []).map(({ property }) => property)]);
  const [before, after] = [known(was), known(now)];
  const more = [...after].filter((name) => !before.has(name));
  const caughtNoMore = was.kind === "mutant" ? was.breaks.filter((name) => !after.has(name)) : [];
  return [
    ...more.map((name) => ({
      rule: "breach-declared" as const,
      about: name,
      says: `${name} is expected to be broken`,
    })),
    ...caughtNoMore.map((name) => ({
      rule: "mutant-not-caught" as const,
      about: name,
      says: `it was there to be caught by ${name}`,
    })),
  ];
}

/** `a+b`: two calls that overlap, in whatever order. */
const pairOf = ({ calls }: NotAtomic): string => [...calls].sort().join("+");

function notAtomicDeclared(old: AnyDesign, fresh: AnyDesign): Loosening[] {
  const told = new Set<string>();
  return (fresh.notAtomic ?? []).flatMap((declared) => {
    const pair = pairOf(declared);
    const known = (old.notAtomic ?? []).filter((one) => pairOf(one) === pair);
    const says = told.has(pair) ? null : moreThan(known, declared, fresh);
    if (says === null) return [];
    told.add(pair);
    return [{ rule: "not-atomic-declared" as const, about: pair, says }];
  });
}

/** What a declaration lets through that none of those before did, in words; null where it is nothing. */
function moreThan(known: readonly NotAtomic[], now: NotAtomic, design: AnyDesign): string | null {
  const [a, b] = now.calls;
  const anyhow = ({ results, state }: NotAtomic): boolean => results === undefined && state === undefined;
  if (known.some(anyhow)) return null;
  if (known.length === 0) return `${a} and ${b} may end as no order of them does: ${now.says}`;
  if (anyhow(now)) return `${a} and ${b} may end in any way: ${now.says}`;
  if (now.state === true && !known.some(({ state }) => state === true))
    return `${a} and ${b} may leave a state that no order of them does: ${now.says}`;
  const allows = (one: NotAtomic, first: Outcome, second: Outcome): boolean =>
    one.calls[0] === a ? one.results?.(first, second) === true : one.results?.(second, first) === true;
  const more = endsOf(design.calls[a])
    .flatMap((first) => endsOf(design.calls[b]).map((second) => [first, second] as const))
    .find(([x, y]) => now.results?.(x, y) === true && !known.some((one) => allows(one, x, y)));
  if (more === undefined) return null;
  return `${a} may end with ${outcomeText(more[0])} beside ${b} with ${outcomeText(more[1])}: ${now.says}`;
}

/** Every way in which a call says that it may end. */
function endsOf(call: AnyCall | undefined): Outcome[] {
  if (call === undefined) return [];
  const values = call.gives === undefined ? [] : [null, 0, 1, 2];
  return [0, ...call.returns, ...call.exits, ...values.map((value) => ({ value }))];
}

function ofCalls(old: AnyDesign, fresh: AnyDesign): Loosening[] {
  return Object.entries(fresh.calls).flatMap(([name, call]) => {
    const before = old.calls[name];
    if (before === undefined || before === call) return [];
    return [...mayChange(name, before, call), ...localNow(name, before, call)];
  });
}

function mayChange(name: string, before: AnyCall, call: AnyCall): Loosening[] {
  const known = before.leaves as Readonly<Record<string, Left | undefined>>;
  return Object.entries(call.leaves as Readonly<Record<string, Left>>).flatMap(([failure, left]) => {
    // With a failure that the call had not, it could have left nothing.
    if (!before.returns.includes(failure)) return [];
    const was = known[failure];
    if (was !== undefined && (was.cells === undefined || was.cells.source === left.cells?.source)) return [];
    const cells = left.cells === undefined ? "any cell" : `cells like ${String(left.cells)}`;
    const instead = was === undefined ? "none" : `those like ${String(was.cells)}`;
    const about = `${name}/${failure.replaceAll(" ", "-")}`;
    const says = `${name} may have changed ${cells} when it ends with ${failure}, where it was ${instead}: ${left.says}`;
    return [{ rule: "failure-may-change" as const, about, says }];
  });
}

function localNow(name: string, before: AnyCall, call: AnyCall): Loosening[] {
  const isLocal = (of: AnyCall, label: string): boolean | null => {
    const section = (of.sections as Readonly<Record<string, { readonly local?: true } | undefined>>)[label];
    return section === undefined ? null : section.local === true;
  };
  const labels = Object.keys(call.sections).filter(
    (label) => isLocal(call, label) === true && isLocal(before, label) === false,
  );
  if (labels.length === 0) return [];
  return [{ rule: "section-local", about: name, says: `"${labels.join('", "')}" of ${name} is local now` }];
}

/** Calls with parameters that are not tried any more, though both trees have the call and the vector: one of each scenario is looked at. */
function notTried(old: AnyDesign, fresh: AnyDesign): Loosening[] {
  const kept = new Set(fresh.vectors.map(vectorKey));
  const ofScenario = new Map<string | undefined, Vector>();
  for (const vector of old.vectors)
    if (kept.has(vectorKey(vector)) && !ofScenario.has(vector.scenario))
      ofScenario.set(vector.scenario, vector);
  const found = new Map<string, Loosening>();
  for (const vector of ofScenario.values()) {
    const after = tried(fresh, vector);
    for (const [name, texts] of tried(old, vector)) {
      const gone = [...texts].filter((text) => after.get(name)?.has(text) !== true);
      if (gone.length === 0 || found.has(name) || fresh.calls[name] === undefined) continue;
      const more = gone.length > 1 ? `, nor are ${gone.length - 1} more` : "";
      const says = `${gone[0]!} is not tried any more${more}: ${vectorKey(vector)}`;
      found.set(name, { rule: "call-not-tried", about: name, says });
    }
  }
  return [...found.values()];
}

/** The calls that a run makes, by their names. */
function tried(design: AnyDesign, vector: Vector): Map<string, Set<string>> {
  const texts = new Map<string, Set<string>>();
  const { scenario } = vector;
  const { m, sizes } = sceneOf(design, vector);
  for (const { name, params } of instancesOf(design.calls, scenarioOf(design, scenario), m, sizes))
    texts.set(name, (texts.get(name) ?? new Set()).add(callText(name, params)));
  return texts;
}

function vectorsDropped(old: AnyDesign, fresh: AnyDesign): Loosening[] {
  const gone = old.vectors.filter((vector) => !fresh.vectors.some((one) => covers(one, vector)));
  const isQuick = ({ vectors }: AnyDesign): boolean => vectors.some(({ quick }) => quick === true);
  const keys = gone.map(vectorKey);
  if (isQuick(old) && !isQuick(fresh)) keys.push("none is quick any more");
  if (keys.length === 0) return [];
  const says = `${keys[0]!}${keys.length > 1 ? `, and ${keys.length - 1} more` : ""}`;
  return [{ rule: "vector-dropped", about: "vectors", says }];
}

/** The same runs, at bounds no smaller. */
function covers(one: Vector, other: Vector): boolean {
  const how = ({ scenario, track, mode, overlap }: Vector): string =>
    vectorKey({
      bounds: {},
      ...(scenario === undefined ? {} : { scenario }),
      ...(track === undefined ? {} : { track }),
      ...(mode === undefined ? {} : { mode }),
      ...(overlap === undefined ? {} : { overlap }),
    });
  if (how(one) !== how(other)) return false;
  const names = new Set([...Object.keys(one.bounds), ...Object.keys(other.bounds)]);
  return [...names].every((name) => {
    const [a, b] = [one.bounds[name], other.bounds[name]];
    return a === b || (typeof a === "number" && typeof b === "number" && a >= b);
  });
}

function startsElsewhere(old: AnyDesign, fresh: AnyDesign): Loosening[] {
  const names = new Set(fresh.vectors.flatMap(({ scenario }) => (scenario === undefined ? [] : [scenario])));
  return [...names].flatMap((name) => {
    if (!Object.hasOwn(old.scenarios, name)) return [];
    const [was, now] = [old, fresh].map((design) => callsText(scenarioOf(design, name).given ?? []));
    if (was === now) return [];
    const says = `the scenario ${name} is given ${now || "nothing"}, where it was given ${was || "nothing"}`;
    return [{ rule: "starts-elsewhere" as const, about: name, says }];
  });
}

const callsText = (given: readonly { readonly call: string; readonly params: object }[]): string =>
  given.map(({ call, params }) => callText(call, params as Readonly<Record<string, unknown>>)).join(", ");

/** A shipped version is judged by more than a proposal, and that by more than a mutant. */
const JUDGED = ["mutant", "proposal", "benchmark", "shipped"];

function expectedLess(was: Listed, now: Listed): Loosening[] {
  const less: string[] = [];
  if (JUDGED.indexOf(now.kind) < JUDGED.indexOf(was.kind))
    less.push(`it is listed as ${now.kind}, where it was ${was.kind}`);
  if (was.kernel !== undefined && now.kernel !== was.kernel)
    less.push(
      now.kernel === undefined
        ? `recordings of ${was.kernel} are not compared with it any more`
        : `it is compared with recordings of ${now.kernel}, where it was ${was.kernel}`,
    );
  if (now.isDelta === true && was.isDelta !== true)
    less.push("what its runs do not reach is not asked any more");
  return less.map((says) => ({ rule: "expected-less", about: "catalogue", says }));
}
