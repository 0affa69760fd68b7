/**
 * Proposal: who may map a page is one of three states of the inode: the host and the guest, the guest, or nobody, until the last
 * reference of the host goes; the one who drops it calls guest_memfd back, which finishes the conversion.
 *
 * Question: does a callback spare the count of safe references, and where is it called from?
 * "[RFC PATCH v5 06/15] KVM: guest_memfd: Handle final folio_put() of guestmem pages", Fuad Tabba, 17 January 2025.
 *
 *     npx gmemcheck check models/proposals/library/mappable.ts
 */
import {
  bool,
  callsOf,
  design,
  disabled,
  live,
  oneOf,
  per,
  propertiesOf,
  record,
  warnOn,
  type ValueOf,
} from "../../../spec/language.ts";
import type { KnownBreach } from "../../../spec/language/design.ts";
import { Gfn, Inode, Page, Vm, Vcpu } from "../../../spec/guest-memory.ts";
import { mmuLock } from "../../guest-memfd/locks.ts";
import {
  Folio,
  VM,
  access,
  addFolio,
  bounds,
  deadWhenFree,
  endInvalidation,
  folioOf,
  isFree,
  lockOfFolio,
  machineFor,
  mapForGuest,
  mayPunch,
  munmap,
  ofFile,
  ofFolio,
  pin,
  putFolio,
  readInvalidateLock,
  removeFolio,
  runGuest,
  shareAsGuest,
  sizesOf,
  unmapFromHost,
  writeInvalidateLock,
  zap,
  type FolioId,
  type Machine,
} from "./folios.ts";
import { notAtomicGuests } from "./library.ts";
import { promises, statements, view, type FolioView } from "./view.ts";

const SOURCE =
  "[RFC PATCH v5 06/15] KVM: guest_memfd: Handle final folio_put() of guestmem pages, Fuad Tabba, 17 January 2025";

const state = record({
  ...ofFile,
  folios: per(
    Folio,
    record(
      {
        ...ofFolio,
        /** PGTY_guestmem: who drops the last reference calls guest_memfd. */
        registered: bool,
        /** A worker is to do what the callback did. */
        queued: bool,
      },
      { ...deadWhenFree, registered: isFree, queued: isFree },
    ),
  ),
  /** KVM_GMEM_ALL_MAPPABLE, _GUEST_MAPPABLE and _NONE_MAPPABLE; of every page of the file, there or not. */
  mappable: per(Page, oneOf("guest", "all", "none")),
});
export interface Mappable extends ValueOf<typeof state> {}

export const { call, choice } = callsOf<Mappable, Machine>();

/** The folio of a page, for one more reference; or a new one, zeroed. */
function findFolio(s: Mappable, page: number): FolioId {
  const found = s.cache[page];
  if (found !== null && found !== undefined) {
    s.folios[found].references++;
    return found;
  }
  const added = addFolio(s, page);
  s.folios[added].state = "ready";
  s.folios[added].registered = s.folios[added].queued = false;
  return added;
}

const guestAccess = call({
  kernel: "a guest's fault: gmem_clear_mappable(), kvm_slot_gmem_register_callback(), virt/kvm/guest_memfd.c",
  by: "vcpu",
  takes: access,
  keeps: { folio: Folio },
  returns: ["EFAULT", "EAGAIN"],
  leaves: {
    EFAULT: { says: "the folio is there", source: "kvm_gmem_get_pfn(), virt/kvm/guest_memfd.c" },
    EAGAIN: {
      says: "the guest has taken back what it shared, and the page is nobody's until the host lets it go",
      source: `KVM_GMEM_NONE_MAPPABLE, ${SOURCE}`,
    },
  },
  sections: {
    "run the guest": runGuest,
    "take invalidate_lock": { takes: writeInvalidateLock },
    "gmem_clear_mappable()": {
      when: (c) => c.private,
      run: (s, { page }) => {
        if (s.mappable[page] === "all") s.mappable[page] = "none";
        const id = s.cache[page];
        if (id !== null && id !== undefined) unmapFromHost(s, id);
      },
    },
    "lock the folio, register the callback": {
      takes: lockOfFolio,
      run: (s, c) => {
        if (!c.private && s.mappable[c.page] !== "all") return "EFAULT";
        if (s.mappable[c.page] === "none") {
          const id = s.cache[c.page];
          if (id !== null && id !== undefined && s.folios[id].references > 0) {
            s.folios[id].registered = true;
            return "EAGAIN";
          }
          // A worker that has not run yet.
          if (id !== null && id !== undefined && s.folios[id].registered) return "EAGAIN";
          s.mappable[c.page] = "guest";
        }
        c.folio = findFolio(s, c.page);
      },
    },
    "map it for the guest": {
      under: () => mmuLock.write(VM),
      drops: (c) => [lockOfFolio(c), writeInvalidateLock()],
      run: (s, c) => {
        const taken = mapForGuest(s, c.folio, c);
        putFolio(s, c.folio);
        return taken === "refused" ? "EFAULT" : undefined;
      },
    },
  },
});

