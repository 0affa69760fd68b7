/** Slots, and the memory at their userspace_addr. */
import { disabled, positions } from "../../../spec/language.ts";
import { Gfn, Page, Slot } from "../../../spec/guest-memory.ts";
import {
  beginInvalidation,
  call,
  choice,
  endInvalidation,
  theSlotsLock,
  writeInvalidateLock,
  writeMmuLock,
  type MemorySlot,
  type Range,
  type State,
} from "./state.ts";

const meet = (a: number, b: number, npages: number, others: number): boolean =>
  a < b + others && b < a + npages;

const overlaps = (wanted: MemorySlot, other: MemorySlot): boolean =>
  meet(wanted.base, other.base, wanted.npages, other.npages) ||
  meet(wanted.first, other.first, wanted.npages, other.npages);

export const createSlot = call({
  kernel: "__kvm_set_memory_region(), virt/kvm/kvm_main.c; kvm_gmem_bind(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: {
    slot: Slot,
    base: Gfn,
    first: Page,
    npages: choice<number>((m, { base, first }) =>
      positions(Math.min(m.gfns - base, m.pages - first)).map((n) => n + 1),
    ),
  },
  returns: ["EEXIST"],
  sections: {
    "take slots_lock": { takes: theSlotsLock },
    "bind, and publish the slot": {
      under: writeInvalidateLock,
      run: (s, { slot, base, first, npages }) => {
        if (s.slots[slot] !== null) return disabled;
        for (const other of s.slots)
          if (other !== null && overlaps({ base, first, npages }, other)) return "EEXIST";
        s.slots[slot] = { base, first, npages };
        s.bindings[slot] = { base, first, npages };
      },
    },
    "drop slots_lock": { drops: theSlotsLock },
  },
});

export const framesOfSlot = ({ base, npages }: MemorySlot): Range => ({ first: base, end: base + npages });

export const deleteSlot = call({
  kernel: "__kvm_set_memory_region(), virt/kvm/kvm_main.c; kvm_gmem_unbind(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { slot: Slot },
  returns: [],
  sections: {
    "take slots_lock": { takes: theSlotsLock },
    // kvm_arch_flush_shadow_memslot(): not kvm_unmap_gfn_range().
    "zap, and take it out of the table": {
      under: writeMmuLock,
      run: (s, { slot }) => {
        if (s.slots[slot] === null) return disabled;
        const { first, end } = framesOfSlot(s.slots[slot]);
        for (let gfn = first; gfn < end; gfn++) s.leaves[gfn] = null;
        s.slots[slot] = null;
      },
    },
    unbind: {
      under: writeInvalidateLock,
      run: (s, { slot }) => {
        s.bindings[slot] = null;
      },
    },
    "drop slots_lock": { drops: theSlotsLock },
  },
});

function inEverySlot(s: State, meets: (s: State, frames: Range) => void): void {
  for (const slot of s.slots) if (slot !== null) meets(s, framesOfSlot(slot));
}

export const beginInEverySlot = (s: State): void => inEverySlot(s, beginInvalidation);

/** The memory at userspace_addr serves shared accesses alone; what is zapped with it in private frames comes back with the next fault. */
export const munmap = call({
  kernel:
    "munmap() of userspace_addr: kvm_mmu_notifier_invalidate_range_start() and _end(), virt/kvm/kvm_main.c",
  by: "task",
  takes: {},
  returns: [],
  sections: {
    "begin the invalidation, zap": { under: writeMmuLock, run: beginInEverySlot },
    "end the invalidation": { under: writeMmuLock, run: (s) => inEverySlot(s, endInvalidation) },
  },
});
