/** What only calls that overlap can break: each is found, at its smallest bound, and its trace replays; what mends it holds. */
import { describe, expect, test } from "vitest";
import { goTo, live, retry, warnOn } from "../../spec/language.ts";
import { replay } from "../../checkers/trace/replay.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import {
  a,
  always,
  b,
  call,
  counter,
  outer,
  overlap,
  readers,
  reportOf,
  shown,
  sometimes,
  spec,
  table,
} from "./counter.ts";

/** Adds one to the counter, in two sections; `waiters` counts the calls that do so. */
function adding(under: "nothing" | "a lock"): AnyCall {
  return call({
    ...spec,
    returns: ["EBUSY"],
    keeps: { seen: { shape: { kind: "upTo", bound: "most" } } as never },
    sections: {
      "lock it": { when: () => under === "a lock", takes: () => a(0) },
      "read the counter": (s, c: any) => {
        if (s.waiters === 2) return "EBUSY";
        s.waiters++;
        c.seen = s.count;
        return undefined;
      },
      "write it back": (s, c: any) => void (s.count = c.seen + 1),
      "unlock it": { when: () => under === "a lock", drops: () => a(0) },
    },
  });
}

const exact = always({
  name: "exact",
  says: "each call that added is counted",
  source: "test",
  over: {},
  holds: ({ count, waiters }) => count === waiters,
});

describe("a lost update", () => {
  const lost = counter({ add: adding("nothing") }, [exact]);

  test("is found where two calls overlap, and neither in sequence nor with one at a time", async () => {
    const run = await overlap(lost);
    const { trace } = shown(lost, run, "exact");
    expect(trace.steps.map(({ thread, sections, begins, ends }) => [thread, sections, begins, ends])).toEqual(
      [
        [0, ["read the counter"], true, false],
        [1, ["read the counter"], true, false],
        [0, ["write it back"], false, true],
        [1, ["write it back"], false, true],
      ],
    );
    expect(trace.steps.map(({ actor }) => actor)).toEqual(["task 0", "task 1", "task 0", "task 1"]);
    for (const vector of [{ mode: "sequential" }, { overlap: 1 }, { bounds: { tasks: 1 } }] as const)
      expect(reportOf(await overlap(lost, vector), "exact").verdict).toBe("holds");
  });

  test("is no promise broken in the middle of a call, unless that is asked at any time", async () => {
    expect(reportOf(await overlap(counter({ add: adding("a lock") }, [exact])), "exact").verdict).toBe(
      "holds",
    );
    const behind = always({ ...exact, name: "never-one-in-flight", anytime: true, holds: (s) => !s.busy });
    const passing = call({
      ...spec,
      sections: { begin: (s) => void (s.busy = true), end: (s) => void (s.busy = false) },
    });
    const of = counter({ passing }, [behind]);
    expect(shown(of, await overlap(of), "never-one-in-flight").trace.steps.length).toBe(1);
    const quiet = counter({ passing }, [always({ ...exact, name: "quiet", holds: (s) => !s.busy })]);
    expect(reportOf(await overlap(quiet), "quiet").verdict).toBe("holds");
  });

  test("is not linearizable either, with the two calls and how they end in order", async () => {
    const run = await overlap(lost, {}, { only: new Set(["linearizable"]) });
    const { trace } = shown(lost, run, "linearizable");
    expect(trace.breach!.why).toBe(
      "add() and add() overlap, and end add with 0, add with 0; one after the other they end with (0, 0), in another state",
    );
    const locked = counter({ add: adding("a lock") }, [exact]);
    expect(reportOf(await overlap(locked), "linearizable").verdict).toBe("holds");
    const notAtomic = [{ calls: ["add", "add"], says: "let it", source: "test" }] as const;
    const declared = counter({ add: adding("nothing") }, [], { notAtomic });
    expect(reportOf(await overlap(declared), "linearizable").verdict).toBe("holds");
    expect(replay(declared, trace, "t").broken).toBe(false);
    expect(replay(locked, trace, "t")).toMatchObject({ broken: false });
  });
});

function nesting(first: typeof a, second: typeof a, under: "outer" | "nothing" = "nothing"): AnyCall {
  const guarded = (): boolean => under === "outer";
  return call({
    ...spec,
    sections: {
      "take the outer lock": { when: guarded, takes: () => outer(0) },
      "take the first": { takes: () => first(0) },
      "take the second": { takes: () => second(0) },
      "drop both": { drops: () => [second(0), first(0)] },
      "drop the outer lock": { when: guarded, drops: () => outer(0) },
    },
  });
}