const guestShare = call({
  kernel: "gmem_set_mappable(), virt/kvm/guest_memfd.c, for a hypercall of the guest",
  by: "vcpu",
  takes: { vm: Vm, vcpu: Vcpu, gfn: Gfn },
  returns: [],
  sections: {
    "take invalidate_lock": { takes: writeInvalidateLock },
    "tell the hypervisor, store it": {
      drops: writeInvalidateLock,
      run: (s, { gfn }, m) => {
        // The hypervisor knows nothing to share.
        if (s.leaves[gfn] !== "private") return;
        shareAsGuest(s, gfn, m);
        const folio = s.folios[folioOf(s, gfn)];
        // Gunyah: what the guest has given back is reclaimed.
        folio.lent = folio.registered = false;
        s.mappable[gfn] = "all";
      },
    },
  },
});

const hostAccess = call({
  kernel: "kvm_gmem_fault(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { page: Page },
  keeps: { folio: Folio },
  returns: ["SIGBUS BUS_ADRERR"],
  sections: {
    "look whether it is mapped": (s, { page }) => {
      const id = s.cache[page];
      return id !== null && id !== undefined && s.folios[id].mapped ? 0 : undefined;
    },
    "take invalidate_lock": { takes: readInvalidateLock },
    "gmem_is_mappable()": (s, { page }) => (s.mappable[page] === "all" ? undefined : "SIGBUS BUS_ADRERR"),
    "find or add the folio, locked": {
      takes: lockOfFolio,
      run: (s, c) => {
        c.folio = findFolio(s, c.page);
      },
    },
    "map it": {
      drops: (c) => [lockOfFolio(c), readInvalidateLock()],
      run: (s, { folio }) => {
        if (s.folios[folio].mapped) putFolio(s, folio);
        else s.folios[folio].mapped = true;
      },
    },
  },
});

/** The end of a pin: whether guest_memfd is to be told. */
export interface Unpin {
  readonly folio: FolioId;
  /** A device is done, and this is its interrupt. */
  readonly atomic: boolean;
  last: boolean;
}

/** __folio_put() goes to the callback, and frees nothing. */
export function dropPin(s: Mappable, c: Unpin): void | typeof disabled {
  const folio = s.folios[c.folio];
  if (folio.state === "free" || !folio.pinned) return disabled;
  folio.pinned = false;
  c.last = folio.registered && folio.references === 1;
  if (c.last) folio.references = 0;
  else putFolio(s, c.folio);
}

/** kvm_gmem_handle_folio_put() */
export const callBack = {
  "kvm_gmem_handle_folio_put(): find the inode": {
    when: ({ last }: Unpin) => last,
    run: (s: Mappable, { folio }: Unpin): void => {
      live(s.folios[folio].page, "folio->mapping of a folio that has left the file");
    },
  },
  "take invalidate_lock": {
    when: ({ last }: Unpin) => last,
    takes: writeInvalidateLock,
    run: (_s: Mappable, { atomic }: Unpin): void =>
      warnOn(atomic, "down_write(): sleeping function called from invalid context"),
  },
  "finish the conversion": {
    when: ({ last }: Unpin) => last,
    drops: writeInvalidateLock,
    run: (s: Mappable, { folio }: Unpin): void => {
      const { page, registered } = s.folios[folio];
      warnOn(!registered, "__kvm_gmem_restore_pending_folio(): nobody waits for this folio");
      s.folios[folio].registered = false;
      s.mappable[live(page, "folio->mapping of a folio that has left the file")] = "guest";
    },
  },
};

