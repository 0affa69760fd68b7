/** What is merged is not lost: with and without merging, the same quiescent states are reached and the same promises hold. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { bounded } from "../../checkers/explore/bounded.ts";
import { a, always, b, call, counter, overlap, shown, spec } from "./counter.ts";

/** The quiescent states that a search reaches, and what it says of each property. */
async function outcome(of: AnyDesign, merges: boolean) {
  const { inFlight } = bounded(of, { bounds: {}, mode: "overlap" });
  const quiescent = new Set<string>();
  let states = 0;
  const run = await overlap(
    of,
    {},
    {
      merges,
      onVisited: (_, { count, words, log }) => {
        states = count;
        for (let i = 0; i < count; i++) {
          const state = [...log.subarray(i * words, (i + 1) * words)];
          const flight = state.splice(words - inFlight);
          if (flight.every((frame) => frame === 0)) quiescent.add(state.join());
        }
      },
    },
  );
  expect(run.reason).toBe(null);
  return { states, quiescent, verdicts: run.properties.map(({ name, verdict }) => [name, verdict]), run };
}

const even = always({
  name: "even",
  says: "both counters move together",
  source: "test",
  over: {},
  holds: ({ count, waiters }) => count === waiters,
});

/** What a call of a few sections may do, one after the other; `local` looks at nothing that others write. */
const ACTIONS = [
  "count up",
  "count down",
  "wait up",
  "wait down",
  "local",
  "take a",
  "take b",
  "drop",
] as const;
function callOf(actions: readonly (typeof ACTIONS)[number][]): AnyCall {
  const held: (typeof a)[] = [];
  const sections: Record<string, unknown> = { begin: () => undefined };
  actions.forEach((action, i) => {
    const name = `${i} ${action}`;
    if (action === "local") sections[name] = { local: true, run: () => undefined };
    else if (action === "count up") sections[name] = (s: any) => void (s.count = Math.min(2, s.count + 1));
    else if (action === "count down") sections[name] = (s: any) => void (s.count = Math.max(0, s.count - 1));
    else if (action === "wait up") sections[name] = (s: any) => void (s.waiters = Math.min(2, s.waiters + 1));
    else if (action === "wait down")
      sections[name] = (s: any) => void (s.waiters = Math.max(0, s.waiters - 1));
    else if (action === "drop") {
      const lock = held.pop();
      if (lock !== undefined) sections[name] = { drops: () => lock(0) };
    } else {
      const lock = action === "take a" ? a : b;
      if (held.includes(lock)) return;
      held.push(lock);
      sections[name] = { takes: () => lock(0) };
    }
  });
  sections["drop the rest"] = { drops: () => held.map((lock) => lock(0)) };
  return call({ ...spec, sections } as never);
}
const calls = fc.array(fc.constantFrom(...ACTIONS), { maxLength: 6 }).map(callOf);

describe("merging", () => {
  test.prop([calls, calls], { numRuns: 60 })("loses no quiescent state and no breach", async (one, two) => {
    const of = counter({ one, two }, [even]);
    const [merged, apart] = [await outcome(of, true), await outcome(of, false)];
    expect(merged.quiescent).toEqual(apart.quiescent);
    expect(merged.verdicts).toEqual(apart.verdicts);
    expect(merged.states).toBeLessThanOrEqual(apart.states);
  });

  test("spares states", async () => {
    const of = counter({ one: callOf(["local", "count up", "local"]) });
    const [merged, apart] = [await outcome(of, true), await outcome(of, false)];
    expect(merged.states).toBeLessThan(apart.states);
  });

  test("believes a section that says it is local: --no-merge shows one that is not", async () => {
    const lying = call({
      ...spec,
      keeps: { seen: { shape: { kind: "upTo", bound: "most" } } as never },
      sections: {
        look: (s, c: any) => void (c.seen = s.count),
        "write it back": {
          local: true,
          run: (s, c: any) => {
            s.count = Math.min(2, c.seen + 1);
            s.waiters = Math.min(2, s.waiters + 1);
          },
        },
      },
    });
    const of = counter({ lying }, [even]);
    const [merged, apart] = [await outcome(of, true), await outcome(of, false)];
    expect(Object.fromEntries(merged.verdicts)).toMatchObject({ even: "holds" });
    const { trace } = shown(of, apart.run, "even");
    expect(trace.unmerged).toBe(true);
  });
});
