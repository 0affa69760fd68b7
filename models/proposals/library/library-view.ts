/** What the library is asked beside the family. */
import { propertiesOf } from "../../../spec/language.ts";
import { Inode, Page } from "../../../spec/guest-memory.ts";
import type { Machine } from "./folios.ts";
import type { Library } from "./grab.ts";
import { promises, statements, view, type FolioView } from "./view.ts";

interface LibraryView extends FolioView {
  readonly state: Library;
}

export const libraryView = (s: Library, m: Machine): LibraryView => ({ ...view(s, m), state: s });

const { always } = propertiesOf<LibraryView>();

const inFile = ({ state }: LibraryView, page: number): boolean => state.cache[page] !== null;
const folioOf = ({ state }: LibraryView, page: number) => state.folios[state.cache[page]!];

const kernelTouchesItsOwn = always({
  name: "kernel-touches-what-the-host-may",
  says: "the kernel is not at work on a page that the hypervisor has lent to the guest: that is an exception",
  source:
    "[PATCH RFC v2 2/5] mm: guest_memfd: Allow folios to be accessible to host, Elliot Berman, 29 August 2024",
  anytime: true,
  over: { inode: Inode, page: Page },
  when: (m, { page }) => inFile(m, page) && folioOf(m, page).touching > 0,
  holds: (m, { page }) => !folioOf(m, page).lent,
  why: (_m, { page }) => `the kernel is at work on page ${page}, and the guest has it`,
});

const lentIsUnmapped = always({
  name: "lent-is-not-in-the-direct-map",
  says: "what is lent to the guest is not in the direct map, where the kernel may read it by accident",
  source:
    "[PATCH RFC v2 5/5] mm: guest_memfd: Add option to remove inaccessible memory from direct map, Elliot Berman, 29 August 2024: load_unaligned_zeropad()",
  anytime: true,
  over: { inode: Inode, page: Page },
  when: (m, { page }) => inFile(m, page) && folioOf(m, page).lent,
  holds: (m, { page }) => !folioOf(m, page).inDirectMap,
  why: (_m, { page }) => `page ${page} is the guest's, and in the direct map`,
});

const fitsTheFolio = always({
  name: "bookkeeping-fits-the-folio",
  says: "what is known of a folio costs no memory beside it: folio->private has 64 bits",
  source: "Paolo Bonzini on [PATCH RFC v2 0/5] mm: Introduce guest_memfd library, 10 October 2024",
  over: { inode: Inode, page: Page },
  when: inFileAt,
  holds: (m, { page }) => !folioOf(m, page).allocated,
  why: (_m, { page }) => `the folio of page ${page} points to memory of its own`,
});

function inFileAt(m: LibraryView, { page }: { readonly page: number }): boolean {
  return inFile(m, page);
}

export const libraryPromises = [...promises, kernelTouchesItsOwn, lentIsUnmapped, fitsTheFolio];
export const libraryStatements = statements;
