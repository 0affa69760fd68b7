/**
 * The default bounds of the shipped versions: between them two of every index, and three pages and frames where ranges matter;
 * each is small enough to be exhausted.
 */
import type { Vector } from "../../spec/language/design.ts";

const common: readonly Vector[] = [
  { bounds: {}, scenario: "core", quick: true },
  { bounds: {}, scenario: "open-vms" },
  { bounds: { types: "default", paging: "shadow" }, scenario: "core" },
  { bounds: { dups: 1 }, scenario: "lifetimes" },
  { bounds: { vcpus: 2, tasks: 2 }, scenario: "core" },
  { bounds: { vms: 2, types: "default" }, scenario: "core" },
  { bounds: { vms: 2, types: "sw_protected" }, scenario: "core" },
  { bounds: { pages: 2 }, scenario: "core" },
  { bounds: { slots: 2 }, scenario: "core" },
  { bounds: { gfns: 2 }, scenario: "core" },
  { bounds: { files: 2 }, scenario: "guests" },
  { bounds: { slots: 2, gfns: 2, types: "sw_protected" }, scenario: "guests" },
  { bounds: { pages: 2, types: "sw_protected" }, scenario: "guests", track: "watch" },
  { bounds: { slots: 2, pages: 2, gfns: 2 }, scenario: "slots", track: "skeleton" },
  { bounds: { slots: 2, spaces: 2, types: "default" }, scenario: "slots", track: "skeleton" },
  { bounds: { vms: 2, files: 2 }, scenario: "slots", track: "skeleton" },
];

const twoSlots: Vector = {
  bounds: { slots: 2, pages: 2, gfns: 2, types: "sw_protected" },
  scenario: "guests",
  track: "no-contents",
};
const threePages: Vector = {
  bounds: { pages: 3, gfns: 3, types: "sw_protected" },
  scenario: "ranges",
  track: "no-contents",
};

/** 6.8: a slot that was toggled leaves so much behind that ranges of two pages are the largest that completes soon. */
export const vectorsOf6_8: readonly Vector[] = [
  ...common,
  { bounds: { pages: 2, gfns: 2, types: "sw_protected" }, scenario: "ranges", track: "no-contents" },
];

export const vectorsOf6_12: readonly Vector[] = [...common, twoSlots, threePages];

/** Since files can be mapped by the host, and bound by every VM. */
export const vectorsOf6_18: readonly Vector[] = [
  ...common,
  twoSlots,
  threePages,
  { bounds: { pages: 3, gfns: 3, types: "default" }, scenario: "ranges", track: "no-contents" },
  { bounds: { maps: 2, dups: 1, bytes: 2 }, scenario: "windows" },
  { bounds: { files: 2 }, scenario: "windows" },
  { bounds: { pages: 2, maps: 2, types: "default" }, scenario: "windows" },
];
