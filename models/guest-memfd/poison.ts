/** memory_failure(), mm/memory-failure.c, and kvm_gmem_error_folio(), virt/kvm/guest_memfd.c. */
import { ids } from "../../spec/language.ts";
import { filesOf, invalidateBegin, invalidateEnd } from "./invalidate.ts";
import { notifyArea } from "./page-cache.ts";
import type { InodeId, State } from "./state.ts";

/** The folio is marked; the host's entries for it become hwpoison entries. */
export function poisonFolio(s: State, inode: InodeId, page: number): void {
  const cell = s.inodes[inode].pages[page]!;
  cell.folio = "poisoned";
  for (const area of ids(cell.ptes)) {
    if (cell.ptes[area] !== "mapped") continue;
    cell.ptes[area] = "hwpoison";
    notifyArea(s, area, page);
  }
}

/** The guests that map it lose it; the page stays in the cache until a hole is punched. */
export function zapPoison(s: State, inode: InodeId, page: number): void {
  for (const file of filesOf(s, inode)) invalidateBegin(s, file, page, page + 1);
}

export function endPoison(s: State, inode: InodeId, page: number): void {
  for (const file of filesOf(s, inode)) invalidateEnd(s, file, page, page + 1);
}
