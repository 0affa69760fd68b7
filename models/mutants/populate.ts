/** The bugs of populate, of the RMP and of the direct map, put back one at a time. */
import { change } from "../../spec/language.ts";
import type { Vector } from "../../spec/language/design.ts";
import { folioLock, mmapLock, mmuLock } from "../guest-memfd/locks.ts";
import { directMap } from "../technology/direct-map.ts";
import { installLeaf, makePrivate, type Fault } from "../technology/snp-guest.ts";
import { copySource, stop, type Populate } from "../technology/snp-launch.ts";
import { snpPopulateInPlace, snpPopulateTracked } from "../technology/snp-populate.ts";
import { INODE, writeAsHost, type State } from "../technology/snp-state.ts";
import { mutant } from "./mutant.ts";

const { calls } = snpPopulateTracked;

const overlapping: readonly Vector[] = [{ bounds: {}, mode: "overlap", overlap: 2, quick: true }];
/** Calls of the process that follow each other; two pages stand for a huge one where the bug needs it. */
const twoPages: readonly Vector[] = [{ bounds: { pages: 2 }, quick: true }];

const convertUnderMmuLock = {
  sections: {
    "make it private in the RMP": { drops: ({ gfn }: Fault) => folioLock(INODE, gfn) },
    "install the leaf": { takes: ({ vm }: Fault) => mmuLock.read(vm), run: installLeaf },
  },
  after: {
    "install the leaf": {
      "make it private in the RMP, under mmu_lock": {
        drops: ({ vm }: Fault) => mmuLock.read(vm),
        run: (s: State, c: Fault) => (c.stale ? undefined : makePrivate(s, c)),
      },
    },
  },
} as const;

/** sev_gmem_post_populate() to 6.19: copy_from_user(), which may fault. */
function copyFromUser(s: State, c: Populate) {
  if (!s.sourceMapped) return stop(c);
  copySource(s, c);
  return undefined;
}

export const populateMutants = [
  mutant(snpPopulateTracked, {
    name: "rmp-convert-under-mmu-lock",
    bug: "A9",
    says: "a fault makes the page private in the RMP under mmu_lock, after the leaf is there",
    source: "kvm_gmem_solo tree: Sean Christopherson to Michael Roth, 22 May 2023",
    killedBy: "mapped-page-is-the-guests",
    calls: {
      guest_access: change(calls.guest_access, convertUnderMmuLock),
      pre_fault_memory: change(calls.pre_fault_memory, convertUnderMmuLock),
    },
    vectors: [{ bounds: { vcpus: 2 }, mode: "overlap", overlap: 2, quick: true }],
  }),
  mutant(snpPopulateTracked, {
    name: "populate-vs-prefault-rmp-pf",
    bug: "P1",
    says: "vCPUs may map memory before the launch is finished",
    source: "before 5932ca411e53 (KVM: x86: disallow pre-fault for SNP VMs before initialization), 6.11",
    killedBy: "host-writes-no-assigned-page",
    calls: {
      pre_fault_memory: change(calls.pre_fault_memory, {
        never: ["EOPNOTSUPP"],
        without: ["look whether the launch is finished"],
      }),
    },
    vectors: overlapping,
  }),
  mutant(snpPopulateTracked, {
    name: "populate-not-interruptible",
    bug: "P5",
    says: "populate goes on to its last page whatever signal comes",
    source: "before d81473840ce1 (KVM: interrupt kvm_gmem_populate() on signals), 6.11",
    killedBy: "populate-ends-on-a-signal",
    calls: { launch_update: change(calls.launch_update, { without: ["look for a signal"] }) },
    vectors: twoPages,
  }),
  mutant(snpPopulateInPlace, {
    name: "populate-abba-mmap-lock",
    bug: "P6",
    says: "populate reads its source under invalidate_lock, and the read takes mmap_lock",
    source:
      "before 2a62345b3052 (KVM: guest_memfd: GUP source pages prior to populating guest memory), 7.0; a deadlock with in-place conversion",
    killedBy: "lock-order",
    calls: {
      launch_update: change(calls.launch_update, {
        without: ["get the source page"],
        sections: { "copy the source": { under: () => mmapLock.read(), run: copyFromUser } },
      }),
    },
    vectors: overlapping,
  }),
  mutant(snpPopulateTracked, {
    name: "preparation-tracking-vs-partial-populate",
    bug: "P7",
    says: "one flag for a folio of two pages says that it is prepared, and is set when both are",
    source:
      "before 8622ef05709f (KVM: guest_memfd: Remove preparation tracking), 7.0; the folio's uptodate flag with huge pages",
    killedBy: "host-writes-no-assigned-page",
    calls: {
      launch_update: change(calls.launch_update, {
        sections: {
          "mark it up to date": (s, c) => {
            c.at++;
            if (c.at < c.gfn + c.npages) return;
            for (let page = c.gfn; page < c.at; page++) s.pages[page]!.folio = "ready";
          },
        },
      }),
    },
    vectors: twoPages,
  }),
  mutant(snpPopulateTracked, {
    name: "as-inaccessible-truncate-encrypted",
    bug: "M4",
    says: "a hole in a folio of two pages zeroes the part that goes",
    source:
      "before c72ceafbd12c (mm: Introduce AS_INACCESSIBLE for encrypted/confidential memory), 6.11, with huge pages",
    killedBy: "host-writes-no-assigned-page",
    calls: {
      punch_hole: change(calls.punch_hole, {
        after: {
          "zap what is bound": {
            // truncate_inode_partial_folio(), before the folio is split.
            "zero the part that goes": {
              when: ({ npages }) => npages === 1,
              under: ({ first }) => folioLock(INODE, first),
              run: (s, { first }) => writeAsHost(s.pages[first]!),
            },
          },
        },
      }),
    },
    vectors: [{ bounds: { pages: 2 }, mode: "overlap", overlap: 1, quick: true }],
  }),
  mutant(directMap, {
    name: "secret-direct-map-refcount",
    bug: "M6",
    says: "the sharing refcount is counted without the folio lock",
    source:
      '[RFC PATCH 009/008] kvm: gmem: Introduce "sharing refcount", Patrick Roy, August 2024: the lock around it',
    killedBy: "touches-what-is-mapped",
    calls: {
      access_page: change(directMap.calls.access_page, {
        without: [
          "share: lock the folio",
          "share: unlock the folio",
          "unshare: lock the folio",
          "unshare: unlock the folio",
        ],
      }),
    },
    vectors: overlapping,
  }),
];
