/**
 * Which frames of a slot does a hole take, when the slot begins inside the file? Three answers came before the one that was merged: the frame is reckoned
 * from the index alone; the offset is subtracted, and a hole that reaches beyond the slot is warned of and left out; the same once the warning, which comes
 * once, has come.
 *
 * Re: Rename restrictedmem => guardedmem?, Sean Christopherson, 22 May 2023.
 */
import { change, variant, warnOn } from "../../../spec/language.ts";
import { countingFrames, punchHole } from "./file.ts";
import { MAIL, faultsForEver, gmemSolo, reboundElsewhere } from "./gmem-solo.ts";
import type { MemorySlot, Range } from "./state.ts";
import { reached } from "./view.ts";

const stays = (says: string, source: string) => [
  ...faultsForEver("what stays mapped is the host's in the RMP"),
  { property: "no-mapping-to-a-gone-page", says, source },
  {
    property: "mapped-page-is-the-guests",
    says: "the page went back to the host with the hole, where the guest still has it mapped",
    source,
  },
];

/** The mail gives the code, and says nothing of what follows from it. */
const AS_GIVEN = `${MAIL}: the code as given; by reading, and clamped in kvm_gmem_invalidate_begin(), 6.8`;

export const indexAsFrame = variant(gmemSolo, {
  name: "gmem-solo-index-as-frame",
  says: "a hole takes base_gfn + index: the slot's offset in the file is not subtracted",
  source: `${MAIL}: the tree as it was`,
  calls: {
    punch_hole: change(punchHole, {
      sections: countingFrames(({ base, npages }, { first, end }) => ({
        first: base + first,
        end: base + Math.min(end, npages),
      })),
    }),
  },
  statements: reached,
  knownBreaches: stays("the frame that shows the page is another one, and stays mapped", MAIL),
  vectors: [{ bounds: { slots: 1 }, quick: true }, { bounds: {} }],
});

const offsetSubtracted = ({ base, first, npages }: MemorySlot, hole: Range): Range => ({
  first: base + hole.first - first,
  end: base + Math.min(hole.end - first, npages),
});

const reachesBeyond = ({ first, npages }: MemorySlot, hole: Range): boolean =>
  hole.first < first || hole.end > first + npages;

const NOTHING: Range = { first: 0, end: 0 };

export const warnAndSkip = variant(gmemSolo, {
  name: "gmem-solo-warn-and-skip",
  says: "the offset is subtracted at both ends; a hole that reaches beyond the slot is warned of, and the slot left out",
  source: `${MAIL}: the code as the mail gives it`,
  calls: {
    punch_hole: change(punchHole, {
      sections: countingFrames((slot, hole) => {
        warnOn(reachesBeyond(slot, hole), "a hole reaches beyond the pages of a slot");
        return offsetSubtracted(slot, hole);
      }),
    }),
  },
  statements: reached,
  knownBreaches: [
    ...reboundElsewhere,
    {
      property: "no-warning",
      says: "user space punches a hole that is larger than a slot",
      source: AS_GIVEN,
    },
  ],
  vectors: [{ bounds: { slots: 1 }, quick: true }, { bounds: {} }],
});

export const skipWithoutWord = variant(gmemSolo, {
  name: "gmem-solo-skip",
  says: "as gmem-solo-warn-and-skip, after its WARN_ON_ONCE() has come once",
  source: `${MAIL}: the code as the mail gives it`,
  calls: {
    punch_hole: change(punchHole, {
      sections: countingFrames((slot, hole) =>
        reachesBeyond(slot, hole) ? NOTHING : offsetSubtracted(slot, hole),
      ),
    }),
  },
  statements: reached,
  knownBreaches: stays("the slot that is left out stays mapped, and the pages go", AS_GIVEN),
  vectors: [{ bounds: { slots: 1 }, quick: true }, { bounds: {} }],
});
