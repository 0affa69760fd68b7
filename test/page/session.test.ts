/** Traces that are run again where they are looked at: what is broken, what else could be done, and what comes of doing it. */
import { describe, expect, test } from "vitest";
import { bounded, sceneOf, scenarioOf } from "../../checkers/explore/bounded.ts";
import { instancesOfCall } from "../../checkers/explore/instances.ts";
import { makeInstance, type Instance } from "../../checkers/explore/sequential.ts";
import { Asking } from "../../checkers/fuzz/asking.ts";
import { replay } from "../../checkers/trace/replay.ts";
import { Runner } from "../../checkers/trace/run.ts";
import { traceJson } from "../../checkers/trace/text.ts";
import { openSession } from "../../page/session/open.ts";
import type { Choice, Session } from "../../page/session/session.ts";
import { TRACE_FORMAT } from "../../spec/language/trace.ts";
import { isAsOnTheCommandLine, replays } from "./same-as-command-line.ts";
import { sessionOf, storedOf } from "./stored.ts";

/** Each kind of breach once, and designs that have not the common vocabulary; all of them are in session.large.ts. */
const SAMPLE = [
  "guest-memfd-7.3/calls-end.json",
  "guest-memfd-7.3/contents-come-from-the-file.json",
  "guest-memfd-7.3/linearizable.json",
  "guest-memfd-7.3/lock-order.json",
  "guest-memfd-7.3/no-deadlock.json",
  "guest-memfd-7.3/no-use-after-free.json",
  "mf-delayed-reported-failed/failed-call-changes-nothing.json",
  "forgotten-pin/host-never-maps-private.json",
  "gmem-seq-m1/I1.json",
  // A bug of the kernel that one call runs into alone.
  "technologies-7.3/calls-end.json",
];

describe("what is broken at the end is what the command line says", () => {
  test.each(SAMPLE)("%s", isAsOnTheCommandLine);
});

/** Always the same numbers. */
function numbers(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state % most;
  };
}

/** A reader who takes steps at will from moments at will. */
function wander(session: Session, seed: number, steps: number): Session {
  const random = numbers(seed);
  let now = session;
  for (let i = 0; i < steps; i++) {
    const index = i === 0 ? random(now.moments.length) : now.moments.length - 1;
    const choices = now.choicesAt(index);
    if (choices.length === 0) return now;
    now = now.branch(index, choices[random(choices.length)]!);
  }
  return now;
}

describe("branches", () => {
  test.each([
    "guest-memfd-7.3/linearizable.json",
    "guest-memfd-7.3/calls-end.json",
    "mf-delayed-reported-failed/failed-call-changes-nothing.json",
    "gmem-seq-m1/I1.json",
    "forgotten-pin/host-never-maps-private.json",
  ])("what a reader does in %s is a trace that replays", async (file) => {
    const session = await sessionOf(file);
    for (let seed = 1; seed <= 6; seed++) {
      const branch = wander(session, seed, 5);
      const isNowBroken = branch.moments.at(-1)!.breaches.length > 0;
      replays(branch, isNowBroken ? true : null);
      expect(branch.moments.map(({ label }) => label)).toEqual(
        openSession(branch.design, branch.toTrace()).moments.map(({ label }) => label),
      );
    }
  });

  test("the next step is one of the choices, and taking it leads on as the trace does", async () => {
    for (const file of [
      "guest-memfd-7.3/linearizable.json",
      "guest-memfd-7.3/no-deadlock.json",
      "forgotten-pin/host-never-maps-private.json",
      "mf-delayed-reported-failed/failed-call-changes-nothing.json",
    ]) {
      const session = await sessionOf(file);
      let now = session;
      for (const [index] of session.moments.slice(1).entries()) {
        const choices: readonly Choice[] = (index === 0 ? session : now).choicesAt(index);
        const [next, ...others] = session.choicesAt(index).filter(({ isNext }) => isNext);
        expect(others).toEqual([]);
        expect(choices.map(({ key }) => key)).toContain(next!.key);
        now = (index === 0 ? session : now).branch(index, next!);
        expect(now.moments.at(-1)!.state).toEqual(session.moments[index + 1]!.state);
      }
      expect(now.moments.at(-1)!.breaches[0]!.property).toBe(session.property);
    }
  });

  test("what a choice is said to lead to is what it leads to", async () => {
    const session = await sessionOf("guest-memfd-7.3/linearizable.json");
    for (const index of [3, 9, session.moments.length - 2]) {
      for (const choice of session.choicesAt(index)) {
        const { result, changes } = session.branch(index, choice).moments.at(-1)!;
        expect([choice.label, result, changes.length]).toEqual([choice.label, choice.result, choice.changes]);
      }
    }
  });

  test("a call beyond the scenario can be taken, and is replayed too", async () => {
    const session = await sessionOf("guest-memfd-7.3/contents-come-from-the-file.json");
    const inside = new Set(session.choicesAt(2).map(({ key }) => key));
    const beyond = session.choicesAt(2, { everything: true }).filter(({ key }) => !inside.has(key));
    expect(beyond.length).toBeGreaterThan(10);
    for (const choice of [beyond[0]!, beyond.at(-1)!]) replays(session.branch(2, choice), null);
    const [one] = session.calls(true);
    expect(
      session.choicesAt(2, { everything: true, call: one!.call }).every(({ call }) => call === one!.call),
    ).toBe(true);
  });

  test("no more calls are in flight than the run had, and no actor makes two", async () => {
    const session = await sessionOf("guest-memfd-7.3/linearizable.json");
    const beginning = (at: Session, index: number): readonly Choice[] =>
      at.choicesAt(index, { everything: true }).filter(({ kind }) => kind === "begin");
    for (const { index, inFlight } of session.moments)
      if (inFlight >= 2) expect(beginning(session, index)).toEqual([]);
    const last = session.moments.findLastIndex(({ inFlight }) => inFlight === 0);
    const first = beginning(session, last).find(
      ({ actor, result }) => /^vCPU/.test(actor) && result === null,
    )!;
    const busy = session.branch(last, first);
    const others = beginning(busy, last + 1);
    expect(others.length).toBeGreaterThan(0);
    expect(others.map(({ actor }) => actor)).not.toContain(first.actor);
  });
});

