/** What a run tries: every call of a scenario with every parameter set of the bounds. */
import type { AnyCall, Chosen } from "../../spec/language/call.ts";
import type { AnyDomain } from "../../spec/language/domain.ts";
import type { Scenario } from "../../spec/language/design.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { UsageError } from "../usage-error.ts";
import { Program } from "./program.ts";
import { makeInstance, type Instance } from "./sequential.ts";
import { allValues, show, type Sizes } from "./walk.ts";

/** A parameter as the enumeration sees it: its values, and the odd ones. */
export interface Values {
  readonly legal: (m: unknown, chosen: Chosen) => readonly unknown[];
  readonly odd: (m: unknown, chosen: Chosen) => readonly unknown[];
}

/** More calls than this to try in every state is no bound that completes; it is refused before memory runs out. */
const MOST_INSTANCES = 250_000;

export function instancesOf(
  calls: Readonly<Record<string, AnyCall>>,
  scenario: Scenario,
  m: unknown,
  sizes: Sizes,
): Instance[] {
  const found: Instance[] = [];
  for (const [name, call] of Object.entries(calls)) {
    for (const instance of instancesOfCall(name, call, scenario, m, sizes)) {
      found.push(instance);
      if (found.length > MOST_INSTANCES) throw tooMany(`up to ${name}`);
    }
  }
  return found;
}

/** Those of one call, one after the other, so that who wants some need not wait for all. */
export function* instancesOfCall(
  name: string,
  call: AnyCall,
  scenario: Scenario,
  m: unknown,
  sizes: Sizes,
): Generator<Instance> {
  if (!inScenario(name, call, scenario)) return;
  const only = scenario.only?.[name] ?? {};
  const passes = (params: Chosen): boolean =>
    Object.entries(only).every(([key, keep]) => keep(params[key] as never, params));
  const program = new Program(name, call, sizes);
  for (const params of parameterSets(name, call, m, sizes, scenario.legal === true))
    if (passes(params)) yield makeInstance(name, call, params, sizes, program);
}

function tooMany(where: string): UsageError {
  return new UsageError(
    `these bounds give more than ${MOST_INSTANCES} calls to try in every state (${where})\n` +
      "  usual cause: bounds far beyond what can be exhausted; make them smaller, or name a --scenario",
  );
}

export function inScenario(name: string, call: AnyCall, scenario: Scenario): boolean {
  if (call.unexplored !== undefined) return false;
  if (scenario.without?.includes(name) === true) return false;
  return scenario.calls === undefined || scenario.calls.includes(name);
}

/** Every value that a run at these bounds tries for each parameter of a call. */
export function valuesTried(
  name: string,
  call: AnyCall,
  m: unknown,
  sizes: Sizes,
): ReadonlyMap<string, readonly unknown[]> {
  const tried = new Map<string, Map<string, unknown>>();
  for (const key of Object.keys(call.takes)) tried.set(key, new Map());
  for (const set of parameterSets(name, call, m, sizes)) {
    for (const [key, value] of Object.entries(set)) tried.get(key)!.set(identity(value), value);
  }
  return new Map([...tried].map(([key, values]) => [key, [...values.values()]]));
}

/** Whether a parameter has a value that may follow those of the parameters before it: a legal one or an odd one. */
export function isDrawn(call: AnyCall, key: string, params: Chosen, m: unknown, sizes: Sizes): boolean {
  const keys = Object.keys(call.takes);
  const before = Object.fromEntries(keys.slice(0, keys.indexOf(key)).map((name) => [name, params[name]]));
  const { legal, odd } = valuesOf(call.takes[key] as never, sizes);
  const value = identity(params[key]);
  return [...legal(m, before), ...odd(m, before)].some((known) => identity(known) === value);
}

/** Equal for equal parameter values. */
export function identity(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? `0x${v.toString(16)}` : v));
}

/** All legal sets, then each odd value with first legal values, then the extra ones; without repetition. */
function* parameterSets(
  name: string,
  call: AnyCall,
  m: unknown,
  sizes: Sizes,
  legalOnly = false,
): Generator<Chosen> {
  const seen = new Set<string>();
  let count = 0;
  for (const set of allSets(name, call, m, sizes, legalOnly)) {
    if (++count > MOST_INSTANCES) throw tooMany(`for ${name} alone`);
    // Legal values alone come once each.
    const key = legalOnly ? "" : identity(set);
    if (!legalOnly && seen.has(key)) continue;
    seen.add(key);
    yield set;
  }
}

function* allSets(
  name: string,
  call: AnyCall,
  m: unknown,
  sizes: Sizes,
  legalOnly: boolean,
): Generator<Chosen> {
  const params = Object.entries(call.takes).map(
    ([key, param]) => [key, valuesOf(param as never, sizes)] as const,
  );
  /** Every combination of legal values of the parameters from `at` on, or the first legal one of each. */
  function* extend(at: number, chosen: Chosen, every: boolean): Generator<Chosen> {
    const param = params[at];
    if (param === undefined) {
      yield chosen;
      return;
    }
    const legal = param[1].legal(m, chosen);
    for (const value of every ? legal : legal.slice(0, 1))
      yield* extend(at + 1, { ...chosen, [param[0]]: value }, every);
  }
  yield* extend(0, {}, true);
  if (legalOnly) return;
  let firsts: Chosen = {};
  for (const [at, [key, values]] of params.entries()) {
    for (const value of values.odd(m, firsts)) yield* extend(at + 1, { ...firsts, [key]: value }, false);
    const legal = values.legal(m, firsts);
    if (legal.length === 0) break;
    firsts = { ...firsts, [key]: legal[0] };
  }
  for (const extra of call.also(m)) {
    const missing = Object.keys(call.takes).find((key) => !(key in extra));
    if (missing !== undefined) {
      throw new ModelError(
        `${name}: a parameter set of \`also\` lacks ${missing}`,
        call.place,
        "a parameter that was added to `takes` later",
      );
    }
    yield extra;
  }
}

/** The values of a parameter, one by one or chosen by what stands before it. */
export function valuesOf(param: AnyDomain | Values, sizes: Sizes): Values {
  if ("shape" in param) {
    const values = allValues(param, sizes);
    return { legal: () => values, odd: () => [] };
  }
  return { legal: param.legal, odd: param.odd };
}

/** `set_memory_attributes(vm=0, address=0x1000)`: a call as text. */
export function callText(name: string, params: Readonly<Record<string, unknown>>): string {
  return `${name}(${Object.entries(params)
    .map(([key, value]) => `${key}=${show(value)}`)
    .join(", ")})`;
}
