/**
 * Prefetch of shadow paging: __direct_pte_prefetch(), arch/x86/kvm/mmu/mmu.c. A fault that has mapped its frame maps the others of its aligned
 * group of eight as well, as far as the process has mapped the memory at userspace_addr: also in slots that show their guest a file and
 * nothing else. The TDP MMU does nothing like it.
 */
import type { PageAt } from "../../spec/guest-memory.ts";
import { installLeaf, type GuestFault } from "./guest-fault.ts";
import { pageOfArea } from "./host-fault.ts";
import { mmuLock } from "./locks.ts";
import type { Machine } from "./machine.ts";
import { NORMAL, slotAt } from "./slots.ts";
import type { SlotState, State, VmState } from "./state.ts";

/** PTE_PREFETCH_NUM, in frames. */
export const PREFETCH_GROUP = 8n;

/** Positions from `first` up to and without `end`, which stand for a number of frames. */
interface Run {
  readonly first: number;
  readonly end: number;
  readonly frames: number;
}

export function installLeafAndPrefetch(s: State, c: GuestFault, m: Machine): void {
  installLeaf(s, c);
  if (!c.stale && !m.tdp) prefetch(s, s.vms[c.vm!], c.gfn, m);
}

/**
 * FNAME(fetch)() goes on to the prefetch when it has marked a frame without a slot as MMIO. An access that finds the mark does not get here, which the model
 * does not keep: it asks again for what is still not mapped.
 */
export const prefetchAroundMmio = {
  "mark the frame as MMIO, map its neighbours": {
    when: ({ slot }: GuestFault) => slot === null,
    under: ({ vm }: GuestFault) => mmuLock.write(vm!),
    run: (s: State, { vm, gfn }: GuestFault, m: Machine): void => {
      if (!m.tdp) prefetch(s, s.vms[vm!], gfn, m);
    },
  },
} as const;

/** Runs of frames without a leaf, in order, up to the first that cannot be had. */
function prefetch(s: State, vm: VmState, gfn: number, m: Machine): void {
  if (vm.invalidating > 0) return;
  for (const run of runsOf(vm, groupOf(gfn, m), gfn)) if (!mapRun(s, vm, run)) return;
}

/** The group of a frame. Frames that no position of a small machine stands for are counted all the same. */
function groupOf(gfn: number, { gfns: { starts } }: Machine): Run {
  const group = starts[gfn]! / PREFETCH_GROUP;
  const isOf = (at: number): boolean =>
    at >= 0 && at < starts.length && starts[at]! / PREFETCH_GROUP === group;
  let first = gfn;
  let end = gfn + 1;
  while (isOf(first - 1)) first--;
  while (isOf(end)) end++;
  return { first, end, frames: Number(PREFETCH_GROUP) };
}

function runsOf(vm: VmState, group: Run, faulting: number): Run[] {
  const runs: Run[] = [];
  const beyond = group.frames - (group.end - group.first);
  let first = group.first;
  for (let at = group.first; at <= group.end; at++) {
    const isLast = at === group.end;
    if (!isLast && vm.sptes[at] === null && at !== faulting) continue;
    if (at > first) runs.push({ first, end: at, frames: at - first + (isLast ? beyond : 0) });
    first = at + 1;
  }
  return runs;
}

/** kvm_mmu_prefetch_sptes(): false where nothing could be mapped. */
function mapRun(s: State, vm: VmState, { first, end, frames }: Run): boolean {
  const id = slotAt(vm, first);
  const slot = id === null ? null : vm.slots[NORMAL][id];
  // gfn_to_memslot_dirty_bitmap(); gfn_to_hva_many(), which is asked for memory to write to.
  if (slot === null || slot.phase === "invalid" || slot.logsDirty || slot.readonly) return false;
  if (slot.base + slot.npages - first < frames) return false;
  for (let gfn = first; gfn < end; gfn++) {
    const at = mappedPage(s, slot, gfn);
    if (at === null) return gfn > first;
    vm.sptes[gfn] = { at, private: false, fromFile: false, writable: true };
  }
  return true;
}

/** get_user_pages_fast_only(): what the process has mapped and may write to, without a fault. */
function mappedPage(s: State, slot: SlotState, gfn: number): PageAt | null {
  if (slot.area === null || s.areas[slot.area]?.access !== "write") return null;
  const at = pageOfArea(s, slot.area, slot.areaPage + gfn - slot.base);
  if (at === null) return null;
  return s.inodes[at.inode].pages[at.page]!.ptes[slot.area] === "mapped" ? at : null;
}
