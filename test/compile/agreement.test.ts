/** The licence of the compiled search: it finds what the interpreted one finds, count by count and trace by trace. */
import { expect, test } from "vitest";
import { entryOf } from "../../models/registry.ts";
import type { Vector } from "../../spec/language/design.ts";
import { expectAlike, expectSameSteps } from "./both.ts";

const design = (name: string) => entryOf(name)!.design;

test.each<[string, Vector]>([
  ["gmem-seq", { bounds: { vms: 2, files: 1, pages: 2, slots: 2, gfns: 2 } }],
  ["gmem-seq-m1", { bounds: { vms: 2, files: 1, pages: 1, slots: 1, gfns: 1 } }],
  ["gmem-seq-m2", { bounds: { vms: 1, files: 1, pages: 2, slots: 1, gfns: 2 } }],
  ["guest-memfd-6.12", { scenario: "core", bounds: {}, track: "watch" }],
  ["poison-without-zap", { scenario: "core", bounds: { types: "default" } }],
  ["in-place-conversion", { scenario: "conversion", bounds: { types: "sw_protected" } }],
])("%s %o", async (name, vector) => {
  expect(await expectAlike(design(name), vector, 1)).toEqual([]);
});

test.each<[string, Vector]>([
  ["gmem-seq", { bounds: { vms: 3, files: 2, pages: 3, slots: 2, gfns: 3 } }],
  ["guest-memfd-7.3", { scenario: "core", bounds: { vms: 2, files: 2, pages: 2 }, track: "no-contents" }],
])("random walks at large bounds: %s %o", (name, vector) => {
  expectSameSteps(design(name), vector, 150, 7);
});
