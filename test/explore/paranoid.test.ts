/** Runs in which nothing is trusted: as pinned where a design keeps to its domains, and `invalid` with the place of the access where one does not. */
import { describe, expect, test } from "vitest";
import { checkVector, type RunReport } from "../../checkers/explore/check.ts";
import { differences, vectorKey } from "../../checkers/explore/pin.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { pins } from "../../models/pins.ts";
import { entryOf } from "../../models/registry.ts";
import { bool, callsOf, design, maybe, per, record, upTo } from "../../spec/language.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { Switch, always, call, run, sometimes, step, toy, type State } from "../toy.ts";

const doubted = (of: AnyDesign, vector: Vector = { bounds: {} }): Promise<RunReport> =>
  checkVector(of, vector, { budget: NO_LIMIT, paranoid: true });

/** A few hundred states each at most: sequential, with cells left out, overlapping; that hold, and that do not. */
const SMALL: readonly [string, (vector: Vector) => boolean][] = [
  ["gmem-solo-skip", () => true],
  ["guest-memfd-6.8", ({ bounds, track }) => bounds["types"] === "default" && track === "skeleton"],
  ["reserved-attributes", ({ mode }) => mode === "overlap"],
  ["host-fault-under-invalidate-lock", () => true],
  ["cpuid-page-writeback", () => true],
];
describe.each(SMALL)("%s", (name, isMeant) => {
  const { design: of } = entryOf(name)!;
  const vectors = of.vectors.filter(isMeant);
  test("has such a vector", () => expect(vectors.length).toBeGreaterThan(0));
  test.each(vectors.map((vector) => [vectorKey(vector), vector] as const))(
    "is as pinned at %s",
    async (key, vector) => {
      expect(differences(pins[name]![key], await doubted(of, vector))).toEqual([]);
    },
  );
});

const spec = { kernel: "a toy", by: "task", takes: {}, returns: [] } as const;
/** A call whose section goes astray; what it does is no TypeScript. */
const astray = (run: (s: any, c: any) => unknown): AnyCall =>
  call({
    ...spec,
    keeps: { seen: upTo("switches"), marks: per(Switch, bool) },
    sections: { stray: run },
  } as never);

const strays: readonly [string, (s: any, c: any) => unknown, string, seen: boolean][] = [
  [
    "a write before a table",
    (s) => void (s.on[-1] = true),
    "sets on[-1]; the table has 2 entries, from 0 on",
    false,
  ],
  [
    "a write behind a table",
    (s) => void (s.on[2] = true),
    "sets on[2]; the table has 2 entries, from 0 on",
    true,
  ],
  ["a read before a table", (s) => void s.on[-1], "reads on[-1]; the table has 2 entries, from 0 on", false],
  ["a read behind a table", (s) => void s.on[7], "reads on[7]; the table has 2 entries, from 0 on", false],
  [
    "an index that is none",
    (s) => void s.on[null as never],
    "reads on[null]; the table has 2 entries",
    false,
  ],
  [
    "a read of no field",
    (s) => void s.size,
    "reads size; there is no such field, the record has on, count",
    false,
  ],
  [
    "a write of no field",
    (s) => void (s.size = 1),
    "sets size; there is no such field, the record has on, count",
    false,
  ],
  [
    "a value that is set right again",
    (s) => void ((s.count += 7), (s.count -= 7)),
    "sets count to 7; allowed: 0 to 2 (switches)",
    false,
  ],
  [
    "a table with an entry too much",
    (s) => void (s.on = [false, false, false]),
    "sets on to []; allowed: a table of 2",
    true,
  ],
  [
    "a table with a name",
    (s) => void (s.on = Object.assign([...s.on], { "-1": true })),
    "sets on[-1] to true; allowed: no such entry",
    false,
  ],
  ["a table that grows", (s) => void s.on.push(true), "sets on[2]; the table has 2 entries", true],
  ["a field that is deleted", (s) => void delete s.count, "deletes count", true],
  [
    "what is kept, outside of its domain",
    (_s, c) => void (c.seen = 3),
    "sets c.seen to 3; allowed: 0 to 2 (switches)",
    false,
  ],
  [
    "an entry of what is kept",
    (_s, c) => void (c.marks[2] = true),
    "sets c.marks[2]; the table has 2 entries",
    false,
  ],
  ["what is not kept", (_s, c) => void (c.sean = 1), "sets c.sean to 1; the call keeps seen, marks", false],
  [
    "a parameter that is none",
    (_s, c) => void c.at,
    "reads c.at; the call takes and keeps seen, marks",
    false,
  ],
];

