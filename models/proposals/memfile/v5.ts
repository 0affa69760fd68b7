/**
 * May user space ever touch private memory? v5 says no, by a flag of the file that is set when it is made and does not change
 * (MFD_INACCESSIBLE). A guest whose image is encrypted in place has then no image. [PATCH v5 00/13] KVM: mm: fd-based approach for
 * supporting KVM guest private memory, 10 March 2022.
 *
 * That v5 let user space allocate before the bind is left out: its pages lay where nothing moves them from the first on.
 */
import { variant } from "../../../spec/language.ts";
import { destructive, memfileBindFirst } from "./bind-first.ts";
import { mapsWhere, writesWhere } from "./host.ts";
import type { Access } from "./state.ts";
import { reached, viewWhere } from "./view.ts";

const never: Access = () => false;

export const memfileV5 = variant(memfileBindFirst, {
  name: "memfile-v5",
  says: "a memfile is inaccessible to user space from its creation on, by a flag that never changes",
  source:
    "[PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory, 10 March 2022: MFD_INACCESSIBLE",
  calls: { write: writesWhere(never), mmap: mapsWhere(never) },
  drops: ["munmap"],
  view: viewWhere(never),
  statements: reached,
  knownBreaches: [
    {
      property: "image-can-be-placed",
      says: "SEV and pKVM: the image must be written to the file's own pages, and nobody can",
      source: "Re: [PATCH v5 00/13]: Michael Roth, 9 May 2022: SEV's firmware encrypts in place only",
    },
    destructive,
  ],
});
