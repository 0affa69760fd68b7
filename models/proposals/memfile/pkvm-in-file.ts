/**
 * Can one memfile have pages of both kinds, converted by mapping and unmapping them? pKVM wants it so, because the bytes stay where they
 * are. The guest has to agree before a page is shared; and a page that user space has unmapped is private again only when nothing else of
 * the host holds it, such as DMA. Chao Peng, 25 April 2022, and Quentin Perret, 3 May, for pKVM; Andy Lutomirski, 24 April, for DMA.
 */
import {
  bool,
  callsOf,
  disabled,
  per,
  propertiesOf,
  record,
  variant,
  withState,
  type ValueOf,
} from "../../../spec/language.ts";
import { Gfn, Page, Vm, type VmId } from "../../../spec/guest-memory.ts";
import type { Vector } from "../../../spec/language/design.ts";
import { openWhileBound } from "./bind-first.ts";
import { memfileMeasured } from "./measured.ts";
import { MEMFILE, allocate, assign, zap, type Machine } from "./state.ts";
import { noBytesFromBeforeTheBind, reachedWithImage, type MemfileView } from "./view.ts";

const Sharing = record({
  /** The guest has given the page to be shared: the hypercall MEM_SHARE. */
  given: bool,
  /** The page is shared with the host. */
  shared: bool,
  /** DMA of the host goes there. */
  pinned: bool,
});

/** Its image is put in place: that a file is empty before is asked where images are copied. */
const promises = memfileMeasured.promises.filter((promise) => promise !== noBytesFromBeforeTheBind);

const base = withState({ ...memfileMeasured, promises }, { sharing: per(Page, Sharing) });
interface InFile extends ValueOf<typeof base.state> {}
const { call } = callsOf(base);

const THREAD = "Re: [PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory";

const memShare = call({
  kernel: "MEM_SHARE of a protected guest: an explicit conversion, which user space is told of",
  by: "vcpu",
  takes: { vm: Vm, gfn: Gfn },
  returns: [],
  sections: {
    "give the page": (s, { vm, gfn }) => {
      if (!s.vms[vm].launched || !s.pages[gfn]!.present || s.sharing[gfn]!.shared) return disabled;
      s.sharing[gfn]!.given = true;
    },
  },
});

/** Whether the page may be mapped: while the image is put there, and when the guest gave it. */
type MayMap = (s: InFile, page: number, m: Machine) => boolean;

export const mapsPageWhere = (mayMap: MayMap) =>
  call({
    kernel: "mmap() of the memfile, and a touch: what pKVM would have for fallocate()",
    by: "task",
    takes: { page: Page },
    returns: ["EPERM"],
    sections: {
      "share the page, map it": (s, { page }, m) => {
        if (!mayMap(s, page, m)) return "EPERM";
        allocate(s, page);
        s.pages[page]!.hostMaps = true;
        if (s.phase !== "private") return;
        zap(s, page, "private");
        s.sharing[page]!.shared = true;
      },
    },
  });

const givenByTheGuest: MayMap = (s, page, m) =>
  openWhileBound(s, m) || s.sharing[page]!.given || s.sharing[page]!.shared;

/** The page is the guest's alone again. */
function makePrivate(s: InFile, page: number): void {
  zap(s, page, "shared");
  s.sharing[page]!.shared = false;
  s.sharing[page]!.given = false;
}

/** Whether a page that the host has unmapped stays shared. */
type StaysShared = (s: InFile, page: number) => boolean;

export const unmapsWhere = (staysShared: StaysShared) =>
  call({
    kernel: "munmap() of the memfile",
    by: "task",
    takes: { page: Page },
    returns: [],
    sections: {
      "unmap the page": (s, { page }) => {
        if (!s.pages[page]!.hostMaps) return disabled;
        s.pages[page]!.hostMaps = false;
        if (!staysShared(s, page)) makePrivate(s, page);
      },
    },
  });

const whilePinned: StaysShared = (s, page) => s.sharing[page]!.pinned;

const pin = call({
  kernel: "pin_user_pages(), mm/gup.c",
  by: "task",
  takes: { page: Page },
  returns: ["EFAULT"],
  sections: {
    "pin the page": (s, { page }) => {
      if (!s.pages[page]!.hostMaps) return "EFAULT";
      s.sharing[page]!.pinned = true;
    },
  },
});

const unpin = call({
  kernel: "unpin_user_pages(), mm/gup.c",
  by: "task",
  takes: { page: Page },
  returns: [],
  sections: {
    "drop the pin": (s, { page }) => {
      if (!s.sharing[page]!.pinned) return disabled;
      s.sharing[page]!.pinned = false;
      if (!s.pages[page]!.hostMaps) makePrivate(s, page);
    },
  },
});

const measureAndMakePrivate = call({
  kernel: "the third operation of the thread, for pKVM",
  by: "task",
  takes: {},
  returns: ["EINVAL", "EBUSY"],
  sections: {
    "look at the state": (s) => (s.phase === "bound" ? undefined : "EINVAL"),
    "look whether the file is in use": (s) => {
      for (const { hostMaps } of s.pages) if (hostMaps) return "EBUSY";
      for (const { pinned } of s.sharing) if (pinned) return "EBUSY";
    },
    "bar user space": (s) => {
      s.phase = "private";
    },
  },
});

