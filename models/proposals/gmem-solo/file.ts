/** What user space does to the file: allocation and holes, and which frames of the guest a hole takes. */
import { goTo, positions, upTo } from "../../../spec/language.ts";
import { Page } from "../../../spec/guest-memory.ts";
import { folioLock } from "../../guest-memfd/locks.ts";
import {
  INODE,
  beginInvalidation,
  call,
  choice,
  endInvalidation,
  writeInvalidateLock,
  writeMmuLock,
  type MemorySlot,
  type Range,
  type State,
} from "./state.ts";

const range = {
  first: Page,
  npages: choice<number>((m, { first }) => positions(m.pages - first).map((n) => n + 1)),
};

/** What a hole and an allocation know of themselves. */
export interface Pages {
  readonly first: number;
  readonly npages: number;
  page: number;
}

export const fallocate = call({
  kernel: "kvm_gmem_allocate(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: range,
  returns: [],
  sections: {
    "allocate the folios": {
      under: writeInvalidateLock,
      run: (s, { first, npages }) => {
        for (let page = first; page < first + npages; page++) s.folios[page] = "ready";
      },
    },
  },
});

/** The frames of a bound slot that show pages of a hole. */
type FramesOf = (slot: MemorySlot, hole: Range) => Range;

/** kvm_gmem_invalidate_begin(), 6.8: both ends are clamped to what the slot shows. */
const clamped: FramesOf = ({ base, first, npages }, hole) => ({
  first: base + Math.max(hole.first, first) - first,
  end: base + Math.min(hole.end - first, npages),
});

/** The pages that a slot shows and a hole takes, in turn for each slot: xa_for_each_range(). */
function eachBinding(
  s: State,
  { first, npages }: Pages,
  framesOf: FramesOf,
  meets: (s: State, frames: Range) => void,
): void {
  const hole = { first, end: first + npages };
  for (const slot of s.bindings)
    if (slot !== null && slot.first < hole.end && hole.first < slot.first + slot.npages)
      meets(s, framesOf(slot, hole));
}

/** The sections of a hole in which frames are counted. */
export const countingFrames = (framesOf: FramesOf) => ({
  "zap what is bound": {
    under: writeMmuLock,
    run: (s: State, c: Pages): void => {
      eachBinding(s, c, framesOf, beginInvalidation);
      c.page = c.first;
    },
  },
  "end the invalidation": {
    under: writeMmuLock,
    run: (s: State, c: Pages): void => eachBinding(s, c, framesOf, endInvalidation),
  },
});

export const counted = countingFrames(clamped);

export const punchHole = call({
  kernel: "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: range,
  keeps: { page: upTo("pages") },
  returns: [],
  sections: {
    "take invalidate_lock": { takes: writeInvalidateLock },
    "zap what is bound": counted["zap what is bound"],
    "truncate the next page": {
      under: ({ page }) => folioLock(INODE, page),
      run: (s, c) => {
        s.folios[c.page] = "absent";
        // sev_gmem_invalidate(), from kvm_gmem_free_folio(): whatever slots there are.
        s.rmp[c.page] = null;
        return ++c.page < c.first + c.npages ? goTo("truncate the next page") : undefined;
      },
    },
    "end the invalidation": counted["end the invalidation"],
    "drop invalidate_lock": { drops: writeInvalidateLock },
  },
});
