/** What was wrong on the way from the list to the xarray, each put back alone into the design that has nothing else to answer for. */
import { change } from "../../../spec/language.ts";
import type { FileId } from "../../../spec/guest-memory.ts";
import { mutant } from "../../mutants/mutant.ts";
import { begins, ends, failsWhere, zapFrom } from "./calls.ts";
import { restrictedmemOneInode } from "./one-inode.ts";
import { notifiersLock, overlap, type Finds } from "./state.ts";
import { allOfThem } from "./v10.ts";

const finding = (finds: Finds) => ({
  punch_hole: change(restrictedmemOneInode.calls.punch_hole, {
    sections: { "begin the invalidation": begins(finds), "end the invalidation": ends(finds) },
  }),
});

/** xa_for_each_range(…, start, end) takes the last index, and was given the one behind it. */
const oneTooFar: Finds = (slot, hole) =>
  slot.first <= hole.first + hole.npages && hole.first < slot.first + slot.npages;

const FIRST = 0 as FileId;

const twoPages = [{ bounds: { pages: 2 }, quick: true as const }];

export const restrictedmemMutants = [
  mutant(restrictedmemOneInode, {
    name: "linear-notifier-walk",
    bug: "A5",
    says: "a hole calls back every slot that is bound to the file",
    source:
      "restrictedmem_invalidate_start(), mm/restrictedmem.c, v10: list_for_each_entry(); review by Sean Christopherson, January 2023",
    killedBy: "cost-of-a-hole",
    calls: finding(allOfThem),
    vectors: twoPages,
  }),
  mutant(restrictedmemOneInode, {
    name: "inclusive-end-of-a-hole",
    bug: "the end of a range taken for its last index",
    says: "a hole calls back the slot that begins behind it",
    source: "Re: [PATCH v10 0/9] KVM: mm: fd-based approach for supporting KVM: Chao Peng, 21 February 2023",
    killedBy: "cost-of-a-hole",
    calls: finding(oneTooFar),
    vectors: twoPages,
  }),
  mutant(restrictedmemOneInode, {
    name: "restrictedmem-lock-dropped",
    bug: "A10",
    says: "the begin of an invalidation and its end take the lock each for itself, as in v10",
    source: "restrictedmem_punch_hole(), mm/restrictedmem.c, v10; review of patch 1, January 2023",
    killedBy: "no-warning",
    calls: {
      punch_hole: change(restrictedmemOneInode.calls.punch_hole, {
        sections: {
          "take the lock": {},
          "begin the invalidation": { under: ({ file }) => notifiersLock.read(file), run: begins(overlap) },
          "end the invalidation": { under: ({ file }) => notifiersLock.read(file), run: ends(overlap) },
          "drop the lock": (_s, { called }) => ({ value: called }),
        },
      }),
    },
    vectors: [{ bounds: {}, mode: "overlap", quick: true }],
  }),
  mutant(restrictedmemOneInode, {
    name: "restrictedmem-first-inode",
    bug: "A12",
    says: "memory failure tells the slots of the first file that it finds, whichever has the page",
    source: "restrictedmem_error_page(), mm/restrictedmem.c, v10: found with LTP's madvise01",
    killedBy: "guest-maps-no-poison",
    calls: {
      memory_failure: failsWhere((s, at) => zapFrom(overlap)(s, { ...at, file: FIRST })),
    },
    vectors: [{ bounds: { files: 2 }, quick: true }],
  }),
];
