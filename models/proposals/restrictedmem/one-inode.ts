/**
 * Need there be a file around the file? Here the shmem file itself gets other operations: it hears of memory failure by its own a_ops,
 * knows its notifiers without a walk, and no second inode has its pages. Sean Christopherson, 13 April 2023, to Christian Brauner;
 * guest_memfd went further, to an inode of KVM's own.
 */
import { variant } from "../../../spec/language.ts";
import { failsWhere, zapFrom } from "./calls.ts";
import { overlap } from "./state.ts";
import { reached } from "./view.ts";
import { aliasRefused, restrictedmemXarray } from "./xarray.ts";

export const restrictedmemOneInode = variant(restrictedmemXarray, {
  name: "restrictedmem-one-inode",
  says: "the file that has the pages is the one that is bound; memory failure reaches it by its own operations",
  source:
    "Re: [PATCH v7 00/14] KVM: mm: fd-based approach for supporting KVM guest private memory: Sean Christopherson, 13 April 2023",
  calls: { memory_failure: failsWhere(zapFrom(overlap)) },
  drops: ["truncate_inner"],
  statements: reached,
  knownBreaches: [aliasRefused],
});
