/**
 * Can user space keep its alias slots (QEMU's SMRAM) by marking them as shared? The slot is accepted; what the guest finds there is not
 * the memory of which it is an alias. Chao Peng, 17 January 2023, is not sure of it. It is no fix: the slot is not to
 * be there.
 */
import { ids, variant } from "../../../spec/language.ts";
import { makesSlotWhere } from "./calls.ts";
import { hasPageOf } from "./state.ts";
import { stacked, unheard } from "./v10.ts";
import { reached } from "./view.ts";
import { restrictedmemXarray } from "./xarray.ts";

const SOURCE =
  "Re: [PATCH v10 1/9] mm: Introduce memfd_restricted system call to create restricted user memory: Chao Peng, 17 January 2023";

export const restrictedmemSharedAlias = variant(restrictedmemXarray, {
  name: "restrictedmem-shared-alias",
  says: "user space marks as shared what would have a page of its VM twice",
  source: SOURCE,
  calls: {
    set_memory_region: makesSlotWhere((s, made) => {
      if (hasPageOf(s, [made.vm], made)) return "shared";
      return hasPageOf(s, ids(s.vms), made) ? "EINVAL" : "private";
    }),
  },
  statements: reached,
  knownBreaches: [
    {
      property: "guest-finds-one-memory",
      says: "what the guest has in system memory is not there in the alias",
      source: SOURCE,
    },
    stacked,
    ...unheard,
  ],
});
