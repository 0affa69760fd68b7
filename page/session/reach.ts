/** The calls that a reader may take: those that the trace's scenario tries, or all that the design has. */
import { EVERYTHING, scenarioOf, type Scene } from "../../checkers/explore/bounded.ts";
import { inScenario, instancesOf } from "../../checkers/explore/instances.ts";
import type { Instance } from "../../checkers/explore/sequential.ts";
import { UsageError } from "../../checkers/usage-error.ts";
import type { CallReach, Reach } from "./session.ts";

/** Those of one call are listed once; a call with too many parameter sets to list has none. */
const listed = new WeakMap<Scene, Map<string, readonly Instance[] | null>>();

export function callsWithin(scene: Scene, { call, everything = false }: Reach): readonly Instance[] {
  const { design } = scene;
  const names = call === undefined ? Object.keys(design.calls) : [call];
  return names.flatMap((name) => setsOf(scene, name, everything) ?? []);
}

/** Each call with the number of parameter sets that are tried. */
export function reachOf(scene: Scene, everything: boolean): CallReach[] {
  const { design } = scene;
  const scenario = scenarioOf(design, everything ? EVERYTHING : scene.scenario);
  return Object.entries(design.calls)
    .filter(([name, call]) => inScenario(name, call, scenario))
    .map(([name, { by, kernel }]) => ({
      call: name,
      by,
      kernel,
      sets: setsOf(scene, name, everything)?.length ?? null,
    }));
}

function setsOf(scene: Scene, name: string, everything: boolean): readonly Instance[] | null {
  let known = listed.get(scene);
  if (known === undefined) listed.set(scene, (known = new Map()));
  const key = `${everything ? "everything" : "scenario"} ${name}`;
  if (!known.has(key)) known.set(key, list(scene, name, everything));
  return known.get(key)!;
}

function list(
  { design, m, sizes, scenario }: Scene,
  name: string,
  everything: boolean,
): readonly Instance[] | null {
  const call = design.calls[name];
  if (call === undefined) return [];
  try {
    return instancesOf({ [name]: call }, scenarioOf(design, everything ? EVERYTHING : scenario), m, sizes);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}
