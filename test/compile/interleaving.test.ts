/** Compiled steps of calls that overlap are those that are written. */
import { describe, expect, test } from "vitest";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { lasting } from "../../checkers/interleave/atomic.ts";
import { Orders, pairsOf } from "../../checkers/interleave/orders.ts";
import { CompiledOrders } from "../../checkers/compile/interleaving/orders.ts";
import { entryOf } from "../../models/registry.ts";
import { AT_ONCE, distinct, expectAlike, expectAlikeOnWalks, overlapsOf, searchOf } from "./interleaving.ts";

describe("the same run", () => {
  test.each(overlapsOf(0, 700))("%s", (_, design, vector) => expectAlike(design, vector, AT_ONCE));
  test.each(overlapsOf(0, 200))("%s, each section a step", (_, design, vector) =>
    expectAlike(design, vector, AT_ONCE, false),
  );
  test.each(overlapsOf(2000, 2600))("%s, compiled when it has run for a while", (_, design, vector) =>
    expectAlike(design, vector, { patience: 3 }),
  );
});

describe("the same steps on random walks", () => {
  test.each(distinct(overlapsOf(60_000, Infinity)))("%s", (_, design, vector) =>
    expectAlikeOnWalks(design, vector, 8),
  );
});

/** The first vector of a scenario in which calls overlap. */
function vectorOf(name: string, scenario: string): readonly [AnyDesign, Vector] {
  const { design } = entryOf(name)!;
  return [design, design.vectors.find((one) => one.scenario === scenario && one.mode === "overlap")!];
}

test.each([
  ["other results", "guest-memfd-7.3", "emulations"],
  ["another state", "notifier-lock-dropped-between-start-and-end", "rmap-races"],
])("pairs of calls that end as no order of them does, with %s", async (_, name, scenario) => {
  const search = searchOf(...vectorOf(name, scenario));
  await search.run();
  const orders = new CompiledOrders(search);
  const compared = lasting(search.subject);
  let breaches = 0;
  for (let index = 0; index < search.store.count; index++) {
    if (!search.isQuiescent(index)) continue;
    const isInOrder = orders.from(index);
    const alone = new Orders(search, compared, index);
    for (const [a, b] of pairsOf(search)) {
      const isBreach = alone.compare(a, b) !== null;
      expect(isInOrder(a, b)).toBe(!isBreach);
      if (isBreach) breaches++;
    }
  }
  expect(breaches).toBeGreaterThan(0);
});

test("code that does another thing than what is written is noticed", async () => {
  const search = searchOf(...vectorOf("guest-memfd-7.3", "emulations"));
  const { codes } = search.stepper;
  const make = codes.make.bind(codes);
  codes.make = (...given) => {
    const code = make(...given);
    if (code === null) return null;
    const run: typeof code.run = (from, offset, out, at) => {
      const answer = code.run(from, offset, out, at);
      if (answer >= 0) out[at]! ^= 1;
      return answer;
    };
    return { ...code, run };
  };
  await expect(search.run()).rejects.toThrow("leads elsewhere than the call does");
});
