/** A design at given bounds: its machine, its sizes, the calls to try and the properties to ask. */
import {
  LEFT_OUT,
  type AnyDesign,
  type Bounds,
  type Mode,
  type Profile,
  type Scenario,
  type Vector,
} from "../../spec/language/design.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import type { AnyProperty } from "../../spec/language/property.ts";
import { TRACK_ALL, locations, type Tracking } from "./codec.ts";
import { actorOf } from "../interleave/frame.ts";
import { callText, instancesOf } from "./instances.ts";
import { makeInstance, runWithLocks, type Instance } from "./sequential.ts";
import { allValues, canonical, firstValue, outside, type Sizes } from "./walk.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { UsageError } from "../usage-error.ts";

/** Where calls are made, and what is asked there: all that runs of given calls need, at whatever bounds. */
export interface Scene {
  readonly design: AnyDesign;
  readonly bounds: Bounds;
  readonly scenario: string;
  readonly m: unknown;
  /** The state from which the exploration begins: the initial one, and behind it what the scenario is given. */
  readonly start: object;
  readonly sizes: Sizes;
  readonly properties: readonly Asked[];
}

export interface Bounded extends Scene {
  readonly tracked: Profile;
  readonly mode: Mode;
  /** The most calls in flight at once: 1 in sequential mode, as many as there are actors in mode `full`. */
  readonly overlap: number;
  /** As many as can be: no more than there are actors. */
  readonly inFlight: number;
  readonly instances: readonly Instance[];
  /** One search each; more than one only for `watch`. */
  readonly trackings: readonly Tracking[];
  /** Whether every access to a state is checked, and all that else is sampled (guard.ts). */
  readonly isParanoid: boolean;
}

/** A property with every instance of it at these bounds. */
export interface Asked {
  readonly property: AnyProperty;
  readonly instances: readonly Readonly<Record<string, number>>[];
  /** Questions that the design's view does not answer; the property does not apply when there are any. */
  readonly unanswered: readonly string[];
}

export const EVERYTHING = "everything";

export function bounded(design: AnyDesign, vector: Vector): Bounded {
  const tracked = vector.track ?? "full";
  const mode = vector.mode ?? "sequential";
  if (mode !== "sequential" && tracked !== "full")
    throw new UsageError(`mode ${mode} tracks everything; --track ${tracked} is for sequential runs`);
  const scene = sceneOf(design, vector);
  const { bounds, m, sizes } = scene;
  const instances = instancesOf(design.calls, scenarioOf(design, vector.scenario), m, sizes);
  const actors = actorsOf(bounds, instances);
  const overlap = overlapOf(mode, vector.overlap, actors);
  return {
    ...scene,
    tracked,
    mode,
    overlap,
    inFlight: Math.min(overlap, actors),
    instances,
    trackings: trackingsOf(design, sizes, tracked),
    isParanoid: false,
  };
}

/** The calls of a vector are not listed, which may be too many. */
export function sceneOf(
  design: AnyDesign,
  { bounds: given, scenario }: Pick<Vector, "bounds" | "scenario">,
): Scene {
  const bounds = resolveBounds(design, given);
  const m: unknown = design.machine(bounds);
  const sizes = design.sizes(m);
  const start = afterGiven(design, scenarioOf(design, scenario), m, sizes);
  const view = design.view(start, m) as Record<string, unknown>;
  const properties = [...design.promises, ...(design.statements ?? [])].map((property) => ({
    property,
    instances: instancesOver(property, sizes),
    unanswered: (property.needs ?? []).map(String).filter((question) => view[question] === undefined),
  }));
  return { design, bounds, scenario: scenario ?? EVERYTHING, m, start, sizes, properties };
}

/** The bounds of a vector with the design's defaults for the rest; refuses what cannot be. */
export function resolveBounds(design: AnyDesign, given: Bounds): Bounds {
  const names = Object.keys(design.bounds);
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(design.bounds, name) ? design.bounds[name] : undefined;
    if (rule === undefined) {
      throw new UsageError(`${design.name} has no bound "${name}"; its bounds are ${names.join(", ")}`);
    }
    if ("values" in rule) {
      if (!rule.values.includes(String(value))) {
        throw new UsageError(
          `${design.name}: ${name}=${value} is not one of ${rule.values.join(", ")} (${rule.says})`,
        );
      }
    } else if (
      !Number.isInteger(value) ||
      Number(value) < Math.min(1, rule.default) ||
      Number(value) > rule.most
    ) {
      throw new UsageError(
        `${design.name}: ${name}=${value} is impossible; ${name} (${rule.says}) is a whole number from ` +
          `${Math.min(1, rule.default)} to ${rule.most}`,
      );
    }
  }
  return Object.fromEntries(names.map((name) => [name, given[name] ?? design.bounds[name]!.default]));
}

