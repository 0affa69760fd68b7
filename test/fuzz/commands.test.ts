/** The library: calls of a design as commands of fast-check. */
import { test as prop } from "@fast-check/vitest";
import fc from "fast-check";
import { commands, from } from "gmemcheck/fuzz";
import { describe, expect, test } from "vitest";
import { isFailure } from "../../spec/language.ts";
import { Switch, always, call, step, toy, turnOn } from "../toy.ts";

/** Loses count where the third switch is turned on. */
const miscounts = call({
  kernel: "switch_on(), with a bug",
  by: "task",
  takes: { at: Switch },
  returns: ["EBUSY"],
  sections: {
    ...turnOn.sections,
    "turn it on": (s, { at }) => {
      s.on[at] = true;
      if (at !== 2) s.count++;
    },
  },
});
const counts = always({
  name: "counts",
  says: "as many as are on are counted",
  source: "test",
  over: {},
  holds: (s) => s.count === [...s.on].filter(Boolean).length,
});
const neverRefuses = step({
  name: "never-refuses",
  says: "no call fails",
  source: "test",
  over: {},
  asksResults: true,
  holds: (_, { result }) => !isFailure(result),
});
const bounds = { switches: 4 };

/** Without fast-check's note on how to replay them. */
function callsOf({ counterexample }: { readonly counterexample: readonly unknown[] | null }): string {
  return String(counterexample?.[0]).replace(/ \/\*.*$/, "");
}

describe("a design in a property", () => {
  const good = toy({ promises: [counts] });

  prop.prop([commands(good, bounds)], { seed: 1 })("holds what it promises", (calls) =>
    fc.modelRun(from(good, bounds), calls),
  );

  test("fails with the promise that it breaks, and the run shrinks to one call", () => {
    const bad = toy({ calls: { turn_on: miscounts }, promises: [counts] });
    const found = fc.check(
      fc.property(commands(bad, bounds), (calls) => fc.modelRun(from(bad, bounds), calls)),
      { seed: 1 },
    );
    expect(String(found.errorInstance)).toContain("counts is broken");
    expect(callsOf(found)).toBe("turn_on(at=2)");
  });

  test("steps are asked, those that change nothing among them", () => {
    const design = toy({ promises: [neverRefuses] });
    const found = fc.check(
      fc.property(commands(design, bounds), (calls) => fc.modelRun(from(design, bounds), calls)),
      { seed: 1 },
    );
    expect(String(found.errorInstance)).toContain("never-refuses is broken");
  });

  test("a scenario leaves out calls", () => {
    const design = toy({ promises: [neverRefuses] });
    const rising = { scenario: "rising" };
    const found = fc.check(
      fc.property(commands(design, bounds, rising), (calls) =>
        fc.modelRun(from(design, bounds, rising), calls),
      ),
      { seed: 1 },
    );
    expect(callsOf(found)).toBe("turn_on(at=0),turn_on(at=0)");
  });

  test("another system has to answer as the design does", () => {
    const found = fc.check(
      fc.property(commands(good, bounds), (calls) => {
        const on = new Set<unknown>();
        const real = {
          make: (name: string, { at }: Readonly<Record<string, unknown>>) => {
            if (name === "turn_on") return on.has(at) ? "EBUSY" : (on.add(at), 0 as const);
            return on.delete(at) || at === 3 ? 0 : "EINVAL";
          },
        };
        fc.modelRun(from(good, bounds, { real: () => real }), calls);
      }),
      { seed: 1 },
    );
    expect(String(found.errorInstance)).toContain("turn_off(at=3) ended with 0; the design ends with EINVAL");
  });
});