describe("breaches on the way", () => {
  test.each([
    "forgotten-pin/host-never-maps-private.json",
    "technologies-7.3/mapped-where-it-belongs.json",
    // Reaches what is to be reached some time, which is no breach.
    "link-guest-memfd/page-in-one-guest.json",
    // Breaks several promises, the first of them on the way.
    "memfile-two-slots/contents-come-from-the-file.json",
  ])("every moment of %s is asked as a search asks it", async (file) => {
    const { design, document } = await storedOf(file);
    const session = openSession(design, document);
    const { bounds, scenario } = session.trace;
    const subject = bounded(design, { bounds, scenario });
    const asking = new Asking(subject, () => true, new Set());
    const [start, ...later] = session.moments.map(({ state }) => ({
      state: state as object,
      view: design.view(state, subject.m) as unknown,
    }));
    let before = start!;
    for (const [i, after] of later.entries()) {
      const { step, breaches } = session.moments[i + 1]!;
      const made = makeInstance(step!.call, design.calls[step!.call]!, step!.params, subject.sizes);
      const first = [
        asking.ofStep(made, step!.result!, before, after, step!.changes.length > 0),
        asking.ofState(after.view, false),
      ].filter((breach) => breach !== null);
      expect(breaches.length > 0).toBe(first.length > 0);
      for (const { property, why } of first)
        expect(breaches.map((one) => [one.property, one.why])).toContainEqual([property, why]);
      before = after;
    }
  });

  test("with calls in flight only what holds at any time is asked", async () => {
    const session = await sessionOf("guest-memfd-7.3/no-use-after-free.json");
    const anytime = new Map(
      [...session.design.promises, ...(session.design.statements ?? [])].map((property) => [
        property.name,
        property.kind !== "step" && property.anytime === true,
      ]),
    );
    const between = session.moments.filter(({ inFlight }) => inFlight > 0);
    expect(between.length).toBeGreaterThan(5);
    for (const { breaches } of between)
      for (const { property } of breaches)
        expect([property, anytime.get(property) ?? true]).toEqual([property, true]);
  });
});

describe("what a file says wrongly", () => {
  test("another result is told, and the run is what the design does", async () => {
    const { design, document } = await storedOf("forgotten-pin/host-never-maps-private.json");
    const steps = structuredClone(document.steps) as { result: unknown }[];
    steps[0]!.result = "EPERM";
    const session = openSession(design, { ...document, steps });
    expect(session.differences).toEqual([
      expect.stringMatching(/^call 1: .* ended with .*; the trace says EPERM$/),
    ]);
    expect(session.moments[1]!.result).not.toBe("EPERM");
  });

  test("a breach that is not there is not shown", async () => {
    const { design, document } = await storedOf("forgotten-pin/host-never-maps-private.json");
    const session = openSession(design, { ...document, steps: document.steps.slice(0, -1) });
    expect(session.moments.at(-1)!.breaches).toEqual([]);
    expect(session.differences).toEqual(["host-never-maps-private is not broken at the end"]);
    const replayed = replay(design, session.trace, "cut");
    expect(replayed.broken).toBe(false);
  });

  test("a trace of another design is refused with what to do", async () => {
    const { document } = await storedOf("forgotten-pin/host-never-maps-private.json");
    const { design } = await storedOf("guest-memfd-7.3/calls-end.json");
    expect(() => openSession(design, document, "x.json")).toThrow(
      /x\.json: design: the trace is of forgotten-pin/,
    );
  });
});

describe("large bounds", () => {
  test("not every parameter set is tried, which is told; what the trace does next always is", async () => {
    const { design } = await storedOf("guest-memfd-7.3/calls-end.json");
    const bounds = { vms: 4, files: 4, pages: 8, slots: 4, gfns: 8, vcpus: 2 };
    const { m, sizes, start, scenario } = sceneOf(design, { bounds });
    const name = "set_user_memory_region2";
    // Behind all that are listed.
    const sets = instancesOfCall(name, design.calls[name]!, scenarioOf(design, scenario), m, sizes);
    const [far] = [...Array(900)].map(() => sets.next().value as Instance).slice(-1);
    const step = new Runner(design, m, sizes, start).make(far!)!;
    const head = { format: TRACE_FORMAT, design: design.name, mode: "sequential", bounds, scenario } as const;
    const trace = { ...head, tracked: "full", breach: null, steps: [step] } as const;
    const session = openSession(design, traceJson(trace));
    expect(session.differences).toEqual([]);
    const calls = new Map(session.calls().map((one) => [one.call, one]));
    expect(calls.get(name)).toMatchObject({ sets: null });
    expect(calls.get(name)!.tried).toBeGreaterThan(10);
    expect(calls.get("create_vm")!.tried).toBe(calls.get("create_vm")!.sets);
    expect([...calls.values()].reduce((sum, { tried }) => sum + tried, 0)).toBeLessThanOrEqual(800);
    const next = session.choicesAt(0, { call: name }).filter(({ isNext }) => isNext);
    expect(next.map(({ params }) => params)).toEqual([far!.params]);
  });
});