describe("a model that goes astray", () => {
  test.each(strays)("%s is told with its place", async (_name, goes, what, seen) => {
    const of = toy({ calls: { odd: astray(goes) } });
    const { verdict, reason } = await doubted(of);
    expect({ verdict, reason }).toMatchObject({ verdict: "invalid", reason: expect.stringContaining(what) });
    expect(reason).toMatch(/^odd: section "stray" /);
    expect(reason).toMatch(/\n {2}at test\/explore\/paranoid\.test\.ts:\d+\n {2}usual cause: /);
    // What a fast run sees of it.
    expect((await run(of)).verdict === "invalid").toBe(seen);
  });

  const claim = { says: "looks too far", source: "a test" };
  const far = (s: State): boolean => s.on[7 as never] === true;
  test.each([
    ["in a state", always({ ...claim, name: "far", over: {}, holds: (s) => !far(s) })],
    ["in what must be reached", sometimes({ ...claim, name: "far", over: {}, holds: far })],
    ["in a step", step({ ...claim, name: "far", over: {}, holds: (was) => !far(was) })],
    [
      "before it says anything",
      always({ ...claim, name: "far", over: { at: Switch }, when: far, holds: () => true }),
    ],
  ])("a property that does so %s is told", async (_name, property) => {
    const { verdict, reason } = await doubted(toy({ promises: [property] }));
    expect(verdict).toBe("invalid");
    expect(reason).toMatch(
      /^property far reads on\[7\]; the table has 2 entries, from 0 on\n {2}at test\/explore\/paranoid/,
    );
    expect((await run(toy({ promises: [property] }))).verdict).not.toBe("invalid");
  });

  test("a view is told", async () => {
    const seen = { ...toy(), view: (s: State) => ({ first: s.on[-1 as never] }) };
    await expect(doubted(seen as AnyDesign)).resolves.toMatchObject({
      verdict: "invalid",
      reason: expect.stringContaining("reads on[-1]"),
    });
  });

  test("calls that overlap are told too, and by whom", async () => {
    const two = call({
      ...spec,
      sections: { look: () => undefined, stray: (s) => void (s.on[-1 as never] = true) },
    });
    const of = toy({ calls: { odd: two } });
    const { verdict, reason } = await doubted(of, { bounds: { switches: 1 }, mode: "overlap", overlap: 2 });
    expect(verdict).toBe("invalid");
    expect(reason).toMatch(/^odd: section "stray" sets on\[-1\]/);
  });
});

describe("what is sampled in fast runs", () => {
  test("a step that differs once in a long time is found", async () => {
    let n = 0;
    const fail = (): "EIO" | undefined => (++n % 1001 === 0 ? "EIO" : undefined);
    const rarely = call({ ...spec, returns: ["EIO"], sections: { fail } });
    const { verdict, reason } = await doubted(toy({ calls: { rarely } }), { bounds: { switches: 9 } });
    expect(verdict).toBe("invalid");
    expect(reason).toContain("is not deterministic");
  });

  test("a translation that leads elsewhere late is found", async () => {
    let late = false;
    const turns = call({
      ...spec,
      sections: {
        run: (s) => {
          // Twice the same, so that nothing but the translation tells: a variable has its first value there.
          if (s.count === 9) late = true;
          if (late && s.count === 10) s.count = 0;
        },
      },
    });
    const of = toy({ calls: { turns } });
    await expect(doubted(of, { bounds: { switches: 10 } })).rejects.toThrow("the translation of turns()");
  });
});

describe("states", () => {
  const state = record({ a: bool, b: upTo("n"), c: upTo("n") }, { b: (s) => !s.a, c: (s) => s.b === 0 });
  const { call: of } = callsOf<any, unknown>();
  const base = {
    name: "dead-by-the-dead",
    says: "a field that is dead by another one, which may be dead itself",
    source: "a test",
    bounds: { n: { says: "a count", default: 2, most: 2 } },
    machine: (bounds: unknown) => bounds,
    sizes: () => ({ n: 2 }),
    state,
    view: (s: unknown) => s,
    promises: [],
    scenarios: {},
    vectors: [{ bounds: {} }],
  };
  test("are packed, unpacked, and packed to the same words again", async () => {
    const set = of({
      ...spec,
      sections: { set: (s: any) => void Object.assign(s, { a: true, b: 1, c: 1 }) },
    });
    const unset = of({ ...spec, sections: { unset: (s: any) => void (s.a = false) } });
    const { verdict, reason } = await doubted(design({ ...base, calls: { set, unset } } as never));
    expect(verdict).toBe("invalid");
    expect(reason).toContain("packed, unpacked and packed again is another one");
  });

  test("are what they are without guards: copied, spread, searched, compared and kept", async () => {
    const inner = record({ n: upTo("n"), ids: per(Switch, bool) });
    const nested = record({ one: maybe(inner), two: maybe(inner), found: bool });
    const calls = {
      fill: of({ ...spec, sections: { fill: (s: any) => void (s.one ??= { n: 1, ids: [false, true] }) } }),
      move: of({
        ...spec,
        keeps: { of: maybe(inner) },
        sections: {
          keep: (s: any, c: any) => void (c.of = s.one),
          put: (s: any, c: any) => {
            if (c.of !== null) s.two = { ...c.of, ids: c.of.ids.map((on: boolean) => !on) };
          },
        },
      }),
      drop: of({ ...spec, sections: { drop: (s: any) => void (s.one = null) } }),
      look: of({
        ...spec,
        sections: {
          look: (s: any) => void (s.found = s.two !== null && s.two.ids.includes(true) && s.two === s.two),
        },
      }),
    };
    const two = { ...base, state: nested, sizes: () => ({ n: 2, switches: 2 }), calls };
    const fast = await run(design(two as never));
    const slow = await doubted(design(two as never));
    expect(fast.states).toBeGreaterThan(5);
    const { states, transitions, depth, levels, outcomes, verdict } = slow;
    expect({ states, transitions, depth, levels, outcomes, verdict }).toEqual({
      states: fast.states,
      transitions: fast.transitions,
      depth: fast.depth,
      levels: fast.levels,
      outcomes: fast.outcomes,
      verdict: fast.verdict,
    });
    for (const mode of ["overlap"] as const) {
      const vector = { bounds: {}, mode, overlap: 2 };
      const [a, b] = [
        await checkVector(design(two as never), vector, { budget: NO_LIMIT }),
        await doubted(design(two as never), vector),
      ];
      expect([b.verdict, b.states, b.transitions]).toEqual([a.verdict, a.states, a.transitions]);
    }
  });
});
