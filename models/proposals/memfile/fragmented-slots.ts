/**
 * Could a conversion change the slots instead: cut the slot in two around the page that changes sides? Slots cannot be cut; the old one is
 * deleted, with all that is mapped of it, and others are made. So each conversion costs every frame of the slot its mapping. Andy
 * Lutomirski, 25 April 2022, for the day on which memslots are cheap to change.
 */
import { change, positions, variant } from "../../../spec/language.ts";
import { destructive } from "./bind-first.ts";
import { memfileMeasured } from "./measured.ts";
import { allocate, punchHole, zap } from "./state.ts";
import { reachedWithImage } from "./view.ts";

export const memfileFragmentedSlots = variant(memfileMeasured, {
  name: "memfile-fragmented-slots",
  says: "a conversion deletes the slot and makes others, of private and of shared memory",
  source:
    "Re: [PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory: Andy Lutomirski, 25 April 2022",
  calls: {
    fallocate: change(memfileMeasured.calls.fallocate, {
      sections: {
        "allocate or remove the page": (s, { page, hole }) => {
          if (s.phase === "unbound") return "EPERM";
          // kvm_arch_flush_shadow_memslot() of the slot that goes
          for (const gfn of positions(s.pages.length)) {
            zap(s, gfn, "private");
            zap(s, gfn, "shared");
          }
          if (hole) punchHole(s, page);
          else allocate(s, page);
        },
      },
    }),
  },
  statements: reachedWithImage,
  knownBreaches: [
    {
      property: "conversion-leaves-the-rest",
      says: "the other frames of the slot fault again",
      source: "KVM_SET_USER_MEMORY_REGION: a slot is not split, Documentation/virt/kvm/api.rst",
    },
    destructive,
  ],
});
