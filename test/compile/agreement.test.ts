/** The licence of the compiled search: it finds what the interpreted one finds, count by count and trace by trace. */
import { expect, test, vi } from "vitest";
import { InterpretedExpander } from "../../checkers/explore/interpreted.ts";
import { entryOf } from "../../models/registry.ts";
import { bool, callsOf, design as designOf, location, per, position } from "../../spec/language.ts";
import { propertiesOf, record, tracked, upTo, type Bounds, type ValueOf } from "../../spec/language.ts";
import type { Vector } from "../../spec/language/design.ts";
import type { Property } from "../../spec/language/property.ts";
import { expectAlike, expectSameSteps } from "./both.ts";

const design = (name: string) => entryOf(name)!.design;

test.each<[string, Vector]>([
  ["gmem-seq", { bounds: { vms: 2, files: 1, pages: 2, slots: 1, gfns: 2 } }],
  ["gmem-seq-m1", { bounds: { vms: 2, files: 1, pages: 1, slots: 1, gfns: 1 } }],
  ["gmem-seq-m2", { bounds: { vms: 1, files: 1, pages: 2, slots: 1, gfns: 2 } }],
  ["guest-memfd-6.12", { scenario: "use", bounds: {}, track: "watch" }],
  ["poison-without-zap", { scenario: "use", bounds: { types: "default" } }],
  ["template", { scenario: "conversion", bounds: { pages: 2 } }],
])("%s %o", async (name, vector) => {
  expect(await expectAlike(design(name), vector, 1)).toEqual([]);
});

test.each<[string, Vector]>([
  ["gmem-seq", { bounds: { vms: 3, files: 2, pages: 3, slots: 2, gfns: 3 } }],
  ["guest-memfd-7.3", { scenario: "core", bounds: { vms: 2, pages: 2 }, track: "no-contents" }],
])("random walks at large bounds: %s %o", (name, vector) => {
  expectSameSteps(design(name), vector, 100, 7);
});

/** A reader of one page or the other, as a hand says that can be moved. No page ever holds the last value. */
const Page = position("pages");
const Value = upTo("most");
const state = record({
  pages: per(
    Page,
    location(
      record(
        { value: tracked("contents", Value), seen: tracked("pages", bool) },
        { value: ({ seen }) => !seen },
      ),
    ),
  ),
  hand: Page,
});
type State = ValueOf<typeof state>;
const { call } = callsOf<State, Bounds>();
const { step } = propertiesOf<State>();
const spec = { kernel: "a toy", by: "task", returns: [] } as const;
const reader = (promise: Property<State>) =>
  designOf({
    name: "reader",
    says: "pages, and a reader",
    source: "test",
    bounds: {},
    machine: (bounds: Bounds) => bounds,
    sizes: () => ({ pages: 3, most: 2 }),
    state,
    calls: {
      move: call({ ...spec, takes: { to: Page }, sections: { move: (s, { to }) => void (s.hand = to) } }),
      write: call({
        ...spec,
        takes: { at: Page },
        sections: {
          write: (s, { at }) => {
            const page = s.pages[at]!;
            page.value = page.value === 0 ? 1 : 0;
            page.seen = true;
          },
        },
      }),
      read: call({
        ...spec,
        takes: {},
        gives: Value,
        sections: {
          read: (s) => {
            const page = s.pages[s.hand]!;
            page.seen = true;
            return { value: page.value };
          },
        },
      }),
    },
    view: (s) => s,
    promises: [promise],
    scenarios: {},
    vectors: [{ bounds: {} }],
  });
const neverTheLast = step({
  name: "never-the-last",
  says: "no read returns the last value",
  source: "test",
  over: {},
  asksResults: true,
  holds: (_before, { result }) => typeof result !== "object" || result.value !== 2,
});

test("a promise is asked of every way of a step", async () => {
  expect(await expectAlike(reader(neverTheLast), { bounds: {}, track: "no-contents" })).toEqual([]);
});

test("a way that rests on another location than the watched one is left to the search of that one", async () => {
  const asked = vi.spyOn(InterpretedExpander.prototype, "askOne");
  expect(await expectAlike(reader(neverTheLast), { bounds: {}, track: "watch" })).toEqual([]);
  expect(asked).not.toHaveBeenCalled();
  asked.mockRestore();
});

test("a promise that has no answer for one call, and none is asked of the others, is undecided", async () => {
  const stays = step({
    name: "stays",
    says: "moving the hand changes no page",
    source: "test",
    over: { page: Page },
    when: (_before, made) => made.call === "move",
    holds: (before, _made, after, { page }) => before.pages[page]!.value === after.pages[page]!.value,
  });
  expect(await expectAlike(reader(stays), { bounds: {}, track: "no-contents" })).toEqual([]);
});
