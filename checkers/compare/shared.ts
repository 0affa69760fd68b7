/** Two designs at one vector: the same bounds, the same scenario, and the calls that either of them tries, to be made in both. */
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign, Bounds, Vector } from "../../spec/language/design.ts";
import { EVERYTHING, bounded, resolveBounds, scenarioOf, type Bounded } from "../explore/bounded.ts";
import { identity } from "../explore/instances.ts";
import { Program } from "../explore/program.ts";
import { makeInstance, type Instance } from "../explore/sequential.ts";
import { allValues } from "../explore/walk.ts";
import { UsageError } from "../usage-error.ts";

/** A call with its parameters, and its numbers among the calls of both designs; -1 where a design has no such call. */
export interface SharedCall {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly a: number;
  readonly b: number;
}

export interface Shared {
  readonly a: Bounded;
  readonly b: Bounded;
  readonly calls: readonly SharedCall[];
}

export function sharedOf(a: AnyDesign, b: AnyDesign, vector: Vector): Shared {
  if ((vector.track ?? "full") !== "full")
    throw new UsageError(
      `--track ${vector.track}: two designs are compared with everything tracked; what is left out may differ`,
    );
  const bounds = boundsOfBoth(a, b, vector.bounds);
  const [ofA, ofB] = [
    bounded(withScenario(a, b, vector.scenario), { ...vector, bounds: only(a, bounds) }),
    bounded(withScenario(b, a, vector.scenario), { ...vector, bounds: only(b, bounds) }),
  ];
  const [inA, inB] = [new Making(ofA), new Making(ofB)];
  const calls: SharedCall[] = [];
  const seen = new Set<string>();
  for (const { name, params } of [...ofA.instances, ...ofB.instances]) {
    const key = `${name} ${identity(params)}`;
    if (seen.has(key)) continue;
    seen.add(key);
    calls.push({ name, params, a: inA.number(name, params, key), b: inB.number(name, params, key) });
  }
  return { a: { ...ofA, instances: inA.instances }, b: { ...ofB, instances: inB.instances }, calls };
}

/** Bounds that either design knows, at the first one's defaults where nothing is said; each design is given those that it has. */
function boundsOfBoth(a: AnyDesign, b: AnyDesign, given: Bounds): Bounds {
  const unknown = Object.keys(given).find(
    (name) => !Object.hasOwn(a.bounds, name) && !Object.hasOwn(b.bounds, name),
  );
  if (unknown !== undefined) {
    const known = new Set([...Object.keys(a.bounds), ...Object.keys(b.bounds)]);
    throw new UsageError(
      `neither ${a.name} nor ${b.name} has a bound "${unknown}"; their bounds are ${[...known].join(", ")}`,
    );
  }
  return { ...resolveBounds(b, only(b, given)), ...resolveBounds(a, only(a, given)) };
}

function only(design: AnyDesign, bounds: Bounds): Bounds {
  return Object.fromEntries(Object.entries(bounds).filter(([name]) => Object.hasOwn(design.bounds, name)));
}

/** The design, with a scenario that only the other one has. */
function withScenario(design: AnyDesign, other: AnyDesign, name: string | undefined): AnyDesign {
  if (name === undefined || name === EVERYTHING || Object.hasOwn(design.scenarios, name)) return design;
  if (!Object.hasOwn(other.scenarios, name)) {
    const known = [
      EVERYTHING,
      ...new Set([...Object.keys(design.scenarios), ...Object.keys(other.scenarios)]),
    ];
    throw new UsageError(
      `neither ${design.name} nor ${other.name} has a scenario "${name}"; they have ${known.join(", ")}`,
    );
  }
  const scenario = scenarioOf(other, name);
  const has = (call: string): boolean => Object.hasOwn(design.calls, call);
  const lacking = (scenario.given ?? []).find(({ call }) => !has(call));
  if (lacking !== undefined)
    throw new UsageError(
      `the scenario "${name}" of ${other.name} begins with ${lacking.call}, which ${design.name} has not\n  name a scenario that both can begin`,
    );
  const narrowed = {
    ...scenario,
    ...(scenario.calls === undefined ? {} : { calls: scenario.calls.filter(has) }),
    ...(scenario.without === undefined ? {} : { without: scenario.without.filter(has) }),
    ...(scenario.only === undefined
      ? {}
      : { only: Object.fromEntries(Object.entries(scenario.only).filter(([call]) => has(call))) }),
  };
  return { ...design, scenarios: { ...design.scenarios, [name]: narrowed } };
}

/** The calls of one design, and those that the other one tries. */
class Making {
  readonly instances: Instance[] = [];
  private readonly subject: Bounded;
  private readonly own: ReadonlyMap<string, Instance>;
  private readonly programs = new Map<AnyCall, Program>();

  constructor(subject: Bounded) {
    this.subject = subject;
    this.own = new Map(
      subject.instances.map((instance) => [`${instance.name} ${identity(instance.params)}`, instance]),
    );
  }

  /** -1 where the design has no such call, or not with such parameters. */
  number(name: string, params: Readonly<Record<string, unknown>>, key: string): number {
    const instance = this.own.get(key) ?? this.made(name, params);
    return instance === null ? -1 : this.instances.push(instance) - 1;
  }

  private made(name: string, params: Readonly<Record<string, unknown>>): Instance | null {
    const { design, sizes } = this.subject;
    const call = Object.hasOwn(design.calls, name) ? design.calls[name]! : undefined;
    if (call === undefined || call.unexplored !== undefined) return null;
    const keys = Object.keys(call.takes);
    if (keys.length !== Object.keys(params).length || keys.some((key) => !(key in params))) return null;
    const fits = (key: string): boolean => {
      const param = call.takes[key]!;
      if (!("shape" in param)) return true;
      const value = identity(params[key]);
      return allValues(param, sizes).some((known) => identity(known) === value);
    };
    if (!keys.every(fits)) return null;
    const program = this.programs.get(call) ?? new Program(name, call, sizes);
    this.programs.set(call, program);
    return makeInstance(name, call, params, sizes, program);
  }
}
