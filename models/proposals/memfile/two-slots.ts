/**
 * What if private and shared memory have slots of their own, which overlap? With two sets of page tables (TDX) each access finds its own,
 * though both may be valid at once; with one (SEV) the frame has one leaf, and nothing says from which slot. Andy Lutomirski, 25 April
 * 2022. memfile-measured has one slot for both, and a private page hides the shared one: Chao Peng's answer of 28 April.
 */
import { change, variant } from "../../../spec/language.ts";
import type { SlotId } from "../../../spec/guest-memory.ts";
import { destructive } from "./bind-first.ts";
import { accessesWhere } from "./guest.ts";
import { memfileMeasured } from "./measured.ts";
import { getPage, punchHole } from "./state.ts";
import { reachedWithImage } from "./view.ts";

const OVERLAPS =
  "Re: [PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory: Andy Lutomirski, 25 April 2022";

const PRIVATE_SLOT = 0 as SlotId;
const SHARED_SLOT = 1 as SlotId;

export const memfileTwoSlots = variant(memfileMeasured, {
  name: "memfile-two-slots",
  says: "private and shared memory are in slots of their own, which overlap; a conversion changes no slot",
  source: OVERLAPS,
  calls: {
    fallocate: change(memfileMeasured.calls.fallocate, {
      sections: {
        // The shared slot is no business of the memfile's.
        "allocate or remove the page": (s, { page, hole }) => {
          if (s.phase === "unbound") return "EPERM";
          if (hole) punchHole(s, page);
          else getPage(s, page);
        },
      },
    }),
    guest_access: accessesWhere((s, c) => !c.private || s.pages[c.gfn]!.present),
  },
  view: (s, m) => {
    const base = memfileMeasured.view(s, m);
    return {
      ...base,
      slots: [PRIVATE_SLOT, SHARED_SLOT],
      slot: (vm, space, slot) => {
        const own = base.slot(vm, space, PRIVATE_SLOT);
        return slot === PRIVATE_SLOT || own === null ? own : { ...own, guestMemfd: false, file: null };
      },
    };
  },
  statements: reachedWithImage,
  knownBreaches: [
    {
      property: "slots-disjoint",
      says: "the overlap is the proposal",
      source: OVERLAPS,
    },
    {
      property: "mapping-agrees-with-attribute",
      says: "both may be valid at a frame: on TDX each access finds its own all the same",
      source: OVERLAPS,
    },
    {
      property: "contents-come-from-the-file",
      says: "SEV and pKVM: a private access goes to the shared page that is in the only page table",
      source: OVERLAPS,
    },
    destructive,
  ],
});