describe("locks", () => {
  const abba = counter({ ab: nesting(a, b), ba: nesting(b, a) });

  test("that two calls take in opposite orders deadlock: who holds what, and waits for what", async () => {
    const { trace } = shown(abba, await overlap(abba), "no-deadlock");
    expect(trace.steps.map(({ call: name, holds }) => [name, holds])).toEqual([
      ["ab", ["lock_a[0]"]],
      ["ba", ["lock_b[0]"]],
    ]);
    expect(trace.blocked).toEqual([
      { thread: 0, for: "lock_b[0]" },
      { thread: 1, for: "lock_a[0]" },
    ]);
    expect(trace.breach!.why).toBe(
      'ab holds lock_a[0] and waits for lock_b[0] ("take the second"); ba holds lock_b[0] and waits for lock_a[0] ("take the second")',
    );
    const early = { ...trace, steps: trace.steps.slice(0, 1) };
    expect(replay(abba, early, "t").broken).toBe(false);
  });

  test.each([
    ["with one call at a time", abba, { overlap: 1 }],
    ["under an outer lock", counter({ ab: nesting(a, b, "outer"), ba: nesting(b, a, "outer") }), {}],
  ])("that nest both ways are told of where nothing deadlocks: %s", async (_name, of, vector) => {
    const run = await overlap(of, vector);
    expect(reportOf(run, "no-deadlock").verdict).toBe("holds");
    const { trace } = shown(of, run, "lock-order");
    expect(trace.breach!.why).toBe(
      'ba takes lock_a while holding lock_b ("take the second"); ab takes lock_b while holding lock_a ("take the second")',
    );
    const other = { ...trace, steps: trace.steps.slice(0, -1) };
    expect(replay(of, other, "t").broken).toBe(false);
  });

  test("that all calls nest alike are in order", async () => {
    expect(await overlap(counter({ ab: nesting(a, b), again: nesting(a, b) }))).toMatchObject({
      verdict: "holds",
    });
  });

  test("let readers share, and keep writers out", async () => {
    const inside = (mode: "read" | "write"): AnyCall =>
      call({
        ...spec,
        sections: {
          lock: { takes: () => table[mode](0), run: (s) => void s.waiters++ },
          unlock: { drops: () => table[mode](0), run: (s) => void s.waiters-- },
        },
      });
    const alone = always({ ...exact, name: "alone", anytime: true, holds: ({ waiters }) => waiters < 2 });
    expect(reportOf(await overlap(counter({ w: inside("write") }, [alone])), "alone").verdict).toBe("holds");
    const shared = counter({ r: inside("read") }, [alone]);
    expect(shown(shared, await overlap(shared), "alone").trace.steps.length).toBe(2);
  });
});

/** Frees the object, having waited for its readers or not. */
function freeing(waits: boolean): AnyCall {
  return call({
    ...spec,
    by: "kernel",
    sections: {
      "hide it": (s) => void (s.busy = true),
      synchronize_srcu: { when: () => waits, synchronizes: () => readers(0) },
      "free it": (s) => void (s.alive = false),
    },
  });
}
const reading = call({
  ...spec,
  returns: ["ENOENT"],
  sections: {
    enter: { takes: () => readers(0) },
    "look it up": (s) => (s.busy ? "ENOENT" : undefined),
    "read it": (s) => void live(s.alive ? s : null, "the object"),
    leave: { drops: () => readers(0) },
  },
});

describe("an object that is freed", () => {
  test("under its reader is used after free; the trace ends in the section that does so", async () => {
    const of = counter({ read: reading, free: freeing(false) });
    const { trace, replayed } = shown(of, await overlap(of), "no-use-after-free");
    expect(trace.breach!.why).toBe("the object is used after it was freed");
    expect(trace.steps.at(-1)).toMatchObject({
      call: "read",
      actor: "task 0",
      sections: ["read it"],
      result: null,
      ends: false,
      holds: ["srcu[0]"],
    });
    expect(replayed.states.length).toBe(trace.steps.length + 1);
    const fixed = counter({ read: reading, free: freeing(true) });
    const on = replay(fixed, trace, "t");
    expect(on.broken).toBe(false);
    expect(on.differences[0]!.what).toBe("free ran synchronize_srcu; the trace says free it");
  });

  test("once its readers have left is not, and nobody waits for ever", async () => {
    const fixed = counter({ read: reading, free: freeing(true) });
    expect(await overlap(fixed, { overlap: 3, bounds: { tasks: 2 } })).toMatchObject({ verdict: "holds" });
  });

  test("waits for the readers who were inside when it began to, and for no later ones", async () => {
    const passing = call({
      ...spec,
      sections: {
        enter: { takes: () => readers(0), run: (s) => void s.waiters++ },
        leave: { drops: () => readers(0), run: (s) => void s.waiters-- },
      },
    });
    const counting = call({
      ...spec,
      by: "kernel",
      sections: {
        begin: (s) => void (s.busy = true),
        synchronize_srcu: { synchronizes: () => readers(0), run: (s) => void (s.count = s.waiters) },
      },
    });
    const later = sometimes({
      ...exact,
      name: "a-later-one",
      anytime: true,
      holds: ({ count }) => count === 1,
    });
    const of = counter({ passing, counting }, [later]);
    expect(reportOf(await overlap(of), "a-later-one")).toMatchObject({ verdict: "holds", steps: 6 });
  });

  test("under a lock that its readers take waits for ever: a deadlock, and told by the order of locks", async () => {
    const inside = call({
      ...spec,
      sections: {
        enter: { takes: () => readers(0) },
        lock: { takes: () => a(0) },
        leave: { drops: () => [a(0), readers(0)] },
      },
    });
    const waiting = call({
      ...spec,
      sections: {
        lock: { takes: () => a(0) },
        synchronize_srcu: { synchronizes: () => readers(0) },
        unlock: { drops: () => a(0) },
      },
    });
    const of = counter({ inside, waiting });
    const run = await overlap(of);
    const { trace } = shown(of, run, "no-deadlock");
    expect(trace.steps.at(-1)).toMatchObject({ call: "waiting", waits: "the readers of srcu[0]" });
    expect(trace.blocked).toEqual([
      { thread: 0, for: "lock_a[0]" },
      { thread: 1, for: "the readers of srcu[0]" },
    ]);
    expect(shown(of, run, "lock-order").trace.breach!.why).toContain(
      'waiting waits for the readers of srcu while holding lock_a ("synchronize_srcu")',
    );
  });

  test("is used after free by a call alone too, and a WARN is a breach like it", async () => {
    const touch = call({
      ...spec,
      sections: {
        "count it": (s) => void (s.count = 1),
        "touch it": (s) => void live(s.alive ? s : null, "the object"),
      },
    });
    const of = counter({ touch, free: freeing(false) });
    const { trace } = shown(of, await overlap(of, { mode: "sequential" }), "no-use-after-free");
    expect(trace.steps.map(({ call: name, result }) => [name, result])).toEqual([
      ["free", 0],
      ["touch", null],
    ]);
    expect(trace.steps[1]!.changes).toEqual([{ cell: "count", from: 0, to: 1 }]);
    const warns = counter({
      warn: call({ ...spec, sections: { warn: (s) => warnOn(s.alive, "it lives") } }),
    });
    for (const mode of ["sequential", "overlap"] as const)
      expect(shown(warns, await overlap(warns, { mode }), "no-warning").trace.breach!.why).toBe("it lives");
  });
});