export function scenarioOf(design: AnyDesign, name: string | undefined): Scenario {
  if (name === undefined || name === EVERYTHING) return { says: "every call" };
  const scenario = Object.hasOwn(design.scenarios, name) ? design.scenarios[name] : undefined;
  if (scenario === undefined) {
    const known = [EVERYTHING, ...Object.keys(design.scenarios)].join(", ");
    throw new UsageError(`${design.name} has no scenario "${name}"; it has ${known}`);
  }
  for (const call of [
    ...(scenario.calls ?? []),
    ...(scenario.without ?? []),
    ...Object.keys(scenario.only ?? {}),
  ]) {
    if (design.calls[call] === undefined) {
      throw new ModelError(
        `scenario "${name}" of ${design.name} names the call ${call}, which the design has not`,
        design.place,
        "a call that was renamed, or that a variant drops",
      );
    }
  }
  return scenario;
}

export function initialState(design: AnyDesign, m: unknown, sizes: Sizes): object {
  const state = firstValue(design.state, sizes) as object;
  design.init?.(state, m);
  const bad = outside(design.state, sizes, state, "");
  if (bad !== null) {
    throw new ModelError(
      `the initial state of ${design.name} has ${bad.path} = ${bad.found}; allowed: ${bad.allowed}`,
      design.place,
      "`init` that sets a cell beyond the bounds",
    );
  }
  return canonical(design.state, sizes, state) as object;
}

/** The state in which the calls that a scenario is given have been made. */
function afterGiven(design: AnyDesign, scenario: Scenario, m: unknown, sizes: Sizes): object {
  const state = initialState(design, m, sizes);
  for (const { call: name, params } of scenario.given ?? []) {
    const call = design.calls[name];
    const ended =
      call === undefined
        ? "no such call"
        : endOf(() => runWithLocks(makeInstance(name, call, params, sizes), state, m));
    if (ended === 0 || typeof ended === "object") continue;
    throw new ModelError(
      `the scenario is given ${callText(name, params)}, which ends with ${ended}`,
      design.place,
      "a call that a version has not or refuses, or one that needs another one before it",
    );
  }
  return canonical(design.state, sizes, state) as object;
}

/** What a given call comes to; a bug that it runs into is told as an end of its own. */
function endOf<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof KernelBug) return `a bug of the kernel: ${error.message}`;
    throw error;
  }
}

function actorsOf(bounds: Bounds, instances: readonly Instance[]): number {
  const actors = new Set(instances.map(({ name, call, params }) => actorOf(call.by, name, params)));
  return actors.size + (actors.has("task") ? Number(bounds["tasks"] ?? 1) - 1 : 0);
}

function overlapOf(mode: Mode, given: number | undefined, actors: number): number {
  if (mode === "overlap") {
    const overlap = given ?? 2;
    if (Number.isInteger(overlap) && overlap >= 1) return overlap;
    throw new UsageError(`overlap ${overlap} is impossible; it is a whole number from 1 on`);
  }
  if (given !== undefined) throw new UsageError(`overlap ${given} is for mode overlap, not for mode ${mode}`);
  return mode === "full" ? actors : 1;
}

function trackingsOf(design: AnyDesign, sizes: Sizes, tracked: Profile): Tracking[] {
  if (tracked === "full") return [TRACK_ALL];
  const leftOut = LEFT_OUT[tracked];
  if (tracked !== "watch") return [{ leftOut }];
  const places = locations(design.state, sizes);
  if (places.length === 0) {
    throw new UsageError(`${design.name} declares no location(…), so there is nothing to watch`);
  }
  return places.map((watched) => ({ leftOut, watched }));
}

function instancesOver(property: AnyProperty, sizes: Sizes): Readonly<Record<string, number>>[] {
  let all: Record<string, number>[] = [{}];
  for (const [name, index] of Object.entries(property.over)) {
    const values = allValues(index, sizes) as number[];
    all = all.flatMap((partial) => values.map((value) => ({ ...partial, [name]: value })));
  }
  return all;
}
