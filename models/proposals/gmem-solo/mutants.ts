/** Bugs that the thread knew, or that came of what it warned of, put back one at a time. */
import { change } from "../../../spec/language.ts";
import { mutant } from "../../mutants/mutant.ts";
import { preFault, preparing } from "./conversion.ts";
import { MAIL } from "./gmem-solo.ts";
import { deleteSlot } from "./slots.ts";
import { unbindHook } from "./unmap-hook.ts";

export const unbindHookGap = mutant(unbindHook, {
  name: "unbind-hook-gap",
  bug: "A8",
  says: "unbind() forgets its hook: a hole in pages that no slot shows takes nothing from the guest",
  source: `${MAIL}: kvm_unmap_gfn_range() is called only where a slot overlaps`,
  killedBy: "gone-page-is-the-hosts",
  calls: {
    delete_slot: change(unbindHook.calls.delete_slot, { sections: { unbind: deleteSlot.sections.unbind } }),
  },
  vectors: [{ bounds: { slots: 1 }, quick: true }],
});

export const fallocatePreparesTooEarly = mutant(preFault, {
  name: "fallocate-prepares-too-early",
  bug: "P3",
  says: "fallocate() prepares pages at the frames that slots give them now",
  source:
    "before KVM: guest_memfd: delay kvm_gmem_prepare_folio() until the memory is passed to the guest, 6.11-rc",
  killedBy: "allocation-converts-nothing",
  calls: { fallocate: preparing },
  vectors: [{ bounds: { slots: 1 }, scenario: "pre-fault alone", quick: true }],
});
