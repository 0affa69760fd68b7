/**
 * Proposal: the guest_memfd library, as it was posted. Each folio has a count of users that need it accessible to the host, and one of
 * references that are safe, because their holders know that it can change hands.
 *
 * Question: can the host's references be told by counting the harmless ones apart, and what does `accessible` count?
 * "[PATCH RFC v2 0/5] mm: Introduce guest_memfd library", Elliot Berman, 29 August 2024; discussed on 10 October 2024.
 *
 *     npx gmemcheck check models/proposals/library/library.ts
 */
import { design, disabled, retry, warnOn } from "../../../spec/language.ts";
import type { KnownBreach, NotAtomic } from "../../../spec/language/design.ts";
import { Gfn, Page, Vm, Vcpu } from "../../../spec/guest-memory.ts";
import { mmuLock } from "../../guest-memfd/locks.ts";
import {
  VM,
  access,
  bounds,
  endInvalidation,
  lockOfFolio,
  machineFor,
  mapForGuest,
  mayPunch,
  munmap,
  pin,
  putFolio,
  removeFolio,
  runGuest,
  shareAsGuest,
  sizesOf,
  unpin,
  writeInvalidateLock,
  zap,
  type Access,
} from "./folios.ts";
import {
  call,
  grab,
  grabbing,
  hasUnsafe,
  prepareAccessible,
  state,
  type Counting,
  type Grab,
  type Library,
  type LibraryFolio,
} from "./grab.ts";
import { libraryPromises, libraryStatements, libraryView } from "./library-view.ts";

export const SOURCE = "[PATCH RFC v2 0/5] mm: Introduce guest_memfd library, Elliot Berman, 29 August 2024";

/** 2/5 and 5/5. */
const asPosted: Counting = {
  reference: () => {},
  lockedReference: (folio) => {
    folio.safe++;
  },
  lost: () => {},
  added: (folio, accessible) => {
    // One use for the caller, and one until the host's mappings are gone.
    folio.accessible = accessible ? 2 : 0;
    folio.safe = 1;
    folio.allocated = true;
    folio.inDirectMap = accessible;
    folio.touching = 0;
  },
  use: (folio) => {
    if (folio.accessible === 0) return false;
    folio.accessible++;
    return true;
  },
  unuse: (folio) => {
    if (folio.accessible === 0) return "none";
    return --folio.accessible === 0 ? "last" : "left";
  },
  makeAccessible: (s, folio, m) => {
    if (hasUnsafe(folio)) return "EBUSY";
    folio.inDirectMap = true;
    const refusal = prepareAccessible(s, folio, m);
    if (refusal === undefined) folio.accessible++;
    return refusal;
  },
  reuse: (folio) => {
    folio.accessible++;
  },
};

/** guest_memfd_put_folio() */
export function putGrabbed(s: Library, { folio }: Grab, uses: number): void {
  warnOn(s.folios[folio].accessible < uses, "guest_memfd_put_folio(): accessible is less than zero");
  s.folios[folio].accessible -= uses;
  s.folios[folio].safe--;
  putFolio(s, folio);
}

type Fault = Grab & Access;

/** What ends a guest's fault, the folio being as it should be. */
export const mapUnlocked = (put: (s: Library, c: Fault) => void) => ({
  under: () => mmuLock.write(VM),
  drops: lockOfFolio,
  run: (s: Library, c: Fault) => {
    const taken = mapForGuest(s, c.folio, c);
    put(s, c);
    if (taken === "stale") return retry("look for the folio");
    return taken === "refused" ? ("EFAULT" as const) : undefined;
  },
});

/** The reference stays with the mapping, and is not safe. */
export function mapForHost(s: Library, folio: LibraryFolio, { folio: id }: Grab): void {
  folio.safe--;
  if (folio.mapped) putFolio(s, id);
  else folio.mapped = true;
}

const leavesOfAccess = {
  says: "the guest has taken back what it shared, the host's mapping is gone, and the folio is there",
  source:
    "guest_memfd_make_inaccessible() unmaps the folio before it compares the references, mm/guest_memfd.c",
};
const leavesAFolio = {
  says: "a user more or less is counted, and the direct map may show the folio",
  source: "guest_memfd_make_accessible(), mm/guest_memfd.c",
};

