/** The calls that a reader may take: those that the trace's scenario tries, or all that the design has. */
import { EVERYTHING, scenarioOf, type Scene } from "../../checkers/explore/bounded.ts";
import { identity, inScenario, instancesOfCall } from "../../checkers/explore/instances.ts";
import { makeInstance, type Instance } from "../../checkers/explore/sequential.ts";
import type { TraceStep } from "../../spec/language/trace.ts";
import type { CallReach, Reach } from "./session.ts";

/** No more parameter sets of one call are listed, and no more of all calls are tried: a reader waits for them. */
const MOST_OF_A_CALL = 500;
const MOST = 800;

/** Those that are tried; `next` is always among them: what the trace does. */
export function callsWithin(scene: Scene, reach: Reach, next: TraceStep | undefined): readonly Instance[] {
  const found = listed(scene, reach).flatMap(({ sets }) => sets);
  if (next === undefined || (reach.call !== undefined && reach.call !== next.call)) return found;
  const key = identity([next.call, next.params]);
  if (found.some(({ name, params }) => identity([name, params]) === key)) return found;
  const { design, sizes } = scene;
  return [makeInstance(next.call, design.calls[next.call]!, next.params, sizes), ...found];
}

export function reachOf(scene: Scene, everything: boolean): CallReach[] {
  return listed(scene, { everything }).map(({ name, sets, count }) => {
    const { by, kernel } = scene.design.calls[name]!;
    return { call: name, by, kernel, sets: count, tried: sets.length };
  });
}

interface Listed {
  readonly name: string;
  readonly sets: readonly Instance[];
  /** How many there are; null: more than are listed. */
  readonly count: number | null;
}

const known = new WeakMap<Scene, Map<string, readonly Listed[]>>();

function listed(scene: Scene, { call, everything = false }: Reach): readonly Listed[] {
  let lists = known.get(scene);
  if (lists === undefined) known.set(scene, (lists = new Map()));
  const key = `${everything} ${call ?? ""}`;
  if (!lists.has(key)) lists.set(key, shared(list(scene, call, everything)));
  return lists.get(key)!;
}

function list(
  { design, m, sizes, scenario }: Scene,
  only: string | undefined,
  everything: boolean,
): Listed[] {
  const within = scenarioOf(design, everything ? EVERYTHING : scenario);
  return Object.entries(design.calls)
    .filter(([name, call]) => inScenario(name, call, within) && (only === undefined || name === only))
    .map(([name, call]) => {
      const sets: Instance[] = [];
      for (const instance of instancesOfCall(name, call, within, m, sizes)) {
        if (sets.length === MOST_OF_A_CALL) return { name, sets, count: null };
        sets.push(instance);
      }
      return { name, sets, count: sets.length };
    });
}

/** Of each call as many as there is room for when calls with few leave theirs to those with many. */
function shared(lists: readonly Listed[]): Listed[] {
  let room = MOST;
  let left = lists.length;
  const share = new Map<Listed, number>();
  for (const one of lists.toSorted((a, b) => a.sets.length - b.sets.length)) {
    const own = Math.min(one.sets.length, Math.floor(room / left));
    share.set(one, own);
    room -= own;
    left--;
  }
  return lists.map((one) => ({ ...one, sets: one.sets.slice(0, share.get(one)) }));
}
