/** The hardware gives up a page of a guest_memfd: a machine check, or an injection that needs no mapping. */
import { disabled } from "../../../spec/language.ts";
import { Inode, Page, Vm } from "../../../spec/guest-memory.ts";
import { filesOf } from "../invalidate.ts";
import { folioLock, invalidateLock, mmuLock } from "../locks.ts";
import { endPoison, poisonFolio, zapPoison } from "../poison.ts";
import { call, type InodeId, type State } from "../state.ts";

/** What gives the page up is not there: nothing to poison. */
export function canFail(s: State, inode: InodeId, page: number): boolean {
  const memory = s.inodes[inode];
  const { folio } = memory.pages[page]!;
  return memory.kind === "guest_memfd" && folio !== "absent" && folio !== "poisoned";
}

export const memoryFailure = call({
  kernel: "memory_failure(), mm/memory-failure.c; kvm_gmem_error_folio(), virt/kvm/guest_memfd.c, 6.8",
  by: "kernel",
  takes: { inode: Inode, page: Page },
  keeps: { vm: Vm },
  returns: [],
  sections: {
    "lock the folio, unmap it from the host": {
      takes: ({ inode, page }) => folioLock(inode, page),
      run: (s, c) => {
        if (!canFail(s, c.inode, c.page)) return disabled;
        poisonFolio(s, c.inode, c.page);
        // Of a file that has gone only the pages are left: no guest maps them.
        const [file] = filesOf(s, c.inode);
        if (file !== undefined) c.vm = s.files[file].vm;
      },
    },
    "take invalidate_lock": { takes: ({ inode }) => invalidateLock.read(inode) },
    "zap it from the guests": {
      under: ({ vm }) => mmuLock.write(vm),
      run: (s, { inode, page }) => zapPoison(s, inode, page),
    },
    "end the invalidation": {
      under: ({ vm }) => mmuLock.write(vm),
      run: (s, { inode, page }) => endPoison(s, inode, page),
    },
    "drop invalidate_lock": { drops: ({ inode }) => invalidateLock.read(inode) },
    "unlock the folio": { drops: ({ inode, page }) => folioLock(inode, page) },
  },
});