const isPrivate = (c: Access): boolean => c.private;
const always = (): boolean => true;

export const guestAccess = call({
  kernel: "a guest's fault: guest_memfd_grab_folio() and the owner's mapping, mm/guest_memfd.c",
  by: "vcpu",
  takes: access,
  keeps: grabbing,
  returns: ["EFAULT", "EBUSY"],
  leaves: { EFAULT: leavesOfAccess, EBUSY: leavesOfAccess },
  sections: {
    "run the guest": runGuest,
    ...grab<Fault, "EFAULT" | "EBUSY">(
      asPosted,
      (c) => !isPrivate(c),
      (refusal) => refusal,
    ),
    "map it for the guest, unlock it": mapUnlocked((s, c) => putGrabbed(s, c, c.private ? 0 : 1)),
  },
});

export const hostAccess = call({
  kernel: "gmem_fault(), mm/guest_memfd.c",
  by: "task",
  takes: { page: Page },
  keeps: grabbing,
  returns: ["SIGBUS BUS_ADRERR"],
  leaves: { "SIGBUS BUS_ADRERR": leavesAFolio },
  sections: {
    "look whether it is mapped": (s, { page }) => {
      const id = s.cache[page];
      return id !== null && id !== undefined && s.folios[id].mapped ? 0 : undefined;
    },
    ...grab<Grab, "SIGBUS BUS_ADRERR">(asPosted, always, () => "SIGBUS BUS_ADRERR"),
    "map it, unlock it": {
      drops: lockOfFolio,
      run: (s, c) => {
        const folio = s.folios[c.folio];
        // The atomic_t goes below zero where its use was taken away: that is behind a breach, and not followed.
        folio.accessible = Math.max(0, folio.accessible - 1);
        mapForHost(s, folio, c);
      },
    },
  },
});

export const kernelAccess = call({
  kernel: "kvm_gmem_populate(), virt/kvm/guest_memfd.c, 3/5",
  by: "task",
  takes: { page: Page },
  keeps: grabbing,
  returns: ["EBUSY"],
  leaves: { EBUSY: leavesAFolio },
  sections: {
    "take invalidate_lock": { takes: writeInvalidateLock },
    ...grab<Grab, "EBUSY">(asPosted, always, () => "EBUSY"),
    "unlock it, begin to touch it": {
      drops: lockOfFolio,
      run: (s, { folio }) => {
        s.folios[folio].touching++;
      },
    },
    "have touched it, put it": {
      drops: writeInvalidateLock,
      run: (s, c) => {
        s.folios[c.folio].touching--;
        putGrabbed(s, c, 1);
      },
    },
  },
});

const guestShare = call({
  kernel: "the hypercall by which a guest shares a page, or gives it back",
  by: "vcpu",
  takes: { vm: Vm, vcpu: Vcpu, gfn: Gfn },
  returns: [],
  sections: {
    "tell the hypervisor": (s, { gfn }, m) => {
      if (s.leaves[gfn] === "private") shareAsGuest(s, gfn, m);
    },
  },
});

export const punchHole = call({
  kernel: "gmem_punch_hole(), gmem_release_folio(), mm/guest_memfd.c",
  by: "task",
  takes: { page: Page },
  returns: [],
  sections: {
    "take invalidate_lock": {
      takes: writeInvalidateLock,
      run: (s) => (mayPunch(s) ? undefined : disabled),
    },
    "->invalidate_begin()": zap,
    "truncate the page": {
      under: lockOfFolio,
      run: (s, { page }) => {
        const id = s.cache[page];
        if (id === null || id === undefined) return;
        warnOn(s.folios[id].safe > 0, "gmem_release_folio(): more safe references than those of the file");
        s.folios[id].allocated = false;
        removeFolio(s, id);
      },
    },
    "->invalidate_end()": endInvalidation,
    "drop invalidate_lock": { drops: writeInvalidateLock },
  },
});

