/** What a call costs, in turns of its loops: that it grows with a number is told where it does so in one design alone. */
import { expect, test } from "vitest";
import { compareDesigns } from "../../checkers/compare/compare.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { callsOf, design, goTo, record, upTo } from "../../spec/language.ts";
import type { Bounds, ValueOf } from "../../spec/language.ts";
import type { AnyDesign } from "../../spec/language/design.ts";

const state = record({ zapped: upTo("pages") });
type State = ValueOf<typeof state>;
type Machine = { readonly pages: number };
const { call, choice } = callsOf<State, Machine>();

/** Zaps pages in one go, or one after the other; `flags` asks for a section more. */
function zapping(name: string, eachPage: boolean): AnyDesign {
  const zap = call({
    kernel: "a toy",
    by: "task",
    takes: {
      length: choice(({ pages }) => Array.from({ length: pages }, (_, i) => BigInt(i + 1))),
      flags: choice(() => [0n, 1n]),
    },
    keeps: { done: upTo("pages") },
    returns: [],
    sections: {
      "look at the flags": { when: ({ flags }) => flags !== 0n, run: () => undefined },
      zap: (s, c) => {
        c.done = eachPage ? c.done + 1 : Number(c.length);
        s.zapped = Math.max(s.zapped, c.done);
        return c.done < Number(c.length) ? goTo("zap") : undefined;
      },
    },
  });
  return design({
    name,
    says: "a toy",
    source: "test/compare/costs.test.ts",
    bounds: { pages: { says: "pages", default: 3, most: 3 } },
    machine: (bounds: Bounds): Machine => ({ pages: Number(bounds["pages"]) }),
    sizes: ({ pages }) => ({ pages }),
    state,
    calls: { zap },
    view: (s) => s,
    promises: [],
    scenarios: {},
    vectors: [],
  }) as unknown as AnyDesign;
}

const told = async (a: boolean, b: boolean): Promise<unknown> => {
  const designs = [zapping("before", a), zapping("after", b)] as const;
  const { differences, compatibility } = await compareDesigns(...designs, [{ bounds: {} }], {
    budget: NO_LIMIT,
  });
  const texts = differences.map(
    ({ kind, subject, from, to, traces }) =>
      `${kind} ${subject}: ${from} → ${to}, ${traces.b!.steps.length} calls`,
  );
  return { texts, compatibility };
};

test.each([
  [false, true, ["performance class changed zap: constant → grows with length, 1 calls"]],
  [true, false, ["performance class changed zap: grows with length → constant, 1 calls"]],
  [true, true, []],
  [false, false, []],
])("each page by itself: %s, then %s", async (a, b, texts) => {
  expect(await told(a, b)).toEqual({ texts, compatibility: "compatible" });
});
