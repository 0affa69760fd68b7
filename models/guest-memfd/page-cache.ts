/** The page cache of an inode, and what the host maps of it. */
import { ids } from "../../spec/language.ts";
import { notifyHva } from "./mmu.ts";
import type { AreaId, AreaState, InodeId, PageCell, State } from "./state.ts";

/** filemap_grab_folio(): a new folio has no defined contents. */
export function grabFolio(page: PageCell): void {
  if (page.folio !== "absent") return;
  page.folio = "allocated";
  for (const cell of page.contents) {
    cell.value = null;
    cell.secretOf = null;
  }
}

/** A folio that is not up to date is cleared before anybody sees it. */
export function clearUnlessReady(page: PageCell): void {
  if (page.folio !== "allocated") return;
  page.folio = "ready";
  for (const cell of page.contents) {
    cell.value = 0;
    cell.secretOf = null;
  }
}

/** Where an area maps a page of its file, or -1. */
export function windowPage(area: AreaState, page: number): number {
  return page >= area.first && page < area.first + area.npages ? page - area.first : -1;
}

/** unmap_mapping_folio(): the host's entries of one page go, and with them the guests' that came through them. */
export function unmapFromHost(s: State, inode: InodeId, page: number): void {
  const { ptes } = s.inodes[inode].pages[page]!;
  for (const area of ids(ptes)) {
    if (ptes[area] !== "mapped") continue;
    ptes[area] = "none";
    notifyArea(s, area, page);
  }
}

/** The process loses its entry for one page of an area. */
export function notifyArea(s: State, area: AreaId, page: number): void {
  const mapping = s.areas[area];
  if (mapping === null) return;
  const at = windowPage(mapping, page);
  notifyHva(s, area, at, at + 1);
}

/** truncate_inode_folio(): one page leaves the page cache. A hwpoison entry of the host stays. */
export function truncatePage(s: State, inode: InodeId, page: number): void {
  unmapFromHost(s, inode, page);
  s.inodes[inode].pages[page]!.folio = "absent";
}