const byReading = "by reading; nobody is known to have reported it";

const knownBreaches: readonly KnownBreach[] = [
  {
    property: "linearizable",
    says: "who waits for the folio's lock has a reference, and has not counted it safe: who holds the lock takes it for a user, and gives up",
    source: `the last item of what is to be done, ${SOURCE}`,
  },
  {
    property: "kernel-touches-what-the-host-may",
    says: "who wants a folio inaccessible takes a use away that is another's: the folio is lent while the kernel is at work on it",
    source: `atomic_dec_if_positive(&private->accessible), 2/5; ${byReading}. What values there are: Paolo Bonzini, 10 October 2024`,
  },
  {
    property: "no-warning",
    says: "so the other's own guest_memfd_put_folio() finds no use to drop",
    source: `WARN_ON_ONCE() in guest_memfd_put_folio(), 2/5; ${byReading}`,
  },
  {
    property: "never-private-and-host-mapped",
    says: "a folio that becomes accessible when the host faults on it counts one use, where a new one counts two; the fault drops it, and the folio counts as inaccessible while it is mapped",
    source: `gmem_fault(), 4/5, and guest_memfd_make_accessible(), 2/5; ${byReading}`,
  },
  {
    property: "host-never-maps-private",
    says: "the same, seen from the host",
    source: `gmem_fault(), 4/5; ${byReading}`,
  },
  {
    property: "secrets-stay-private",
    says: "the same: the host reads what the guest writes",
    source: `gmem_fault(), 4/5; ${byReading}`,
  },
  {
    property: "lent-is-not-in-the-direct-map",
    says: "a folio is put back into the direct map before the owner is asked, and stays there when it says no",
    source: `guest_memfd_make_accessible(), 5/5; ${byReading}`,
  },
  {
    property: "bookkeeping-fits-the-folio",
    says: "eight bytes are allocated for each folio, and folio->private, which points to them, has eight itself",
    source: "Paolo Bonzini on 0/5, 10 October 2024",
  },
];

/** Two vCPUs of one guest that do not agree what the page is. */
export const notAtomicGuests: readonly NotAtomic[] = [
  {
    calls: ["guest_access", "guest_access"],
    results: (first, second) => first === "EFAULT" || second === "EFAULT",
    says: "a guest whose one vCPU takes back what the other one touches is told to fault again",
    source: "the owner maps what the guest has, when the folio is locked",
  },
];

export const notAtomic: readonly NotAtomic[] = [
  ...notAtomicGuests,
  {
    calls: ["guest_access", "kernel_access"],
    results: (fault) => fault === "EBUSY",
    says: "the guest gets its page when the kernel has done with it",
    source: `conversion waits for references that are not safe, ${SOURCE}`,
  },
];

export const library = design({
  name: "guest-memfd-library",
  says: "each folio counts users that need it accessible, and references that are safe; it changes hands when there are none of the former, and none but the latter",
  source: SOURCE,
  bounds,
  machine: machineFor,
  sizes: sizesOf,
  state,
  calls: {
    guest_access: guestAccess,
    guest_share: guestShare,
    host_access: hostAccess,
    kernel_access: kernelAccess,
    munmap,
    pin,
    unpin,
    punch_hole: punchHole,
  },
  view: libraryView,
  promises: libraryPromises,
  statements: libraryStatements,
  knownBreaches,
  notAtomic,
  scenarios: {
    faults: {
      says: "faults of the guest and of the process on a page",
      calls: ["guest_access", "host_access"],
    },
    uses: { says: "a page that the guest and the kernel use", calls: ["guest_access", "kernel_access"] },
  },
  vectors: [
    { bounds: {}, quick: true },
    { bounds: { owner: "gunyah" } },
    { bounds: { pages: 2 } },
    { bounds: { vcpus: 2 }, scenario: "faults", mode: "overlap", overlap: 2, quick: true },
    { bounds: {}, scenario: "uses", mode: "overlap", overlap: 2, quick: true },
    { bounds: { vcpus: 2, tasks: 2 }, mode: "overlap", overlap: 2 },
  ],
});
