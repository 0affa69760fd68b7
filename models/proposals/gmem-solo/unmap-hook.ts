/**
 * Can what the RMP gives to a guest be taken back where its frames are zapped, without a hook of its own? kvm_unmap_gfn_range() must then be told that the memory is
 * private; it is called only where a slot shows the page, which leaves out pages that were unbound; and a fault can convert the page again until it has left the file.
 *
 * Re: Rename restrictedmem => guardedmem?, Sean Christopherson, 22 May 2023.
 */
import { change, goTo, variant } from "../../../spec/language.ts";
import { folioLock } from "../../guest-memfd/locks.ts";
import { counted, punchHole, type Pages } from "./file.ts";
import { MAIL, gmemSolo, reboundElsewhere } from "./gmem-solo.ts";
import { beginInEverySlot, deleteSlot, munmap } from "./slots.ts";
import { INODE, writeInvalidateLock, writeMmuLock, type MemorySlot, type State } from "./state.ts";
import { reached } from "./view.ts";

/** The hook, for what a slot shows of some pages. */
function reclaim(s: State, slot: MemorySlot | null, first: number, end: number): void {
  if (slot === null) return;
  for (let page = Math.max(first, slot.first); page < Math.min(end, slot.first + slot.npages); page++)
    s.rmp[page] = null;
}

const reclaimingHole = change(punchHole, {
  sections: {
    "zap what is bound": {
      under: writeMmuLock,
      run: (s: State, c: Pages) => {
        counted["zap what is bound"].run(s, c);
        for (const slot of s.bindings) reclaim(s, slot, c.first, c.first + c.npages);
      },
    },
    "truncate the next page": {
      under: ({ page }: Pages) => folioLock(INODE, page),
      run: (s: State, c: Pages) => {
        s.folios[c.page] = "absent";
        return ++c.page < c.first + c.npages ? goTo("truncate the next page") : undefined;
      },
    },
  },
});

const faultsBehindTheZap = [
  {
    property: "gone-page-is-the-hosts",
    says: "a fault finds the page between the zap and the truncation, converts it, and is thrown away",
    source:
      "is_page_fault_stale() is asked after the conversion; kvm_gmem_free_folio(), 6.11, comes after both",
  },
  {
    property: "linearizable",
    says: "a fault finds a page that is the host's and is in the file, cannot convert it, and is told so; and its page goes",
    source: MAIL,
  },
];

const nothingBehindUnbind = {
  property: "gone-page-is-the-hosts",
  says: "a hole in pages that no slot shows any more calls no hook",
  source: `${MAIL}: the gap of unbind()`,
};

const vectors = [
  { bounds: { slots: 1 }, quick: true },
  { bounds: {} },
  { bounds: {}, scenario: "one slot", mode: "overlap" },
] as const;

export const unmapHook = variant(gmemSolo, {
  name: "gmem-solo-unmap-hook",
  says: "kvm_unmap_gfn_range() takes a page from the guest when it is told that a hole in private memory is the reason",
  source: `${MAIL}: kvm_gfn_range.is_private`,
  calls: { punch_hole: reclaimingHole },
  statements: reached,
  knownBreaches: [...reboundElsewhere, nothingBehindUnbind, ...faultsBehindTheZap],
  vectors,
});

export const untoldHook = variant(unmapHook, {
  name: "gmem-solo-unmap-hook-untold",
  says: "kvm_unmap_gfn_range() takes a page from the guest whatever the reason",
  source: `${MAIL}: without kvm_gfn_range.is_private`,
  calls: {
    munmap: change(munmap, {
      sections: {
        "begin the invalidation, zap": {
          under: writeMmuLock,
          run: (s) => {
            beginInEverySlot(s);
            for (const slot of s.slots) reclaim(s, slot, 0, s.folios.length);
          },
        },
      },
    }),
  },
  statements: reached,
  knownBreaches: [
    ...reboundElsewhere,
    nothingBehindUnbind,
    {
      property: "assignment-lasts",
      says: "user space unmaps its own memory at userspace_addr, and the private pages of the slot are the host's",
      source: `${MAIL}: the architecture must know that what is zapped is private`,
    },
  ],
  vectors: [{ bounds: { slots: 1 }, quick: true }, { bounds: {} }],
});

export const unbindHook = variant(unmapHook, {
  name: "gmem-solo-unbind-hook",
  says: "kvm_unmap_gfn_range() takes pages from the guest, and so does unbind(), for all that the slot shows",
  source: `${MAIL}: what unbind() should look like`,
  calls: {
    delete_slot: change(deleteSlot, {
      sections: {
        unbind: {
          under: writeInvalidateLock,
          run: (s, { slot }) => {
            reclaim(s, s.bindings[slot], 0, s.folios.length);
            s.bindings[slot] = null;
          },
        },
      },
    }),
  },
  statements: reached,
  knownBreaches: [
    {
      property: "assignment-lasts",
      says: "a slot is deleted, and what the guest wrote is lost, though the pages are in the file",
      source: "kvm_gmem_unbind(), virt/kvm/guest_memfd.c: contents outlive the slot",
    },
    ...faultsBehindTheZap,
  ],
  vectors,
});
