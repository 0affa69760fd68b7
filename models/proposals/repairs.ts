/**
 * What would mend the races that shipped versions still have. Nobody has proposed these changes on a list; they show that the promises can be kept.
 */
import { change, retry, variant } from "../../spec/language.ts";
import type { GuestAccess } from "../guest-memfd/calls/guest-access.ts";
import { tellOfDeletion } from "../guest-memfd/calls/pre-fault-memory.ts";
import { signedOffsetAccepted } from "../guest-memfd/known-breaches.ts";
import { folioLock, kvmSrcu, slotsArchLock } from "../guest-memfd/locks.ts";
import { allocateRmaps } from "../guest-memfd/rmaps.ts";
import { reloadObsoleteRoot } from "../guest-memfd/roots.ts";
import { NORMAL, slotAt } from "../guest-memfd/slots.ts";
import type { State } from "../guest-memfd/state.ts";
import { dyingFile, emulations, poisonedWindows, preFaults, sequentialCore } from "../guest-memfd/vectors.ts";
import { guestMemfd6_12, guestMemfd7_3 } from "../guest-memfd/versions.ts";

const { calls: of6_12 } = guestMemfd6_12;
const { calls: of7_3 } = guestMemfd7_3;

export const preFaultThatEnds = variant(guestMemfd6_12, {
  name: "pre-fault-that-ends",
  says: "6.12, but a pre-fault loads a new root when its own is obsolete, and tells of a slot that is being deleted",
  source:
    "a repair of what 6.12.107 was seen to do: after the deletion of a slot KVM_PRE_FAULT_MEMORY does not return; the second part is 3ccbf6f47098, 6.18",
  calls: {
    pre_fault_memory: change(of6_12.pre_fault_memory, {
      returns: ["EAGAIN"],
      sections: { "look whether the slot is being deleted": tellOfDeletion },
      after: { "look up the slot": reloadObsoleteRoot },
    }),
  },
  knownBreaches: signedOffsetAccepted,
  vectors: [...preFaults, ...sequentialCore],
});

/** The slot that is found when the access is emulated came after the fault: the guest runs again, and faults on it. */
const faultAgain = {
  "emulate the access": {
    drops: ({ vm }: GuestAccess) => kvmSrcu(vm!),
    run: (s: State, c: GuestAccess) => {
      const vm = s.vms[c.vm!];
      const id = slotAt(vm, c.gfn);
      const slot = id === null ? null : vm.slots[NORMAL][id];
      if (slot === null || slot.phase === "invalid" || (c.write && slot.readonly)) return "mmio" as const;
      return retry("run the guest");
    },
  },
};

const emulation = {
  guest_read: change(of7_3.guest_read, { sections: faultAgain }),
  guest_write: change(of7_3.guest_write, { sections: faultAgain }),
};

export const emulationOfTheFile = variant(guestMemfd7_3, {
  name: "emulation-of-the-file",
  says: "7.3, but an access that finds a slot when it is about to be emulated is made again instead",
  source:
    "a repair of what 7.3.4 and 6.18.44 were seen to do: an access that races with the binding of a slot reads or writes userspace_addr",
  calls: emulation,
  vectors: [...emulations, ...sequentialCore, poisonedWindows],
});

const memory_failure = change(of7_3.memory_failure, {
  without: ["unlock the folio"],
  after: {
    "lock the folio, unmap it from the host": {
      "unlock the folio first": { drops: ({ inode, page }) => folioLock(inode, page) },
    },
  },
});

export const memoryFailureWithoutFolio = variant(guestMemfd7_3, {
  name: "memory-failure-without-folio-lock",
  says: "7.3, but the page is taken from the guests when its folio is unlocked again",
  source:
    "a repair of a deadlock that 7.3.4 was seen to run into: kvm_gmem_error_folio() takes invalidate_lock with the folio locked, kvm_gmem_punch_hole() the other way round",
  calls: { memory_failure },
  vectors: dyingFile,
});

/** Every slot that anybody can reach gets its rmaps, be it in the tables or in a file's bindings alone. */
const rmapsOfEverySlot = {
  "make the first shadow root": {
    when: ({ firstRoot }: GuestAccess) => firstRoot,
    under: ({ vm }: GuestAccess) => slotsArchLock(vm!),
    run: (s: State, { vm }: GuestAccess): void => {
      allocateRmaps(s.vms[vm!]);
      for (const space of s.vms[vm!].slots) for (const slot of space) if (slot !== null) slot.rmap = true;
    },
  },
};

/** 7.3 without the races that it is known to have: what every promise holds for, and what race mutants are deltas of. */
export const mended = variant(guestMemfd7_3, {
  name: "guest-memfd-7.3-mended",
  says: "7.3 with all repairs: the emulator makes the access again, memory failure unlocks the folio first, the first shadow root gives rmaps to every slot",
  source:
    "the repairs of this file; the last one for a slot that is being deleted while the first shadow root is made, which nobody is known to have reported",
  calls: {
    memory_failure,
    guest_read: change(emulation.guest_read, { sections: rmapsOfEverySlot }),
    guest_write: change(emulation.guest_write, { sections: rmapsOfEverySlot }),
  },
  vectors: [...guestMemfd7_3.vectors.filter(({ mode }) => mode === "overlap"), poisonedWindows],
});

export const repairs = [preFaultThatEnds, emulationOfTheFile, memoryFailureWithoutFolio, mended];
