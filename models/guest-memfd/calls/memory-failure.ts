/** The hardware gives up a page of a guest_memfd: a machine check, or an injection that needs no mapping. */
import { disabled } from "../../../spec/language.ts";
import { Inode, Page } from "../../../spec/guest-memory.ts";
import { folioLock, invalidateLock } from "../locks.ts";
import { poisonFolio, zapPoison } from "../poison.ts";
import { call } from "../state.ts";

export const memoryFailure = call({
  kernel: "memory_failure(), mm/memory-failure.c; kvm_gmem_error_folio(), virt/kvm/guest_memfd.c, 6.8",
  by: "kernel",
  takes: { inode: Inode, page: Page },
  returns: [],
  sections: {
    "lock the folio, unmap it from the host": {
      takes: ({ inode, page }) => folioLock(inode, page),
      run: (s, { inode, page }) => {
        const memory = s.inodes[inode];
        const { folio } = memory.pages[page]!;
        if (memory.kind !== "guest_memfd" || folio === "absent" || folio === "poisoned") return disabled;
        poisonFolio(s, inode, page);
      },
    },
    "zap it from the guests": {
      under: ({ inode }) => invalidateLock.read(inode),
      run: (s, { inode, page }) => zapPoison(s, inode, page),
    },
    "unlock the folio": { drops: ({ inode, page }) => folioLock(inode, page) },
  },
});
