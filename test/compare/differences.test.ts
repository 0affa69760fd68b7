/** Each class of difference, on tables of a few states: what it is called, what it means, and how short the trace is. */
import { describe, expect, test } from "vitest";
import { compareDesigns } from "../../checkers/compare/compare.ts";
import type { Comparison } from "../../checkers/compare/comparison.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { propertiesOf } from "../../spec/language.ts";
import { KernelBug, CALLS_END } from "../../spec/language/kernel-bug.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { tableDesign, tabled, type Row, type State, type Table } from "./tables.ts";

const { always } = propertiesOf<State>();

/** A call that leads from state to state, and one that is asked there. */
const forward = tabled([
  [0, 1],
  [0, 2],
  ["EBUSY", 2],
]);
const answering = (table: Table): AnyDesign => tableDesign({ calls: { forward, ask: tabled(table) } });
/** Asks in the last state; before it, the call fails. */
const inTheEnd = (row: Row): AnyDesign => answering([["EINVAL", 0], ["EINVAL", 1], row]);

const compare = (a: AnyDesign, b: AnyDesign, more = {}): Promise<Comparison> =>
  compareDesigns(a, b, [{ bounds: {} }], { budget: NO_LIMIT, ...more });

/** "kind call: from → to (compatibility), n calls" */
const told = ({ differences }: Comparison): string[] =>
  differences.map(({ kind, subject, from, to, compatibility, traces: { a, b } }) => {
    const calls = Math.max(a?.steps.length ?? 0, b?.steps.length ?? 0);
    return `${kind} ${subject}: ${from} → ${to} (${compatibility}), ${calls} calls`;
  });

describe("one call at a time", () => {
  test.each<[string, Row, Row, string]>([
    ["a success that fails", [0, 2], ["EBUSY", 2], "newly refused ask: 0 → EBUSY (breaks), 3 calls"],
    ["a failure that succeeds", ["EBUSY", 2], [0, 2], "newly allowed ask: EBUSY → 0 (extends), 3 calls"],
    ["another errno", ["EBUSY", 2], ["EEXIST", 2], "errno changed ask: EBUSY → EEXIST (breaks), 3 calls"],
    ["another value", ["v1", 2], ["v2", 2], "different value ask: value 1 → value 2 (breaks), 3 calls"],
    [
      "an exit for a success",
      [0, 2],
      ["KVM_EXIT_MMIO", 2],
      "different value ask: 0 → KVM_EXIT_MMIO (breaks), 3 calls",
    ],
    [
      "a value where anything was right",
      ["v?", 2],
      ["v2", 2],
      "different value ask: undefined contents → value 2 (extends), 3 calls",
    ],
    [
      "anything where a value was right",
      ["v2", 2],
      ["v?", 2],
      "different value ask: value 2 → undefined contents (breaks), 3 calls",
    ],
    [
      "a call that cannot be made any more",
      [0, 2],
      ["disabled", 2],
      "newly refused ask: 0 → cannot be made (breaks), 3 calls",
    ],
    [
      "a call that could not be made",
      ["disabled", 2],
      [0, 2],
      "newly allowed ask: cannot be made → 0 (extends), 3 calls",
    ],
    [
      "a call that could not be made, and fails",
      ["disabled", 2],
      ["EBUSY", 2],
      "errno changed ask: cannot be made → EBUSY (extends), 3 calls",
    ],
  ])("%s", async (_name, before, after, expected) => {
    const comparison = await compare(inTheEnd(before), inTheEnd(after));
    expect(told(comparison)).toEqual([expected]);
    expect(comparison.compatibility).toBe(comparison.differences[0]!.compatibility);
    expect(comparison.complete).toBe(true);
  });

  test("both traces make the same calls, and end differently", async () => {
    const { differences } = await compare(inTheEnd([0, 2]), inTheEnd(["EBUSY", 2]));
    const { a, b } = differences[0]!.traces;
    const called = (trace: typeof a): string[] => trace!.steps.map(({ call }) => call);
    expect(called(a)).toEqual(["forward", "forward", "ask"]);
    expect(called(b)).toEqual(called(a));
    expect([a, b].map((trace) => trace!.steps.at(-1)!.result)).toEqual([0, "EBUSY"]);
  });

  test("a call that one design alone has is a difference where it does what it is asked", async () => {
    const ask = tabled([
      ["EINVAL", 0],
      [0, 1],
      [0, 2],
    ]);
    const [without, having] = [tableDesign({ calls: { forward } }), tableDesign({ calls: { forward, ask } })];
    expect(told(await compare(without, having))).toEqual([
      "newly allowed ask: no such call → 0 (extends), 2 calls",
    ]);
    expect(told(await compare(having, without))).toEqual([
      "newly refused ask: 0 → no such call (breaks), 2 calls",
    ]);
  });

  test("a call that never ended was nothing to rely on", async () => {
    const hangs = tabled([[0, 0]]);
    const stuck: AnyCall = {
      ...hangs,
      sections: {
        hang: () => {
          throw new KernelBug(CALLS_END, "for ever");
        },
      },
    };
    const [a, b] = [
      tableDesign({ calls: { ask: stuck }, states: 1 }),
      tableDesign({ calls: { ask: tabled([["EBUSY", 0]]) }, states: 1 }),
    ];
    expect(told(await compare(a, b, { promises: false }))).toEqual([
      "errno changed ask: never ends → EBUSY (extends), 1 calls",
    ]);
    expect(told(await compare(b, a, { promises: false }))).toEqual([
      "errno changed ask: EBUSY → never ends (breaks), 1 calls",
    ]);
  });

  test.each([
    ["v1", "v3", "newly allowed ask: value 1 → value 3 (extends), 1 calls"],
    ["v3", "v2", "newly refused ask: value 3 → value 2 (breaks), 1 calls"],
    ["v1", "v2", "different value ask: value 1 → value 2 (breaks), 1 calls"],
  ])("what is offered, from %s to %s", async (before, after, expected) => {
    const offering = (value: string): AnyDesign =>
      tableDesign({ calls: { ask: tabled(Array<Row>(4).fill([value, 0]), true) }, states: 4 });
    expect(told(await compare(offering(before), offering(after)))).toEqual([expected]);
  });
});

