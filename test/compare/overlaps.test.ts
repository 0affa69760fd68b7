/** Two designs whose calls overlap: joint results that one of them alone has, with the run that shows them. */
import { describe, expect, test } from "vitest";
import { compareDesigns, sameBehaviour } from "../../checkers/compare/compare.ts";
import type { Comparison } from "../../checkers/compare/comparison.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { readTrace } from "../../checkers/trace/file.ts";
import { writeTrace } from "../../checkers/trace/text.ts";
import { replay } from "../../checkers/trace/replay.ts";
import { callsOf, design, live, mutex, record, retry, upTo } from "../../spec/language.ts";
import type { Bounds, ValueOf } from "../../spec/language.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";

const state = record({ taken: upTo("most"), gone: upTo("most") });
type State = ValueOf<typeof state>;
type Machine = { readonly most: number };
const { call } = callsOf<State, Machine>();
const lock = mutex("lock", "a toy");
const spec = { kernel: "a toy", by: "task", takes: {}, returns: ["EBUSY"] } as const;

/** Looks whether there is room, and takes it: under one lock, or without it. */
const take = (isLocked: boolean): AnyCall =>
  call({
    ...spec,
    sections: {
      "take the lock": isLocked ? { takes: () => lock(0) } : () => undefined,
      "look for room": (s) => (s.taken === 1 ? "EBUSY" : undefined),
      "take it": (s) => void s.taken++,
      "drop the lock": isLocked ? { drops: () => lock(0) } : () => undefined,
    },
  });
/** Looks at an object, and uses it. */
const use = (): AnyCall =>
  call({
    ...spec,
    sections: {
      "look whether it is there": (s) => (s.gone === 1 ? "EBUSY" : undefined),
      "use it": (s) => void live(s.gone === 1 ? null : s, "the object"),
    },
  });
const free = (): AnyCall =>
  call({ ...spec, returns: [], sections: { begin: () => undefined, free: (s) => void (s.gone = 1) } });

function toy(name: string, calls: Readonly<Record<string, AnyCall>>): AnyDesign {
  return design({
    name,
    says: "a toy",
    source: "test/compare/overlaps.test.ts",
    bounds: {
      tasks: { says: "tasks", default: 2, most: 3 },
      most: { says: "the most that is taken", default: 2, most: 3 },
    },
    machine: (bounds: Bounds): Machine => ({ most: Number(bounds["most"]) }),
    sizes: ({ most }) => ({ most }),
    state,
    calls: calls as never,
    view: (s) => s,
    promises: [],
    scenarios: {},
    vectors: [],
  }) as unknown as AnyDesign;
}

const OVERLAP: Vector = { bounds: {}, mode: "overlap" };
const locked = toy("locked", { take: take(true) });
const racing = toy("racing", { take: take(false) });
const compare = (a: AnyDesign, b: AnyDesign, vector = OVERLAP): Promise<Comparison> =>
  compareDesigns(a, b, [vector], { budget: NO_LIMIT, promises: false });
const told = ({ differences }: Comparison): string[] =>
  differences.map(
    ({ kind, subject, from, to, compatibility }) => `${kind} ${subject}: ${from} → ${to} (${compatibility})`,
  );

describe("joint results", () => {
  test("one that is gained breaks, and is shown", async () => {
    const comparison = await compare(locked, racing);
    expect(told(comparison)).toEqual([
      "outcome gained take ∥ take: (0, EBUSY) or (EBUSY, 0) → (0, 0) (breaks)",
    ]);
    const { a, b } = comparison.differences[0]!.traces;
    expect(a).toBeNull();
    expect(b!.steps.filter((step) => "ends" in step && step.ends).map(({ result }) => result)).toEqual([
      0, 0,
    ]);
    const { differences, broken } = replay(racing, readTrace(writeTrace(b!), "b"), "b");
    expect({ differences, broken }).toEqual({ differences: [], broken: null });
  });

  test("one that is lost is no break", async () => {
    const comparison = await compare(racing, locked);
    expect(told(comparison)).toEqual([
      "outcome lost take ∥ take: (0, 0) → (0, EBUSY) or (EBUSY, 0) (compatible)",
    ]);
    expect(comparison.differences[0]!.traces.b).toBeNull();
  });

  test("a bug of the kernel is one", async () => {
    const careful = {
      ...use(),
      sections: { all: (s: State) => (s.gone === 1 ? "EBUSY" : undefined) },
    } as AnyCall;
    const [a, b] = [
      toy("careful", { use: careful, free: free() }),
      toy("careless", { use: use(), free: free() }),
    ];
    expect(told(await compare(a, b))).toEqual([
      "outcome gained use ∥ free: (0, 0) or (EBUSY, 0) → uses freed memory (breaks)",
    ]);
  });

  test("one task has nobody to overlap with", async () => {
    const comparison = await compare(locked, racing, { ...OVERLAP, bounds: { tasks: 1 } });
    expect(told(comparison)).toEqual([]);
  });

  test("what the calls answer one after the other is told as that, and not of every overlap", async () => {
    const refusing: AnyCall = {
      ...take(true),
      returns: ["EAGAIN"],
      sections: {
        ...take(true).sections,
        "look for room": (s: State) => (s.taken === 1 ? "EAGAIN" : undefined),
      },
    };
    expect(told(await compare(locked, toy("again", { take: refusing })))).toEqual([
      "errno changed take: EBUSY → EAGAIN (breaks)",
    ]);
  });
});

test("a call that goes round for ever behind an overlap is shown once round", async () => {
  // Two calls lead there in one step, where they overlap, and in two, one after the other.
  const spin = (isPatient: boolean): AnyCall =>
    call({
      ...spec,
      returns: [],
      sections: {
        begin: () => undefined,
        spin: (s) => (s.gone === 1 && s.taken === 1 && !isPatient ? retry("begin") : undefined),
      },
    });
  const calls = { take: take(true), free: free() };
  const [a, b] = [true, false].map((isPatient) => toy("toy", { ...calls, spin: spin(isPatient) }));
  const { differences } = await compare(a!, b!);
  const hang = differences.find(({ kind }) => kind === "newly refused")!;
  expect([hang.subject, hang.from, hang.to]).toEqual(["spin", "0", "never ends"]);
  const { b: trace } = hang.traces;
  expect(trace!.mode).toBe("overlap");
  expect(trace!.steps.filter(({ call: name }) => name === "spin").length).toBeLessThan(6);
});

describe("the same behaviour", () => {
  test.each([
    ["of a design and itself", locked, locked, "same"],
    ["of a race and a lock", locked, racing, "different"],
  ])("%s", async (_name, a, b, expected) => {
    const { verdict, reason } = await sameBehaviour(a, b, OVERLAP, { budget: NO_LIMIT });
    expect({ verdict, reason }).toEqual({ verdict: expected, reason: null });
  });

  test("is not said where the results leave open which state it is", async () => {
    // The same results, and one of two states: which, cannot be told from them.
    const mark = (): AnyCall =>
      call({ ...spec, returns: [], sections: { begin: () => undefined, mark: (s) => void (s.gone = 1) } });
    const clear = (to: number): AnyCall =>
      call({ ...spec, returns: [], sections: { begin: () => undefined, clear: (s) => void (s.gone = to) } });
    const [a, b] = [0, 2].map((to) => toy("toy", { mark: mark(), clear: clear(to) }));
    const { verdict, reason } = await sameBehaviour(a!, b!, OVERLAP, { budget: NO_LIMIT });
    expect(verdict).toBe("incomplete");
    expect(reason).toMatch(/^\d+ overlaps lead to states that their results do not tell$/);
  });
});
