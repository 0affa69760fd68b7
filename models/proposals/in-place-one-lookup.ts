/**
 * A fix for in-place conversion: a fault asks the slot that it has found whether the frame is private, and looks no slot up again.
 *
 *     npx gmemcheck check models/proposals/in-place-one-lookup.ts
 */
import { change, variant } from "../../spec/language.ts";
import { NORMAL } from "../guest-memfd/slots.ts";
import { inPlaceConversion } from "./in-place-conversion.ts";
import { isPrivateInSlot } from "./in-place/attributes.ts";
import { slotLookedUpTwice } from "./in-place/exceptions.ts";
import { compareForPreFault, compareWith, type IsPrivate } from "./in-place/faults.ts";
import { ofFaults } from "./in-place/scenarios.ts";

const { calls, knownBreaches = [] } = inPlaceConversion;

const ofTheSlotFound: IsPrivate = (s, m, { vm, slot, invalid, gfn }) =>
  slot !== null && !invalid && isPrivateInSlot(s, m, s.vms[vm!].slots[NORMAL][slot], gfn);

const comparing = { sections: { "compare the attribute": compareWith(ofTheSlotFound) } };

export const inPlaceOneLookup = variant(inPlaceConversion, {
  name: "in-place-one-lookup",
  says: "a fault asks the slot that it has found whether the frame is private",
  source: "a fix for what the model shows of kvm_gmem_is_private_gfn(); not sent to anybody",
  calls: {
    guest_read: change(calls.guest_read, comparing),
    guest_write: change(calls.guest_write, comparing),
    pre_fault_memory: change(calls.pre_fault_memory, {
      sections: { "compare the attribute": compareForPreFault(ofTheSlotFound) },
    }),
  },
  // Of its runs none has memory that fails.
  knownBreaches: knownBreaches.filter(
    ({ property }) => ![slotLookedUpTwice.property, "no-deadlock", "lock-order"].includes(property),
  ),
  vectors: ofFaults,
});
