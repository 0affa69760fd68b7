/** The search over orbits finds what the full one finds: as many states, the same breaches as soon, and paths that can be walked. */
import { describe, expect, test } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import { explore } from "../../checkers/explore/search.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import type { Store } from "../../checkers/explore/store.ts";
import { exploreOrbits } from "../../checkers/symmetry/explore.ts";
import { generators, type Group } from "../../checkers/symmetry/group.ts";
import { licenceFor, orbitOf, type Licence } from "../../checkers/symmetry/licence.ts";
import { Trial } from "../../checkers/symmetry/trial.ts";
import { traced } from "../../checkers/trace/traced.ts";
import { gmemSeq } from "../../models/gmem-seq.ts";
import { entryOf } from "../../models/registry.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { ids } from "../../spec/language.ts";
import { Switch, always, call, step, toy } from "../toy.ts";

const SMALL = { bounds: { vms: 2, files: 1, pages: 2, slots: 2, gfns: 2 } };
const vms = { bound: "vms", owner: null, classes: [[0, 1]] };
const slots = { bound: "slots", owner: null, classes: [[0, 1]] };

function of(design: AnyDesign, vector: Vector, group: Group): Licence {
  const subject = bounded(design, vector);
  return { group, subject, refused: [], meanings: new Map(), added: 0, tried: [] };
}

describe("the benchmark", () => {
  test.each([
    [[vms], 12_654],
    [[vms, slots], 6_714],
    [[vms, { ...slots, owner: "vms" }], 6_714],
  ] as const)("small has as many orbits as other checkers count", async (group, orbits) => {
    const { complete, states, found } = await exploreOrbits(of(gmemSeq, SMALL, group), { budget: NO_LIMIT });
    expect({ complete, states, found: found.size }).toEqual({ complete: true, states: orbits, found: 0 });
  });

  test("the states of all orbits together are those of the full search", async () => {
    for (const group of [[vms], [vms, slots], [vms, { ...slots, owner: "vms" }]]) {
      let store: Store | undefined;
      const onVisited = (_: unknown, visited: Store): void => void (store = visited);
      await exploreOrbits(of(gmemSeq, SMALL, group), { budget: NO_LIMIT, onVisited });
      const trial = new Trial(bounded(gmemSeq, SMALL), { states: 1, steps: 1 });
      const exchanges = generators(group, trial.probe.subject.sizes).map((one) => trial.exchange(one));
      const state = new Int32Array(store!.words);
      let sum = 0;
      for (let i = 0; i < store!.count; i++) {
        store!.read(i, state);
        sum += orbitOf(state, exchanges).count;
      }
      expect(sum).toBe(25_299);
    }
  });
});

/** What is found, and how soon; with every path walked on plain states. */
async function findings(
  design: AnyDesign,
  vector: Vector,
  upToOrbits = false,
): Promise<Record<string, number>> {
  const licence = licenceFor(design, vector, { upToOrbits });
  expect(licence.group.length).toBeGreaterThan(0);
  const { found, states } = await exploreOrbits(licence, { budget: NO_LIMIT });
  for (const breach of found.values()) expect(traced(licence.subject, breach, true)).not.toBeNull();
  const full = await explore(licence.subject, { budget: NO_LIMIT });
  expect(states).toBeLessThan(full.states);
  const steps = (of: typeof found): Record<string, number> =>
    Object.fromEntries([...of].map(([name, { path }]) => [name, path.length] as const).sort());
  expect(steps(found)).toEqual(steps(full.found));
  return steps(found);
}

describe("breaches", () => {
  test.each([
    ["gmem-seq-m1", { I1: 3 }],
    ["gmem-seq-m1own", { I1: 3 }],
    ["gmem-seq-m2", { I4: 5 }],
    ["gmem-seq-m1eq", {}],
  ])("%s: the same with and without", async (name, broken) => {
    const { design } = entryOf(name)!;
    expect(await findings(design, design.vectors[0]!)).toMatchObject(broken);
  });

  const turnOnLowest = call({
    kernel: "switch_on_any(), a toy",
    by: "task",
    takes: {},
    returns: ["EBUSY"],
    sections: {
      "take the lowest": (s) => {
        const at = ids(s.on).find((one) => !s.on[one]);
        if (at === undefined) return "EBUSY";
        s.on[at] = true;
        s.count++;
        return 0;
      },
    },
  });
  const promises = [
    always({
      name: "not-three",
      says: "no three are on",
      source: "…",
      over: { one: Switch },
      holds: (s, { one }) => !(s.count >= 3 && s.on[one]),
      why: (_, { one }) => `switch ${one} is on`,
    }),
    step({
      name: "never-last",
      says: "the last of two is not turned off",
      source: "…",
      over: { one: Switch },
      holds: (was, _, is, { one }) => !(was.on[one] && !is.on[one] && was.count === 2),
    }),
  ];

  test("of states and steps, with ids named or taken in order", async () => {
    const bounds = { switches: 4 };
    expect(await findings(toy({ promises }), { bounds })).toEqual({ "never-last": 3, "not-three": 3 });
    const lowest = toy({ promises, calls: { turn_on: turnOnLowest } });
    expect(await findings(lowest, { bounds }, true)).toEqual({ "never-last": 3, "not-three": 3 });
  });

  test("in a group too large to try every image", async () => {
    expect(await findings(toy({ promises }), { bounds: { switches: 6 } })).toMatchObject({ "not-three": 3 });
  });

  test("a trace names the calls that lead there, and not those of canonical states", async () => {
    const licence = licenceFor(toy({ promises }), { bounds: { switches: 4 } });
    const { found } = await exploreOrbits(licence, { budget: NO_LIMIT });
    const calls = found.get("not-three")!.path.map((k) => licence.subject.instances[k]!.params["at"]);
    expect(new Set(calls).size).toBe(3);
    const { instance, why } = found.get("not-three")!;
    expect(calls).toContain(instance["one"]);
    expect(why).toBe(`switch ${instance["one"]} is on`);
  });
});

test("the shipped ABI up to orbits, its slots permuted", async () => {
  const { design } = entryOf("guest-memfd-7.3")!;
  const vector: Vector = { bounds: { slots: 2 }, scenario: "slots", track: "skeleton" };
  expect(Object.keys(await findings(design, vector, true)).length).toBeGreaterThan(0);
});
