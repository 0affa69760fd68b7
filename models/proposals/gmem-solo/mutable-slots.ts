/**
 * May a slot of private memory be moved? The file's bindings hold the slot as it was bound; a move puts another object into the VM's table, and a hole then
 * reckons with frames at which the slot no longer is. The tree relied on it that nobody moved one; the ABI came to refuse it.
 *
 * Re: Rename restrictedmem => guardedmem?, Sean Christopherson, 22 May 2023.
 */
import { disabled, variant } from "../../../spec/language.ts";
import { Gfn, Slot } from "../../../spec/guest-memory.ts";
import { MAIL, gmemSolo, reboundElsewhere } from "./gmem-solo.ts";
import { framesOfSlot } from "./slots.ts";
import { call, slotAt, theSlotsLock, writeMmuLock } from "./state.ts";
import { reached } from "./view.ts";

const moveSlot = call({
  kernel: "__kvm_set_memory_region(): KVM_MR_MOVE, virt/kvm/kvm_main.c",
  by: "task",
  takes: { slot: Slot, base: Gfn },
  returns: ["EEXIST"],
  sections: {
    "take slots_lock": { takes: theSlotsLock },
    "zap, and publish the slot at its new place": {
      under: writeMmuLock,
      run: (s, { slot, base }, { gfns }) => {
        const old = s.slots[slot];
        if (old === null || old.base === base || base + old.npages > gfns) return disabled;
        s.slots[slot] = null;
        for (let gfn = base; gfn < base + old.npages; gfn++)
          if (slotAt(s, gfn) !== null) {
            s.slots[slot] = old;
            return "EEXIST";
          }
        const { first, end } = framesOfSlot(old);
        for (let gfn = first; gfn < end; gfn++) s.leaves[gfn] = null;
        s.slots[slot] = { base, first: old.first, npages: old.npages };
      },
    },
    "drop slots_lock": { drops: theSlotsLock },
  },
});

export const mutableSlots = variant(gmemSolo, {
  name: "gmem-solo-mutable-slots",
  says: "a slot of private memory can be moved, as others can",
  source: `${MAIL}: the code relies on private slots being immutable`,
  adds: { move_slot: moveSlot },
  statements: reached,
  knownBreaches: [
    ...reboundElsewhere,
    {
      property: "guest-memfd-slot-immutable",
      says: "a slot moves with its binding",
      source: MAIL,
    },
    {
      property: "no-mapping-to-a-gone-page",
      says: "a hole zaps where the slot was when it was bound, and the guest keeps the page where it is now",
      source: MAIL,
    },
    {
      property: "mapped-page-is-the-guests",
      says: "the page went back to the host with the hole, where the guest still has it mapped",
      source: MAIL,
    },
  ],
  vectors: [{ bounds: { slots: 1 }, quick: true }, { bounds: {} }],
});
