/**
 * The only list of designs: what each is, which verdict is expected of it, and how its recordings are played. It names them without loading them, so
 * that whoever needs one design loads no more than what it comes with. Counts and lengths are pinned in pins.json.
 */
import type { AnyDesign } from "../spec/language/design.ts";
import type { Player } from "../spec/recording.ts";
import type { Scribe } from "../spec/reproducer.ts";
import type { Mutant } from "./mutants/mutant.ts";

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
  /** What writes its runs down as programs. */
  readonly scribe?: () => Promise<Scribe>;
  /** A version as it is on other hardware: its runs explore what that changes, and those of the version the rest. */
  readonly isDelta?: true;
}

/** Designs that are loaded together. */
export interface Part {
  /** In the order of the entries. */
  readonly names: readonly string[];
  readonly load: () => Promise<readonly Entry[]>;
}

const playGuestMemfd = async (): Promise<Player> =>
  (await import("./guest-memfd/recording/player.ts")).player;

const playPrefetching = async (): Promise<Player> =>
  (await import("./guest-memfd/recording/player.ts")).prefetchingPlayer;

const writeGuestMemfd = async (): Promise<Scribe> =>
  (await import("./guest-memfd/recording/scribe.ts")).scribe;

/** A promise may be broken in more than one way. */
const knownOf = (design: AnyDesign): readonly string[] => [
  ...new Set((design.knownBreaches ?? []).map(({ property }) => property)),
];

function shipped(design: AnyDesign, kernel: string): Entry {
  return {
    design,
    kind: "shipped",
    breaks: knownOf(design),
    kernel,
    player: playGuestMemfd,
    scribe: writeGuestMemfd,
  };
}

function shadowed(design: AnyDesign, kernel: string): Entry {
  return { ...shipped(design, kernel), player: playPrefetching, isDelta: true };
}

function proposed(designs: readonly AnyDesign[]): Entry[] {
  return designs.map((design) => ({ design, kind: "proposal", breaks: knownOf(design) }));
}

function mutated(mutants: readonly Mutant[]): Entry[] {
  return mutants.map(({ design, bug, killedBy }) => ({ design, kind: "mutant", breaks: [killedBy], bug }));
}

/** The versions of the kernel, which recordings are compared with. */
export const versions: Part = {
  names: ["guest-memfd-6.8", "guest-memfd-6.12", "guest-memfd-6.18", "guest-memfd-7.2", "guest-memfd-7.3"],
  load: async () => {
    const of = await import("./guest-memfd/versions.ts");
    return [
      shipped(of.guestMemfd6_8, "6.8"),
      shipped(of.guestMemfd6_12, "6.12"),
      shipped(of.guestMemfd6_18, "6.18"),
      shipped(of.guestMemfd7_2, "7.2"),
      shipped(of.guestMemfd7_3, "7.3"),
    ];
  },
};

/** The same kernels where they page by shadow page tables. */
export const shadowVersions: Part = {
  names: ["guest-memfd-6.18-shadow", "guest-memfd-7.3-shadow"],
  load: async () => {
    const of = await import("./guest-memfd/shadow-paging.ts");
    return [shadowed(of.guestMemfd6_18Shadow, "6.18"), shadowed(of.guestMemfd7_3Shadow, "7.3")];
  },
};

