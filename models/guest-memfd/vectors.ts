/**
 * The default bounds of the shipped versions: between them two of every index, and three pages and frames where ranges matter;
 * each is small enough to be exhausted.
 */
import type { Bounds, Vector } from "../../spec/language/design.ts";

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

/** Calls that overlap: between them two of everything, three pages where ranges matter, and every pair of calls. */
const overlap = (scenario: string, bounds: Bounds, more: Partial<Vector> = {}): Vector => ({
  bounds: { tasks: 2, ...bounds },
  scenario,
  mode: "overlap",
  ...more,
});
const ofPrivate = { types: "sw_protected" } as const;
const ofShared = { types: "default" } as const;

/** A file that goes while its slot is deleted and its memory fails: three calls at once. */
export const dyingFile: readonly Vector[] = [
  overlap("dying-file", ofPrivate, { quick: true }),
  overlap("dying-file", ofPrivate, { overlap: 3 }),
];
/** A guest that accesses what is being bound. */
export const emulations: readonly Vector[] = [overlap("emulations", ofShared, { quick: true })];
/** Pre-faults of slots that come and go. */
export const preFaults: readonly Vector[] = [overlap("pre-faults", ofShared, { quick: true })];

/** Faults of a guest on poison that the process maps. */
export const poisonedWindows: Vector = { bounds: ofShared, scenario: "poisoned-windows", quick: true };

/** One call at a time: every result of the calls that a repair changes. */
export const sequentialCore: readonly Vector[] = [
  { bounds: {}, scenario: "core" },
  { bounds: { types: "default", paging: "shadow" }, scenario: "core" },
];

/** Faults of shadow paging that map their neighbours. */
export const prefetches: readonly Vector[] = [
  ...sequentialCore,
  {
    bounds: { types: "default", paging: "shadow", pages: 2, gfns: 2 },
    scenario: "neighbours",
    quick: true,
  },
  {
    bounds: { types: "default", paging: "shadow", slots: 2, pages: 2, gfns: 2 },
    scenario: "prefetches",
  },
  poisonedWindows,
];

/** Rmaps, which only shadow paging has, of a slot that is made or goes. */
export const rmapRaces: readonly Vector[] = [
  overlap("rmap-races", { ...ofShared, paging: "shadow" }, { quick: true }),
];
const privateOverlaps: readonly Vector[] = [
  ...dyingFile,
  overlap("private-races", ofPrivate),
  overlap("range-races", { ...ofPrivate, pages: 2, gfns: 2 }),
  overlap("vcpu-races", { ...ofPrivate, vcpus: 2 }),
];
const sharedOverlaps: readonly Vector[] = [
  ...emulations,
  ...rmapRaces,
  overlap("shared-races", ofShared),
  overlap("binder-races", { ...ofShared, slots: 2 }),
  overlap("hole-races", { ...ofShared, pages: 3, gfns: 3 }),
  overlap("two-vm-races", { ...ofShared, vms: 2, files: 2 }),
];
/** Writes that are logged; of the newest version alone, for every version has the same. */
export const dirtyLogs: readonly Vector[] = [
  { bounds: { ...ofShared, slots: 2, gfns: 2 }, scenario: "dirty-logs" },
  { bounds: { ...ofShared, gfns: 2, spaces: 2 }, scenario: "dirty-logs" },
  { bounds: { ...ofShared, gfns: 2, paging: "shadow" }, scenario: "dirty-logs" },
];
/** What no other scenario lets meet; of the newest version alone, for it takes minutes. */
export const everyPair: Vector = overlap("every-pair", ofPrivate);

/** 6.8: a slot that was toggled leaves so much behind that ranges of two pages are the largest that completes soon. */
export const vectorsOf6_8: readonly Vector[] = [
  ...common,
  { bounds: { pages: 2, gfns: 2, types: "sw_protected" }, scenario: "ranges", track: "no-contents" },
  ...dyingFile,
];

export const vectorsOf6_12: readonly Vector[] = [
  ...common,
  twoSlots,
  threePages,
  ...preFaults,
  ...privateOverlaps,
];

/** Since files can be mapped by the host, and bound by every VM. */
export const vectorsOf6_18: readonly Vector[] = [
  ...common,
  twoSlots,
  threePages,
  { bounds: { pages: 3, gfns: 3, types: "default" }, scenario: "ranges", track: "no-contents" },
  { bounds: { maps: 2, dups: 1, bytes: 2 }, scenario: "windows" },
  { bounds: { files: 2 }, scenario: "windows" },
  { bounds: { pages: 2, maps: 2, types: "default" }, scenario: "windows" },
  poisonedWindows,
  ...preFaults,
  ...privateOverlaps,
  ...sharedOverlaps,
];

/** What a mutant of one call shows in a few hundred states, and the core that says that it breaks nothing unseen. */
export function coreAndUse(of: Omit<Vector, "scenario" | "quick">): readonly Vector[] {
  return [
    { ...of, scenario: "core" },
    { ...of, scenario: "use", quick: true },
  ];
}
