/**
 * The only list of designs: what each is, which verdict is expected of it, and how its recordings are played. Counts and lengths
 * are pinned in pins.json.
 */
import type { AnyDesign } from "../spec/language/design.ts";
import type { Player } from "../spec/recording.ts";
import {
  bindCheckingNoPages,
  bindCheckingOwnSlots,
  bindOfAnyFile,
  gmemSeq,
  punchWithoutZap,
} from "./gmem-seq.ts";
import {
  guestMemfd6_12,
  guestMemfd6_18,
  guestMemfd6_8,
  guestMemfd7_2,
  guestMemfd7_3,
} from "./guest-memfd/versions.ts";
import { historical } from "./mutants/historical.ts";
import { forgottenPin } from "./proposals/forgotten-pin.ts";
import { attributeDesigns } from "./technology/attribute-designs.ts";
import { directMap } from "./technology/direct-map.ts";
import { populateDesigns } from "./technology/snp-populate.ts";
import { inPlaceConversion } from "./proposals/in-place-conversion.ts";
import { inPlaceOneLookup } from "./proposals/in-place-one-lookup.ts";
import { families } from "./proposals/families.ts";
import { repairs } from "./proposals/repairs.ts";
import { template } from "./proposals/template.ts";
import { mutant, type Mutant } from "./mutants/mutant.ts";
import { races, zappingRange } from "./mutants/races.ts";
import { attributeMutants } from "./mutants/attributes.ts";
import { inPlaceMutants } from "./mutants/in-place.ts";
import { populateMutants } from "./mutants/populate.ts";
import { seeded } from "./mutants/seeded.ts";

export type Kind = "shipped" | "benchmark" | "mutant" | "proposal";

export interface Entry {
  readonly design: AnyDesign;
  readonly kind: Kind;
  /** Promises that the design is expected to break; all others are expected to hold. */
  readonly breaks: readonly string[];
  /** The bug that a mutant puts back. */
  readonly bug?: string;
  /** The kernel whose recordings the design must reproduce, by the beginning of its version. */
  readonly kernel?: string;
  readonly player?: () => Promise<Player>;
}

const playGuestMemfd = async (): Promise<Player> =>
  (await import("./guest-memfd/recording/player.ts")).player;

/** A promise may be broken in more than one way. */
const knownOf = (design: AnyDesign): readonly string[] => [
  ...new Set((design.knownBreaches ?? []).map(({ property }) => property)),
];

function shipped(design: AnyDesign, kernel: string): Entry {
  return { design, kind: "shipped", breaks: knownOf(design), kernel, player: playGuestMemfd };
}

function mutated({ design, bug, killedBy }: Mutant): Entry {
  return { design, kind: "mutant", breaks: [killedBy], bug };
}

const seqVectors = [{ bounds: { vms: 2, files: 1, pages: 1, slots: 2, gfns: 2 }, quick: true as const }];
const benchmark = "the reference benchmark's own mutants";

const ofGmemSeq: readonly Mutant[] = [
  mutant(gmemSeq, {
    name: "gmem-seq-m1",
    bug: "benchmark M1",
    says: "bind looks at nothing of other VMs",
    source: benchmark,
    killedBy: "I1",
    calls: { bind: bindOfAnyFile },
    vectors: seqVectors,
  }),
  mutant(gmemSeq, {
    name: "gmem-seq-m1own",
    bug: "benchmark M1own",
    says: "bind does not look at bound pages",
    source: benchmark,
    killedBy: "I1",
    calls: { bind: bindCheckingNoPages },
    vectors: seqVectors,
  }),
  mutant(gmemSeq, {
    name: "gmem-seq-m2",
    bug: "benchmark M2",
    says: "punch leaves the guests' mappings",
    source: benchmark,
    killedBy: "I4",
    calls: { punch: punchWithoutZap },
    vectors: seqVectors,
  }),
];

/** The benchmark's equivalent mutant: the owner check makes what it leaves out redundant, and nothing is to be reported. */
const equivalent = mutant(gmemSeq, {
  name: "gmem-seq-m1eq",
  bug: "benchmark M1eq",
  says: "bind looks at its own VM's slots only; the owner check makes that enough",
  source: benchmark,
  killedBy: "I1",
  calls: { bind: bindCheckingOwnSlots },
  vectors: seqVectors,
});

export const registry: readonly Entry[] = [
  shipped(guestMemfd6_8, "6.8"),
  shipped(guestMemfd6_12, "6.12"),
  shipped(guestMemfd6_18, "6.18"),
  shipped(guestMemfd7_2, "7.2"),
  shipped(guestMemfd7_3, "7.3"),
  { design: gmemSeq, kind: "benchmark", breaks: [] },
  { design: equivalent.design, kind: "benchmark", breaks: [] },
  { design: template, kind: "proposal", breaks: [] },
  { design: forgottenPin, kind: "proposal", breaks: ["host-never-maps-private"] },
  ...repairs.map((design): Entry => ({ design, kind: "proposal", breaks: knownOf(design) })),
  ...[inPlaceConversion, inPlaceOneLookup].map((design): Entry => ({
    design,
    kind: "proposal",
    breaks: knownOf(design),
  })),
  ...[
    zappingRange,
    ...populateDesigns,
    directMap,
    ...attributeDesigns,
    ...families.flatMap(({ designs }) => designs),
  ].map((design): Entry => ({
    design,
    kind: "proposal",
    breaks: knownOf(design),
  })),
  ...[
    ...historical,
    ...races,
    ...attributeMutants,
    ...populateMutants,
    ...inPlaceMutants,
    ...ofGmemSeq,
    ...seeded,
    ...families.flatMap(({ mutants }) => mutants),
  ].map(mutated),
];

export function entryOf(name: string): Entry | undefined {
  return registry.find(({ design }) => design.name === name);
}