describe("what follows a difference", () => {
  test("two errors are followed, each into the state behind it", async () => {
    // The second call fails in both, and leaves another state in the second design alone.
    const failing = (to: number): AnyCall => ({
      ...tabled(Array<Row>(3).fill([to === 0 ? "EBUSY" : "EINVAL", to])),
      leaves: { EINVAL: { says: "a toy", source: "a toy" } },
    });
    const ask = tabled([
      ["v1", 0],
      ["v2", 1],
      ["v2", 2],
    ]);
    const [a, b] = [0, 1].map((to) => tableDesign({ calls: { fail: failing(to), ask } }));
    expect(told(await compare(a!, b!))).toEqual([
      "different value ask: value 1 → value 2 (breaks), 2 calls",
      "errno changed fail: EBUSY → EINVAL (breaks), 1 calls",
    ]);
  });

  test("nothing is compared behind a call that one design refuses", async () => {
    const go = (refuses: boolean): AnyCall =>
      tabled([
        [refuses ? "EBUSY" : 0, refuses ? 0 : 1],
        [0, 1],
        [0, 2],
      ]);
    const ask = tabled([
      ["v1", 0],
      ["v2", 1],
      ["v2", 2],
    ]);
    const [a, b] = [false, true].map((refuses) => tableDesign({ calls: { go: go(refuses), ask } }));
    expect(told(await compare(a!, b!))).toEqual(["newly refused go: 0 → EBUSY (breaks), 1 calls"]);
  });

  test("that a model has no room behind its checks is not told beside the checks", async () => {
    // The first design refuses everywhere; the second one allows, and then has no room.
    const [a, b] = [
      [
        ["EINVAL", 0],
        ["EINVAL", 1],
        ["EINVAL", 2],
      ],
      [
        [0, 1],
        ["disabled", 1],
        ["disabled", 2],
      ],
    ] as const;
    expect(told(await compare(answering(a), answering(b)))).toEqual([
      "newly allowed ask: EINVAL → 0 (extends), 1 calls",
    ]);
  });
});

describe("promises", () => {
  const low = always({
    name: "low",
    says: "the state is low",
    source: "a toy",
    over: {},
    holds: ({ at }) => at < 2,
  });
  /** Answers 0 for ever; where it leads to cannot be seen. */
  const hidden = (to: number): AnyDesign =>
    tableDesign({
      calls: {
        go: tabled([
          [0, 1],
          [0, to],
          [0, to],
        ]),
      },
      promises: [low],
    });

  test("one that is lost breaks, with all answers alike", async () => {
    const comparison = await compare(hidden(1), hidden(2));
    expect(told(comparison)).toEqual(["promise lost low: holds → violated (breaks), 2 calls"]);
    expect(comparison.compatibility).toBe("breaks");
  });

  test("one that is gained breaks nothing", async () => {
    const comparison = await compare(hidden(2), hidden(1));
    expect(told(comparison)).toEqual(["promise gained low: violated → holds (compatible), 2 calls"]);
    expect(comparison.compatibility).toBe("compatible");
  });

  test("an extension with a promise lost breaks", async () => {
    const reaching = (result: Row[0], to: number): AnyDesign =>
      tableDesign({ calls: { go: tabled(Array<Row>(3).fill([result, to])) }, promises: [low] });
    const comparison = await compare(reaching("EBUSY", 0), reaching(0, 2));
    expect(comparison.differences.map(({ kind }) => kind)).toEqual(["promise lost", "newly allowed"]);
    expect(comparison.compatibility).toBe("breaks");
  });
});

describe("how far it goes", () => {
  test("out of budget, it is not complete, and says why", async () => {
    const { complete, reason, compatibility } = await compare(inTheEnd([0, 2]), inTheEnd([0, 2]), {
      budget: { ...NO_LIMIT, states: 1 },
    });
    expect({ complete, reason, compatibility }).toEqual({
      complete: false,
      reason: "more than 1 states",
      compatibility: "compatible",
    });
  });

  test("a vector that one of the designs cannot be run at is refused", async () => {
    const [a, b] = [inTheEnd([0, 2]), inTheEnd([0, 2])];
    const at = (bounds: object, scenario?: string): Promise<Comparison> =>
      compareDesigns(a, b, [{ bounds: bounds as never, ...(scenario === undefined ? {} : { scenario }) }], {
        budget: NO_LIMIT,
      });
    await expect(at({ vms: 1 })).rejects.toThrow(
      'neither table nor table has a bound "vms"; their bounds are states',
    );
    await expect(at({ states: 99 })).rejects.toThrow("states=99 is impossible");
    await expect(at({}, "none")).rejects.toThrow(
      'neither table nor table has a scenario "none"; they have everything',
    );
  });
});
