/** Whether a changed promise accepts more, and the other ways in which a design asks less of itself. */
import { describe, expect, test } from "vitest";
import { checkVector } from "../../checkers/explore/check.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { loosenings, type Listed } from "../../checkers/gate/loosened.ts";
import { STRICTER, WEAKER, asking } from "../../checkers/gate/weaker.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Property } from "../../spec/language/property.ts";
import { change } from "../../spec/language.ts";
import { Switch, always, sometimes, step, toy, turnOff, turnOn, type State } from "../toy.ts";

const head = { name: "p", says: "s", source: "test", over: {} };
const atMost = (n: number): Property<State> => always({ ...head, holds: (s) => s.count <= n });
const offBut = (but: number): Property<State> =>
  always({ ...head, over: { at: Switch }, holds: (s, { at }) => !s.on[at] || at === but });
const noFailure = (errno: string): Property<State> =>
  step({ ...head, asksResults: true, holds: (_before, { result }) => result !== errno });
const reached = (n: number): Property<State> => sometimes({ ...head, holds: (s) => s.count >= n });

/** In how many steps it is shown that a promise accepts more, and that it accepts less; null where it does not. */
async function compared(
  was: Property<State>,
  now: Property<State> | null,
): Promise<readonly [weaker: number | null, stricter: number | null]> {
  const design = asking(toy(), { bounds: {} }, { was, now });
  const { properties, complete } = await checkVector(design, { bounds: {} }, { budget: NO_LIMIT });
  expect(complete).toBe(true);
  const steps = (name: string): number | null => properties.find((one) => one.name === name)?.steps ?? null;
  return [steps(WEAKER), steps(STRICTER)];
}

describe("a promise against what it was, in the states of a design that breaks it", () => {
  test.each<[string, Property<State>, Property<State> | null, readonly [number | null, number | null]]>([
    ["accepts more", atMost(0), atMost(1), [1, null]],
    ["accepts less", atMost(1), atMost(0), [null, 1]],
    [
      "says the same otherwise",
      atMost(0),
      always({ ...head, holds: (s) => [...s.on].every((on) => !on) }),
      [null, null],
    ],
    ["is gone", atMost(1), null, [2, null]],
    ["looks at one instance less", offBut(-1), offBut(0), [1, null]],
    ["trades one instance for another", offBut(0), offBut(1), [1, 1]],
    ["is quantified otherwise, and rejects the same", atMost(0), offBut(-1), [null, null]],
    [
      "applies nowhere any more",
      atMost(0),
      always({ ...head, when: () => false, holds: () => true }),
      [1, null],
    ],
    ["of steps lets a failure through", noFailure("EBUSY"), noFailure("EPERM"), [2, null]],
    ["is reached sooner", reached(2), reached(1), [1, null]],
    ["is reached later", reached(1), reached(2), [null, 1]],
    [
      "needs what the view does not answer",
      atMost(0),
      always({ ...head, needs: ["none" as never], holds: () => true }),
      [1, null],
    ],
  ])("%s", async (_what, was, now, expected) => {
    expect(await compared(was, now)).toEqual(expected);
  });

  test("a promise that nothing breaks is weakened unseen", async () => {
    expect(await compared(atMost(2), atMost(5))).toEqual([null, null]);
  });

  test("the trace says why the old one rejected the state", async () => {
    const was = always({ ...head, holds: (s) => s.count < 1, why: (s) => `${s.count} are on` });
    const design = asking(toy(), { bounds: {} }, { was, now: atMost(2) });
    const { properties } = await checkVector(design, { bounds: {} }, { budget: NO_LIMIT });
    expect(properties.find(({ name }) => name === WEAKER)!.trace!.breach!.why).toBe("1 are on");
  });
});

const listed = (design: AnyDesign, more: Partial<Listed> = {}): Listed => ({
  design,
  kind: "shipped",
  breaks: [],
  ...more,
});
const base = {
  ...toy({ promises: [atMost(2)], vectors: [{ bounds: { switches: 3 }, quick: true }] }),
  contradiction: () => null,
};
const leaves = { EBUSY: { says: "x", source: "x", cells: /^count$/ } };

