/**
 * A guest_memfd whose pages the host and the guest have by turns, as the hypervisor says: pKVM and Gunyah, 2024-25. A folio is an object of its own
 * here, since somebody may hold it when it has left the file.
 */
import {
  bool,
  callsOf,
  disabled,
  id,
  live,
  maybe,
  oneOf,
  per,
  record,
  tracked,
  upTo,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Gfn, Page, Vm, Vcpu, type InodeId, type VmId } from "../../../spec/guest-memory.ts";
import { folioLock, invalidateLock, mmuLock } from "../../guest-memfd/locks.ts";
import { sizesOfOneSlot } from "../../technology/one-slot.ts";

export const Folio = id("folios");
export type FolioId = ValueOf<typeof Folio>;

export const isFree = ({ state }: { readonly state: string }): boolean => state === "free";

/** What every design of the family knows of a folio. */
export const ofFolio = {
  /** `allocated`: in the file, and not zeroed yet. */
  state: oneOf("free", "allocated", "ready"),
  /** folio->mapping and folio->index; null when it has left the file. */
  page: maybe(Page),
  /** folio_ref_count() without the references of the file itself. */
  references: upTo("references"),
  /** A mapping of the process shows it. This takes a reference. */
  mapped: bool,
  /** pin_user_pages(), by a device: so does this. */
  pinned: bool,
  /** The hypervisor lets the guest have it, and the guest alone: an access of the host is an exception. */
  lent: bool,
};
export const deadWhenFree = {
  page: isFree,
  references: isFree,
  mapped: isFree,
  pinned: isFree,
  lent: isFree,
};

/** What every design of the family knows besides: frame i of the guest shows page i of the file. */
export const ofFile = {
  /** The page cache. */
  cache: per(Page, maybe(Folio)),
  /** What the guest has told the hypervisor of a frame: the host may have it too. */
  shared: per(Gfn, bool),
  /** The guest's second-level page table. */
  leaves: tracked("mappings", per(Gfn, oneOf("none", "private", "shared"))),
  /** A hole that is being punched is about to take the page. */
  invalidating: per(Gfn, bool),
};
const state = record({ ...ofFile, folios: per(Folio, record(ofFolio, deadWhenFree)) });
export interface Folios extends ValueOf<typeof state> {}

/** Who runs the guest. A pKVM guest that shares a page keeps it; a Gunyah guest gives back what it was lent, and the host reclaims it. */
export type Owner = "pkvm" | "gunyah";

export interface Machine {
  readonly pages: number;
  readonly vcpus: number;
  readonly tasks: number;
  readonly owner: Owner;
}

export const bounds = {
  pages: { says: "pages of the file, and frames of the guest", default: 1, most: 2 },
  vcpus: { says: "vCPUs", default: 1, most: 2 },
  tasks: { says: "threads of the process", default: 1, most: 2 },
  owner: { says: "the hypervisor: pkvm or gunyah", default: "pkvm", values: ["pkvm", "gunyah"] },
} as const;

export const machineFor = (of: Bounds): Machine => ({
  pages: Number(of["pages"]),
  vcpus: Number(of["vcpus"]),
  tasks: Number(of["tasks"]),
  owner: of["owner"] as Owner,
});

export const sizesOf = ({ pages, vcpus, tasks }: Machine) => ({
  ...sizesOfOneSlot(pages),
  vcpus,
  tasks,
  // One in the file, and as many as holes in flight have taken from a page that was pinned each time.
  folios: pages * (1 + tasks),
  // A mapping, a pin, and every call in flight.
  references: 2 + vcpus + tasks,
});

export const VM = 0 as VmId;
export const INODE = 0 as InodeId;

export const lockOfFolio = ({ page }: { readonly page: number }) => folioLock(INODE, page);
export const writeInvalidateLock = () => invalidateLock.write(INODE);
export const readInvalidateLock = () => invalidateLock.read(INODE);

/** A new folio of a page, in the page cache, with one reference of who asked for it. */
export function addFolio(s: Folios, page: number): FolioId {
  const free = [...s.folios].findIndex(isFree) as FolioId;
  const folio = s.folios[free];
  folio.state = "allocated";
  folio.page = page;
  folio.references = 1;
  s.cache[page] = free;
  return free;
}

/** folio_put(): who drops the last reference of a folio that has left the file frees it. */
export function putFolio(s: Folios, id: FolioId): void {
  const folio = s.folios[id];
  folio.references--;
  if (folio.references === 0 && folio.page === null) freeFolio(s, id);
}

function freeFolio(s: Folios, id: FolioId): void {
  const folio = s.folios[id];
  folio.state = "free";
  folio.mapped = folio.pinned = folio.lent = false;
}