/** In the order of reports. */
export const catalogue: readonly Part[] = [
  versions,
  shadowVersions,
  {
    names: ["gmem-seq"],
    load: async () => [{ design: (await import("./gmem-seq.ts")).gmemSeq, kind: "benchmark", breaks: [] }],
  },
  {
    names: ["gmem-seq-m1eq"],
    load: async () => [
      { design: (await import("./mutants/gmem-seq.ts")).equivalent.design, kind: "benchmark", breaks: [] },
    ],
  },
  {
    names: ["template"],
    load: async () => proposed([(await import("./proposals/template.ts")).template]),
  },
  {
    names: ["forgotten-pin"],
    load: async () => [
      {
        design: (await import("./proposals/forgotten-pin.ts")).forgottenPin,
        kind: "proposal",
        breaks: ["host-never-maps-private"],
      },
    ],
  },
  {
    names: [
      "pre-fault-that-ends",
      "emulation-of-the-file",
      "memory-failure-without-folio-lock",
      "guest-memfd-7.3-mended",
    ],
    load: async () => proposed((await import("./proposals/repairs.ts")).repairs),
  },
  {
    names: ["in-place-conversion"],
    load: async () => proposed([(await import("./proposals/in-place-conversion.ts")).inPlaceConversion]),
  },
  {
    names: ["in-place-one-lookup"],
    load: async () => proposed([(await import("./proposals/in-place-one-lookup.ts")).inPlaceOneLookup]),
  },
  {
    names: ["zap-gfn-range"],
    load: async () => proposed([(await import("./mutants/races.ts")).zappingRange]),
  },
  {
    names: ["snp-populate-7.0", "snp-populate-launch-tracked", "snp-populate-in-place"],
    load: async () => proposed((await import("./technology/snp-populate.ts")).populateDesigns),
  },
  {
    names: ["direct-map"],
    load: async () => proposed([(await import("./technology/direct-map.ts")).directMap]),
  },
  {
    names: [
      "huge-pages",
      "huge-pages-and-a-reader",
      "mirror-root",
      "reserved-attributes",
      "host-fault",
      "host-fault-under-invalidate-lock",
    ],
    load: async () => proposed((await import("./technology/attribute-designs.ts")).attributeDesigns),
  },
  {
    names: [
      "memfile-v5",
      "memfile-bind-converts",
      "memfile-bind-first",
      "memfile-measured",
      "memfile-of-a-technology",
      "memfile-two-slots",
      "memfile-fragmented-slots",
      "memfile-pkvm-pins-forgotten",
      "memfile-pkvm-in-file",
    ],
    load: async () => proposed((await import("./proposals/memfile/family.ts")).memfileFamily.designs),
  },
  {
    names: [
      "restrictedmem-v10",
      "restrictedmem-xarray",
      "restrictedmem-shared-alias",
      "restrictedmem-one-inode",
    ],
    load: async () =>
      proposed((await import("./proposals/restrictedmem/family.ts")).restrictedmemFamily.designs),
  },
  {
    names: [
      "gmem-solo-index-as-frame",
      "gmem-solo-warn-and-skip",
      "gmem-solo-skip",
      "gmem-solo-unmap-hook-untold",
      "gmem-solo-unmap-hook",
      "gmem-solo-unbind-hook",
      "gmem-solo-mutable-slots",
      "gmem-solo-convert-under-mmu-lock",
      "gmem-solo-convert-at-allocation",
      "gmem-solo-pre-fault",
      "gmem-solo",
    ],
    load: async () => proposed((await import("./proposals/gmem-solo/family.ts")).gmemSoloFamily.designs),
  },
  {
    names: [
      "psc-two-exits",
      "psc-exit-for-each-entry",
      "psc-memory-fault",
      "psc-marked-hypercall",
      "psc-live-migration",
      "page-state-change",
      "psc-6.11",
      "psc-ret-restricted",
    ],
    load: async () =>
      proposed((await import("./proposals/page-state-change/family.ts")).pageStateChangeFamily.designs),
  },
  {
    names: [
      "guest-memfd-library",
      "guest-memfd-library-mended",
      "guest-memfd-mappable",
      "guest-memfd-mappable-worker",
    ],
    load: async () => proposed((await import("./proposals/library/family.ts")).libraryFamily.designs),
  },
  {
    names: ["link-guest-memfd", "link-after-death", "attributes-per-vm", "attributes-per-inode"],
    load: async () => proposed((await import("./proposals/link/family.ts")).linkFamily.designs),
  },
  {
    names: [
      "technologies-7.3",
      "technologies-7.3-mended",
      "snp-vmsa",
      "snp-launch-finish",
      "snp-cpuid-page",
      "tdx-alias",
      "snp-psmash",
      "tdx-sept",
      "tdx-build",
      "tdx-key",
      "pkvm-ownership",
    ],
    load: async () => proposed((await import("./technology/confidential/family.ts")).confidential.designs),
  },
  {
    names: [
      "range-math-nonzero-offset",
      "straddling-punch-skipped",
      "no-1:1-second-vm-assign",
      "toggle-guest-memfd-flag",
      "move-gmem-slot",
      "signed-offset-overflow",
      "readonly-gmem-slot",
      "mmap-implies-shared",
      "link-two-vms",
    ],
    load: async () => mutated((await import("./mutants/historical.ts")).historical),
  },
  {
    names: [
      "dying-file-unbind-uaf",
      "dying-file-unbind-without-invalidate-lock",
      "bind-before-slot-metadata",
      "bind-on-non-create",
      "sw-protected-without-tdp-mmu",
      "prefault-spin-on-invalid-slot",
      "notifier-lock-dropped-between-start-and-end",
      "error-page-null-deref-wrong-superblock-walk",
      "stacked-fs-two-inodes",
      "thp-collapse-gmem-folio",
      "mf-delayed-reported-failed",
      "zap-gfn-range-without-srcu",
    ],
    load: async () => mutated((await import("./mutants/races.ts")).races),
  },
  {
    names: [
      "hugepage-during-attribute-change",
      "lpage-info-overflow",
      "max-level-private",
      "gmem-zap-filter-and-tdx-overzap",
      "gmem-zap-filter-only-private-for-shared-gmem",
      "reserved-entry-counts-as-attribute",
      "reserved-entry-to-clear",
      "host-fault-during-punch",
      "attr-half-converted-read",
      "attr-read-without-retry",
    ],
    load: async () => mutated((await import("./mutants/attributes.ts")).attributeMutants),
  },
  {
    names: [
      "rmp-convert-under-mmu-lock",
      "populate-vs-prefault-rmp-pf",
      "populate-not-interruptible",
      "populate-abba-mmap-lock",
      "preparation-tracking-vs-partial-populate",
      "as-inaccessible-truncate-encrypted",
      "secret-direct-map-refcount",
    ],
    load: async () => mutated((await import("./mutants/populate.ts")).populateMutants),
  },
  {
    names: [
      "vcpu-page-ref-false-eagain",
      "host-fault-without-invalidate-lock",
      "attr-query-under-mmu-lock",
      "convert-without-unmap",
      "lru-batch-false-eagain",
      "slot-delete-turns-private-into-mmio",
      "populate-null-source-ambiguity",
      "invalidate-hook-name-overload",
    ],
    load: async () => mutated((await import("./mutants/in-place.ts")).inPlaceMutants),
  },
  {
    names: ["gmem-seq-m1", "gmem-seq-m1own", "gmem-seq-m2"],
    load: async () => mutated((await import("./mutants/gmem-seq.ts")).gmemSeqMutants),
  },
  {
    names: [
      "overlap-unchecked",
      "two-slots-one-page",
      "unbind-forgotten",
      "binding-half-stored",
      "frame-overlap-unchecked",
      "punch-without-zap",
      "punch-without-unmap",
      "delete-without-zap",
      "convert-without-zap",
      "fault-without-clearing",
      "host-fault-without-clearing",
      "poison-without-zap",
      "poison-under-the-host",
      "poison-of-a-neighbour",
      "file-does-not-pin",
      "vm-is-leaked",
      "file-is-leaked",
      "size-changes",
      "allocation-unbounded",
      "charge-of-all-returned",
      "failed-bind-stays",
    ],
    load: async () => mutated((await import("./mutants/seeded.ts")).seeded),
  },
  {
    names: ["bind-measure-state-ambiguity", "mmap-without-the-guest"],
    load: async () => mutated((await import("./proposals/memfile/family.ts")).memfileFamily.mutants),
  },
  {
    names: [
      "linear-notifier-walk",
      "inclusive-end-of-a-hole",
      "restrictedmem-lock-dropped",
      "restrictedmem-first-inode",
    ],
    load: async () =>
      mutated((await import("./proposals/restrictedmem/family.ts")).restrictedmemFamily.mutants),
  },
  {
    names: ["unbind-hook-gap", "fallocate-prepares-too-early"],
    load: async () => mutated((await import("./proposals/gmem-solo/family.ts")).gmemSoloFamily.mutants),
  },
  {
    names: [
      "psc-forwarded-unvalidated",
      "psc-unsmash-abi-change",
      "psc-two-exit-types",
      "psc-toctou-index",
      "psc-partial-2m",
    ],
    load: async () =>
      mutated((await import("./proposals/page-state-change/family.ts")).pageStateChangeFamily.mutants),
  },
  {
    names: [
      "folio-refcount-vs-safe-counter",
      "accessible-counter-double",
      "folio-put-callback-truncated",
      "folio-put-callback-atomic",
    ],
    load: async () => mutated((await import("./proposals/library/family.ts")).libraryFamily.mutants),
  },
  {
    names: ["death-without-vcpus", "conversion-tells-one-file"],
    load: async () => mutated((await import("./proposals/link/family.ts")).linkFamily.mutants),
  },
  {
    names: [
      "populate-shared-gfn",
      "vmsa-stale-pfn",
      "ap-destroy-vs-vmrun",
      "launch-finish-vs-vcpu-create",
      "cpuid-page-writeback",
      "cpuid-page-not-dirty",
      "psmash-vs-reclaim",
      "rmp-fault-vs-reclaim",
      "sept-remove-contention",
      "access-before-accept",
      "init-mem-region-vs-finalize",
      "map-private-pfn-no-stale-check",
      "prefault-alias-bits",
      "memslot-alias-bits",
      "rebind-other-gpa-stale-rmp",
      "mmap-only-snp-shared-fault",
      "retry-loop-holds-srcu",
      "hkid-freed-before-gmem",
    ],
    load: async () => mutated((await import("./technology/confidential/family.ts")).confidential.mutants),
  },
];

export const designNames: readonly string[] = catalogue.flatMap(({ names }) => names);

/** The entry of a design; loads the part that has it, and no other. */
export async function entryNamed(name: string): Promise<Entry | undefined> {
  const part = catalogue.find(({ names }) => names.includes(name));
  return (await part?.load())?.find(({ design }) => design.name === name);
}