const unpin = call({
  kernel: "unpin_user_page(), mm/gup.c; __folio_put(), mm/swap.c",
  by: "task",
  takes: { folio: Folio, atomic: bool },
  keeps: { last: bool },
  returns: [],
  sections: { "drop the reference": dropPin, ...callBack },
});

const punchHole = call({
  kernel: "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { page: Page },
  returns: [],
  sections: {
    "take invalidate_lock": {
      takes: writeInvalidateLock,
      run: (s) => (mayPunch(s) ? undefined : disabled),
    },
    "kvm_gmem_invalidate_begin()": zap,
    "truncate the page": {
      under: lockOfFolio,
      run: (s, { page }) => {
        const id = s.cache[page];
        if (id !== null && id !== undefined) removeFolio(s, id);
      },
    },
    "kvm_gmem_invalidate_end()": endInvalidation,
    "drop invalidate_lock": { drops: writeInvalidateLock },
  },
});

const { always } = propertiesOf<FolioView>();

const pendingWhileHeld = always({
  name: "nobodys-only-while-held",
  says: "a page that nobody may map is one that the host still holds: it becomes the guest's when that ends, whoever asks",
  source: SOURCE,
  over: { inode: Inode, page: Page },
  when: ({ state }, { page }) => (state as Mappable).mappable[page] === "none",
  holds: (m, { page }) => m.isHeld(page),
  why: (_m, { page }) => `page ${page} is nobody's, and nobody of the host holds it who could end that`,
});

const byReading = "by reading; nobody is known to have reported it";

const knownBreaches: readonly KnownBreach[] = [
  {
    property: "no-use-after-free",
    says: "a hole takes the folio from the file while a device holds it; the last reference calls back, and the folio has no inode",
    source: `folio->mapping->host: Ackerley Tng, 22 January 2025, on ${SOURCE}`,
  },
  {
    property: "no-warning",
    says: "the callback sleeps on invalidate_lock in an interrupt; also, it finds a conversion that the guest has taken back meanwhile",
    source: `filemap_invalidate_lock() in the callback: Fuad Tabba, 3 April 2025, on [PATCH v7 3/7]; the second ${byReading}`,
  },
  {
    property: "nobodys-only-while-held",
    says: "a hole takes the folio whose end would have finished the conversion",
    source: `truncation has to restore what waits: Ackerley Tng, 6 February 2025, on ${SOURCE}`,
  },
];

export const mappable = design({
  name: "guest-memfd-mappable",
  says: "a page is the host's and the guest's, the guest's, or nobody's until the host's last reference calls back",
  source: SOURCE,
  bounds,
  machine: machineFor,
  sizes: sizesOf,
  state,
  calls: {
    guest_access: guestAccess,
    guest_share: guestShare,
    host_access: hostAccess,
    munmap,
    pin,
    unpin,
    punch_hole: punchHole,
  },
  view: (s: Mappable, m: Machine): FolioView => {
    const common = view(s, m);
    const isQueued = (page: number): boolean => {
      const id = s.cache[page];
      return id !== null && id !== undefined && s.folios[id].queued;
    };
    return { ...common, isHeld: (page) => common.isHeld(page) || isQueued(page) };
  },
  promises: [...promises, pendingWhileHeld],
  statements,
  knownBreaches,
  notAtomic: notAtomicGuests,
  scenarios: {},
  vectors: [
    { bounds: {}, quick: true },
    { bounds: { owner: "gunyah" } },
    { bounds: { pages: 2 } },
    { bounds: { vcpus: 2, tasks: 2 }, mode: "overlap", overlap: 2 },
  ],
});