describe("a design against what it was", () => {
  test("that is the same asks nothing less", () => {
    expect(loosenings(listed(base), listed({ ...base }))).toEqual([]);
  });

  const breach = { property: "p", says: "known", source: "x" };
  const notAtomic = { calls: ["turn_on", "turn_off"] as const, says: "so it is", source: "x" };
  const given = [{ call: "turn_on", params: { at: 0 } }];
  const wider = { ...leaves.EBUSY, cells: /./ };
  const rising = { rising: { says: "up", calls: ["turn_on"] } };
  const call = (more: object): AnyDesign => ({
    ...base,
    calls: { ...base.calls, turn_on: { ...turnOn, ...more } },
  });
  const local = change(turnOn, { sections: { "turn it on": { local: true, run: () => undefined } } });
  test.each<[string, string, AnyDesign, AnyDesign, Partial<Listed>?, Partial<Listed>?]>([
    ["promise-dropped", "p", base, { ...base, promises: [] }],
    ["breach-declared", "p", base, { ...base, knownBreaches: [breach] }],
    ["breach-declared", "q", base, base, {}, { breaks: ["q"] }],
    ["mutant-not-caught", "q", base, base, { kind: "mutant", breaks: ["q"] }, { kind: "mutant" }],
    ["not-atomic-declared", "turn_off+turn_on", base, { ...base, notAtomic: [notAtomic] }],
    [
      "not-atomic-declared",
      "turn_off+turn_on",
      { ...base, notAtomic: [{ ...notAtomic, results: (a) => a === "EBUSY" }] },
      { ...base, notAtomic: [{ ...notAtomic, results: () => true }] },
    ],
    ["failure-may-change", "turn_on/EBUSY", base, call({ leaves })],
    ["failure-may-change", "turn_on/EBUSY", call({ leaves }), call({ leaves: { EBUSY: wider } })],
    ["section-local", "turn_on", base, { ...base, calls: { ...base.calls, turn_on: local } }],
    ["call-not-tried", "turn_on", base, call({ unexplored: "no need" })],
    ["vector-dropped", "vectors", base, { ...base, vectors: [{ bounds: { switches: 2 }, quick: true }] }],
    ["vector-dropped", "vectors", base, { ...base, vectors: [{ bounds: { switches: 3 } }] }],
    [
      "starts-elsewhere",
      "rising",
      { ...base, scenarios: rising, vectors: [...base.vectors, { bounds: {}, scenario: "rising" }] },
      {
        ...base,
        scenarios: { rising: { ...rising.rising, given } },
        vectors: [...base.vectors, { bounds: {}, scenario: "rising" }],
      },
    ],
    ["contradictions-unasked", "contradiction", base, toy({ promises: [atMost(2)], vectors: base.vectors })],
    ["expected-less", "catalogue", base, base, { kernel: "7.3" }],
    ["expected-less", "catalogue", base, base, {}, { kind: "proposal" }],
    ["expected-less", "catalogue", base, base, {}, { isDelta: true }],
  ])("%s: %s", (rule, about, was, now, before = {}, after = {}) => {
    const found = loosenings(listed(was, before), listed(now, after));
    expect(found.map((one) => [one.rule, one.about])).toEqual([[rule, about]]);
  });

  test("a question that the view answers no more silences the promise that needs it", () => {
    const asks = always({ ...head, needs: ["count"], holds: (s) => s.count <= 2 });
    const was = { ...base, promises: [asks] };
    const now = { ...was, view: ({ on }: { on: readonly boolean[] }) => ({ on }) };
    expect(loosenings(listed(was), listed(now)).map(({ rule }) => rule)).toEqual(["promise-not-answered"]);
  });

  test.each<[string, AnyDesign, AnyDesign, Partial<Listed>?]>([
    ["a promise more", base, { ...base, promises: [...base.promises, { ...atMost(1), name: "more" }] }],
    ["larger bounds", base, { ...base, vectors: [{ bounds: { switches: 4 }, quick: true }] }],
    ["a call less, which is the ABI's affair", base, { ...base, calls: { turn_off: turnOff } }],
    ["fewer cells that a failure leaves", call({ leaves }), base],
    ["a breach less", { ...base, knownBreaches: [breach] }, base],
  ])("%s is nothing less", (_what, was, now) => {
    expect(loosenings(listed(was), listed(now))).toEqual([]);
  });
});