const allocateOnly = call({
  kernel: "shmem_fallocate(), mm/shmem.c: it converts nothing here",
  by: "task",
  takes: { page: Page },
  returns: ["EPERM"],
  sections: {
    "allocate the page": (s, { page }) => {
      if (s.phase === "unbound") return "EPERM";
      allocate(s, page);
    },
  },
});

interface Touch {
  readonly vm: VmId;
  readonly gfn: number;
  readonly write: boolean;
}

const guestAccess = call({
  kernel:
    "user_mem_abort(), arch/arm64/kvm/mmu.c: a fault of a protected guest, which does not say for which kind",
  by: "vcpu",
  takes: { vm: Vm, gfn: Gfn, write: bool },
  returns: ["EFAULT memory_fault"],
  sections: {
    "look for the page": (s, { vm, gfn }) => {
      if (!s.vms[vm].launched) return disabled;
      return s.pages[gfn]!.present ? undefined : "EFAULT memory_fault";
    },
    "install the leaf": (s, { vm, gfn }: Touch, m) => {
      const leaf = s.vms[vm].leaves[gfn]!;
      if (leaf.private || leaf.shared) return;
      if (s.sharing[gfn]!.shared) leaf.shared = true;
      else {
        assign(s, gfn, vm, m);
        leaf.private = true;
      }
    },
    "go on": (s, { vm, gfn, write }: Touch) => {
      if (write && s.vms[vm].leaves[gfn]!.private) s.pages[gfn]!.holds = "secret";
    },
  },
});

/** The file shows its guest all of its memory: a page is private unless it is shared. */
function view(s: InFile, m: Machine): MemfileView {
  const { strayed: _noSecondMemory, ...own } = memfileMeasured.view(s, m);
  return {
    ...own,
    isPrivate: (_vm, gfn) => !s.sharing[gfn]!.shared,
    // Of two leaves, the one that should not be there.
    guestMapping: (vm, gfn) => {
      const leaf = s.vms[vm].leaves[gfn]!;
      if (!leaf.private && !leaf.shared) return null;
      const isPrivate = s.sharing[gfn]!.shared ? leaf.private : !leaf.shared;
      return { at: { inode: MEMFILE, page: gfn }, private: isPrivate, fromFile: true };
    },
    hostMaps: (inode, page) => own.hostMaps(inode, page) || (inode === MEMFILE && s.sharing[page]!.pinned),
    hostMayMapPage: (inode, page) => own.hostMayMap(inode) || s.sharing[page]!.shared,
    secretOf: (inode, page) => (s.sharing[page]!.given ? null : own.secretOf!(inode, page)),
    finds: (_vm, gfn) => (s.pages[gfn]!.present ? s.pages[gfn]!.holds : "zero"),
  };
}

const { sometimes } = propertiesOf<MemfileView>();

const sharesWhatItWrote = sometimes({
  name: "shares-what-it-wrote",
  says: "a guest maps shared what it wrote privately, and the host maps the same page",
  source: `${THREAD}: Chao Peng, 25 April 2022: pKVM wants private and shared memory in the same memfile`,
  over: { vm: Vm, gfn: Gfn },
  holds: (m, { vm, gfn }) =>
    m.guestMapping(vm, gfn)?.private === false && m.hostMaps(MEMFILE, gfn) && m.finds(vm, gfn) === "secret",
});

const vectors: readonly Vector[] = [
  { bounds: { technology: "pkvm" }, quick: true },
  { bounds: { technology: "pkvm", pages: 2 } },
  { bounds: { technology: "pkvm", vms: 2 } },
];

export const memfilePkvmInFile = variant(base, {
  name: "memfile-pkvm-in-file",
  says: "one memfile has private and shared pages, converted in place by mmap() and munmap()",
  source: `${THREAD}: Chao Peng, 25 April 2022; Quentin Perret, 3 May 2022`,
  calls: {
    mmap: mapsPageWhere(givenByTheGuest),
    munmap: unmapsWhere(whilePinned),
    fallocate: allocateOnly,
    measure_and_make_private: measureAndMakePrivate,
    guest_access: guestAccess,
  },
  adds: { mem_share: memShare, pin, unpin },
  drops: ["add_page"],
  view,
  statements: [...reachedWithImage, sharesWhatItWrote],
  vectors,
});

/** DMA is in nobody's page table. */
export const memfilePkvmPinsForgotten = variant(memfilePkvmInFile, {
  name: "memfile-pkvm-pins-forgotten",
  says: "a page is private when user space has unmapped it, whatever else holds it",
  source: `${THREAD}: Andy Lutomirski, 24 April 2022: I/O and DMA could be done on the memfile`,
  calls: { munmap: unmapsWhere(() => false) },
  statements: [...reachedWithImage, sharesWhatItWrote],
  knownBreaches: [
    {
      property: "host-never-maps-private",
      says: "DMA goes on to a page that is private",
      source: `${THREAD}: Andy Lutomirski, 24 April 2022`,
    },
    {
      property: "never-private-and-host-mapped",
      says: "and that its guest has mapped",
      source: `${THREAD}: Andy Lutomirski, 24 April 2022`,
    },
    {
      property: "secrets-stay-private",
      says: "and written to",
      source: `${THREAD}: Andy Lutomirski, 24 April 2022`,
    },
  ],
});
