/**
 * Can a file tell whom a hole concerns, and see to it that a page has one guest? One notifier for each offset, in an xarray: a hole finds
 * those of its range, and a slot that would have a page twice is refused when it is made. The lock is held from the begin of an
 * invalidation to its end. A slot that is an alias of another one, as QEMU's SMRAM, is refused as well: a bug of QEMU's of sorts.
 * Sean Christopherson, 13 January 2023 (restrictedmem_bind()), with the ends of ranges as Chao Peng corrected them on 21 February.
 */
import { change, ids, variant } from "../../../spec/language.ts";
import { begins, ends, hole, makesSlotWhere, truncate } from "./calls.ts";
import { call, hasPageOf, notifiersLock, overlap } from "./state.ts";
import { restrictedmemV10, stacked, unheard, vectors } from "./v10.ts";
import { reached } from "./view.ts";

const MAIL = "[PATCH v10 1/9] mm: Introduce memfd_restricted system call to create restricted user memory";

const punchHole = call({
  kernel: "restrictedmem_punch_hole() with xa_for_each_range(), Sean Christopherson, 13 January 2023",
  ...hole,
  sections: {
    "take the lock": { takes: ({ file }) => notifiersLock.read(file) },
    "begin the invalidation": begins(overlap),
    "truncate the file": truncate,
    "end the invalidation": ends(overlap),
    "drop the lock": {
      drops: ({ file }) => notifiersLock.read(file),
      run: (_s, { called }) => ({ value: called }),
    },
  },
});

export const aliasRefused = {
  property: "alias-is-accepted",
  says: "wanted: SMM and TDX exclude each other, and QEMU is not to configure SMRAM",
  source: `Re: ${MAIL}: Sean Christopherson, 17 January 2023`,
} as const;

export const restrictedmemXarray = variant(restrictedmemV10, {
  name: "restrictedmem-xarray",
  says: "the notifiers of a file are found by offset, one for each; a second slot with a page is refused",
  source: `Re: ${MAIL}: Sean Christopherson, 13 January 2023`,
  calls: {
    set_memory_region: makesSlotWhere((s, made) => (hasPageOf(s, ids(s.vms), made) ? "EINVAL" : "private")),
    punch_hole: punchHole,
    guest_access: change(restrictedmemV10.calls.guest_access, { never: ["EIO"] }),
  },
  statements: reached,
  knownBreaches: [stacked, ...unheard, aliasRefused],
  vectors,
});