describe("a call that starts over", () => {
  const invalidating = call({
    ...spec,
    by: "kernel",
    sections: { begin: (s) => void (s.busy = true), end: (s) => void (s.busy = false) },
  });
  const faulting = call({
    ...spec,
    sections: {
      look: (s) => void (s.count = 1),
      "start over while somebody invalidates": (s) => (s.busy ? retry("look") : undefined),
    },
  });

  test("ends where the others do: they go on at some time, for the scheduler is fair", async () => {
    const of = counter({ invalidate: invalidating, fault: faulting });
    expect(reportOf(await overlap(of), "calls-end").verdict).toBe("holds");
    expect(reportOf(await overlap(of, { overlap: 3 }), "calls-end").verdict).toBe("holds");
  });

  test("is told from another one that is alike: one may wait for what the other does", async () => {
    const turn = call({
      ...spec,
      sections: {
        "come in": (s) => {
          if (s.busy) return goTo("wait until it has gone");
          s.busy = true;
          return undefined;
        },
        work: () => undefined,
        go: (s) => {
          s.busy = false;
          return 0;
        },
        "wait until it has gone": (s) => (s.busy ? retry("wait until it has gone") : 0),
      },
    });
    for (const tasks of [2, 3]) {
      const run = await overlap(counter({ turn }), { overlap: tasks, bounds: { tasks } });
      expect(reportOf(run, "calls-end").verdict).toBe("holds");
    }
  });

  test("for ever is a lasso: a stem, and a loop that leads back to where it began", async () => {
    const forgetting = call({ ...spec, by: "kernel", sections: { begin: (s) => void (s.busy = true) } });
    const of = counter({ invalidate: forgetting, fault: faulting });
    const { trace } = shown(of, await overlap(of), "calls-end");
    expect(trace.loop).toBeGreaterThan(0);
    const loop = trace.steps.slice(trace.loop).map(({ sections }) => sections[0]);
    expect(loop.sort()).toEqual(["look", "start over while somebody invalidates"]);
    const { loop: _, ...stem } = trace;
    expect(replay(of, stem, "t").broken).toBe(false);
    expect(replay(of, { ...trace, loop: trace.steps.length - 1 }, "t").broken).toBe(false);
    expect(shown(of, await overlap(of, { mode: "sequential" }), "calls-end").trace.steps.length).toBe(2);
  });

  test("in turn with another one, though each could end alone, is one too", async () => {
    const giveWay = (mine: "busy" | "alive", theirs: "busy" | "alive"): AnyCall =>
      call({
        ...spec,
        by: "kernel",
        sections: {
          "raise a flag": (s) => void (s[mine] = true),
          "is the other's up?": (s) => {
            if (!s[theirs]) return undefined;
            s[mine] = false;
            return retry("raise a flag");
          },
          "lower it": (s) => void (s[mine] = false),
        },
      });
    const of = counter({ one: giveWay("busy", "alive"), two: giveWay("alive", "busy") }, [], {
      init: () => {},
    });
    const { trace } = shown(of, await overlap(of), "calls-end");
    expect(new Set(trace.steps.slice(trace.loop).map(({ thread }) => thread))).toEqual(new Set([0, 1]));
    expect(trace.breach!.why).toContain("one and two can go round for ever");
  });
});