/** unmap_mapping_folio(): its reference goes with the mapping. */
export function unmapFromHost(s: Folios, id: FolioId): void {
  if (!s.folios[id].mapped) return;
  s.folios[id].mapped = false;
  s.folios[id].references--;
}

/** The folio leaves the page cache, and the guest has it no more. */
export function removeFolio(s: Folios, id: FolioId): void {
  const folio = s.folios[id];
  unmapFromHost(s, id);
  s.cache[folio.page!] = null;
  folio.page = null;
  folio.lent = false;
  if (folio.references === 0) freeFolio(s, id);
}

export const { call, choice } = callsOf<Folios, Machine>();

export const munmap = call({
  kernel: "zap_present_ptes(), mm/memory.c: madvise(MADV_DONTNEED) or munmap()",
  by: "task",
  takes: { page: Page },
  returns: [],
  sections: {
    "unmap it from the host": (s, { page }) => {
      const id = s.cache[page];
      if (id === null || id === undefined || !s.folios[id].mapped) return disabled;
      unmapFromHost(s, id);
    },
  },
});

export const pin = call({
  kernel: "pin_user_pages(), mm/gup.c",
  by: "task",
  takes: { folio: Folio },
  returns: [],
  sections: {
    "take a reference": (s, { folio }) => {
      const of = s.folios[folio];
      if (of.state === "free" || !of.mapped || of.pinned) return disabled;
      of.pinned = true;
      of.references++;
    },
  },
});

export const unpin = call({
  kernel: "unpin_user_page(), mm/gup.c",
  by: "task",
  takes: { folio: Folio },
  returns: [],
  sections: {
    "drop the reference": (s, { folio }) => {
      if (s.folios[folio].state === "free" || !s.folios[folio].pinned) return disabled;
      s.folios[folio].pinned = false;
      putFolio(s, folio);
    },
  },
});

/** The folio of a page that a guest has. */
export const folioOf = (s: Folios, page: number): FolioId =>
  live(s.cache[page], `what the guest has as page ${page}`);

/** The hypervisor does as the guest asks. What a Gunyah guest gives back stays lent until the host has reclaimed it. */
export function shareAsGuest(s: Folios, gfn: number, { owner }: Machine): void {
  s.shared[gfn] = true;
  s.leaves[gfn] = owner === "pkvm" ? "shared" : "none";
  if (owner === "pkvm") s.folios[folioOf(s, gfn)].lent = false;
}

/** How a fault of the guest ends that has nothing to map, or not of its type. */
export const REFUSED = ["EFAULT", "EBUSY"] as const;

/** A guest's access of a type. */
export interface Access {
  readonly page: number;
  readonly private: boolean;
}
export const access = {
  vm: Vm,
  vcpu: Vcpu,
  page: Page,
  /** A Gunyah guest has what it was lent, and nothing else of the file. */
  private: choice<boolean>(({ owner }) => (owner === "pkvm" ? [true, false] : [true])),
};

/** A private access takes back what the guest has shared. */
export function runGuest(s: Folios, { page, private: wanted }: Access): 0 | undefined | typeof disabled {
  if (!wanted && !s.shared[page]) return disabled;
  if (s.leaves[page] === (wanted ? "private" : "shared")) return 0;
  if (wanted) {
    s.shared[page] = false;
    s.leaves[page] = "none";
  }
  return undefined;
}

/** Whether the hypervisor takes a leaf: the guest may have changed its mind, and a hole may be about to take the page. */
export type Taken = "mapped" | "refused" | "stale";

export function mapForGuest(s: Folios, folio: FolioId, c: Access): Taken {
  if (s.invalidating[c.page]) return "stale";
  if (s.shared[c.page] === c.private) return "refused";
  s.leaves[c.page] = c.private ? "private" : "shared";
  if (c.private) s.folios[folio].lent = true;
  return "mapped";
}

/** ->invalidate_begin() of the owner, and ->invalidate_end(). */
export const zap = {
  under: () => mmuLock.write(VM),
  run: (s: Folios, { page }: { readonly page: number }): void => {
    s.invalidating[page] = true;
    s.leaves[page] = "none";
  },
};
export const endInvalidation = {
  under: () => mmuLock.write(VM),
  run: (s: Folios, { page }: { readonly page: number }): void => {
    s.invalidating[page] = false;
  },
};

/** A page of which an older folio is still held is not punched again: one such folio is enough to see what becomes of it. */
export function mayPunch(s: Folios): boolean {
  return [...s.folios].every(({ state, page }) => state === "free" || page !== null);
}
