/** What a zap takes from a guest beside its leaf; and what a page that leaves the page cache has to be. */
import { positions } from "../../../../spec/language.ts";
import type { FileId } from "../../../../spec/guest-memory.ts";
import { punches } from "../../../guest-memfd/calls/fallocate.ts";
import { announce } from "../../../guest-memfd/calls/set-memory-attributes.ts";
import { flushSlot, mmuOf, zaps } from "../../../guest-memfd/calls/set-user-memory-region.ts";
import { boundSlot, filesOf, framesOf, invalidateBegin } from "../../../guest-memfd/invalidate.ts";
import { freeFile, putVm } from "../../../guest-memfd/lifetime.ts";
import { folioLock, mmuLock } from "../../../guest-memfd/locks.ts";
import { beginInvalidation } from "../../../guest-memfd/mmu.ts";
import { truncatePage } from "../../../guest-memfd/page-cache.ts";
import { zapPoison } from "../../../guest-memfd/poison.ts";
import { oldSlot, type Region } from "../../../guest-memfd/region.ts";
import type { Releasing } from "../../../guest-memfd/release.ts";
import { NORMAL, isVisible } from "../../../guest-memfd/slots.ts";
import type { InodeId, VmId } from "../../../guest-memfd/state.ts";
import { givesWithLeaf, takeBack, wipe, type Confidential } from "./state.ts";

/** tdx_sept_remove_private_spte(), and pKVM's unmap: with a private leaf its page goes back. Leaves of SNP are leaves and nothing else. */
function takeBackFrames(s: Confidential, vm: VmId, first: number, end: number): void {
  if (!givesWithLeaf(s.vms[vm])) return;
  for (let gfn = Math.max(0, first); gfn < Math.min(end, s.vms[vm].sptes.length); gfn++) {
    const leaf = s.vms[vm].sptes[gfn]!;
    if (leaf === null || !leaf.private) continue;
    takeBack(s, leaf.at.inode, leaf.at.page);
    wipe(s, leaf.at.inode, leaf.at.page);
    s.vms[vm].sptes[gfn] = null;
  }
}

function takeBackBound(s: Confidential, file: FileId, first: number, end: number): void {
  for (let page = first; page < end; page++) {
    const name = s.files[file].bindings[page]!;
    if (name === null || name.space !== NORMAL) continue;
    const frames = framesOf(boundSlot(s, name), first, end);
    takeBackFrames(s, name.vm, frames.first, frames.end);
  }
}

function takeBackPages(s: Confidential, inode: InodeId, first: number, end: number): void {
  for (const file of filesOf(s, inode)) {
    takeBackBound(s, file, first, end);
    invalidateBegin(s, file, first, end);
  }
}

interface Hole {
  readonly mode: number;
  readonly vm: VmId;
  readonly inode: InodeId;
  readonly first: number;
  readonly end: number;
  page: number;
}

/** sev_gmem_invalidate(), from kvm_gmem_free_folio(): under the folio lock, so that no fault gives the page away again. */
function truncateAndReclaim(s: Confidential, inode: InodeId, page: number): void {
  truncatePage(s, inode, page);
  takeBack(s, inode, page);
}

export const punching = {
  "punch: zap what is bound": {
    when: punches,
    under: ({ vm }: Hole) => mmuLock.write(vm),
    run: (s: Confidential, { inode, first, end }: Hole): void => takeBackPages(s, inode, first, end),
  },
  "punch: truncate the next page": {
    when: ({ mode, page, end }: Hole) => punches({ mode }) && page < end,
    under: ({ inode, page }: Hole) => folioLock(inode, page),
    run: (s: Confidential, c: Hole) => {
      truncateAndReclaim(s, c.inode, c.page++);
      return { to: "punch: truncate the next page" };
    },
  },
} as const;

export const poisoning = {
  "zap it from the guests": {
    under: ({ vm }: { readonly vm: VmId }) => mmuLock.write(vm),
    run: (s: Confidential, { inode, page }: { readonly inode: InodeId; readonly page: number }): void => {
      for (const file of filesOf(s, inode)) takeBackBound(s, file, page, page + 1);
      zapPoison(s, inode, page);
    },
  },
} as const;

/** kvm_arch_flush_shadow_memslot() */
export const flushing = {
  "flush what the old slot mapped": {
    when: zaps,
    under: mmuOf,
    run: (s: Confidential, c: Region): void => {
      const slot = oldSlot(s, c)!;
      if (c.space === NORMAL) takeBackFrames(s, c.vm!, slot.base, slot.base + slot.npages);
      flushSlot(s, c);
    },
  },
} as const;

interface Conversion {
  readonly vm: VmId | null;
  readonly private: boolean;
  first: number;
  end: number;
  announced: boolean;
}

/** With a root for each type, a conversion to private leaves what is private already: KVM_FILTER_SHARED. */
function announceFiltered(s: Confidential, c: Conversion): void {
  const vm = s.vms[c.vm!];
  if (!givesWithLeaf(vm)) return announce(s, c);
  for (const slot of vm.slots[NORMAL]) {
    if (slot === null || !isVisible(slot)) continue;
    const first = Math.max(c.first, slot.base);
    const end = Math.min(c.end, slot.base + slot.npages);
    if (first >= end) continue;
    beginInvalidation(vm, first, end, c.announced);
    c.announced = true;
    if (!c.private) takeBackFrames(s, c.vm!, first, end);
    for (let gfn = first; gfn < end; gfn++) if (vm.sptes[gfn]?.private === false) vm.sptes[gfn] = null;
  }
}

export const converting = {
  "zap what is of the other type": {
    under: ({ vm }: Conversion) => mmuLock.write(vm!),
    run: announceFiltered,
  },
} as const;

const releases = ({ releases: does }: Releasing): boolean => does;

/** Closing sections of every call that can drop the last reference to a file. */
export const releasing = {
  "release: zap what is bound": {
    when: releases,
    under: ({ ofVm }: Releasing) => mmuLock.write(ofVm),
    run: (s: Confidential, { last }: Releasing): void => {
      const pages = s.files[last].bindings.length;
      takeBackBound(s, last, 0, pages);
      invalidateBegin(s, last, 0, pages);
    },
  },
  "release: free the file": {
    when: releases,
    run: (s: Confidential, { last, ofVm, ofInode }: Releasing): void => {
      freeFile(s, last);
      // kvm_gmem_evict_inode(): every page leaves the page cache.
      if (s.inodes[ofInode].kind === "none")
        for (const page of positions(s.owners[ofInode].length)) takeBack(s, ofInode, page);
      putVm(s, ofVm);
    },
  },
} as const;
