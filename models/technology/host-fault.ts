/**
 * Holes next to faults of the host, in a guest_memfd that is shared with it. The fault takes the folio lock and not invalidate_lock, and may bring
 * a page back that a hole has just taken, before the hole is done (kvm_gmem_fault_user_mapping(), virt/kvm/guest_memfd.c, to 7.3).
 */
import {
  bool,
  callsOf,
  change,
  design,
  goTo,
  oneOf,
  per,
  positions,
  propertiesOf,
  record,
  upTo,
  variant,
  type Bounds,
  type ValueOf,
} from "../../spec/language.ts";
import { Page, type GuestMemory, type InodeId, type VmId } from "../../spec/guest-memory.ts";
import { hostMapsNoGonePage } from "../../spec/properties/host-access.ts";
import { folioLock, invalidateLock } from "../guest-memfd/locks.ts";

const state = record({
  pages: per(
    Page,
    record({
      folio: oneOf("absent", "allocated", "ready"),
      hostMaps: bool,
      /** No kernel state: it was there when a hole began that it lies in. */
      doomed: bool,
      /** No kernel state: it was there when a hole returned that it lies in. */
      foundInHole: bool,
    }),
  ),
});
interface State extends ValueOf<typeof state> {}

interface Machine {
  readonly pages: number;
}

const { call, choice } = callsOf<State, Machine>();

const INODE = 0 as InodeId;
const VM = 0 as VmId;
const writeInvalidateLock = () => invalidateLock.write(INODE);
const lockOfFolio = ({ page }: { readonly page: number }) => folioLock(INODE, page);

const punchHole = call({
  kernel: "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: {
    first: Page,
    npages: choice<number>((m, { first }) => positions(m.pages - first).map((n) => n + 1)),
  },
  keeps: { page: upTo("pages") },
  returns: [],
  sections: {
    "take invalidate_lock": {
      takes: writeInvalidateLock,
      run: (s, c) => {
        c.page = c.first;
        for (let page = c.first; page < c.first + c.npages; page++)
          s.pages[page]!.doomed = s.pages[page]!.folio !== "absent";
      },
    },
    "truncate the next page": {
      under: lockOfFolio,
      run: (s, c) => {
        Object.assign(s.pages[c.page]!, { folio: "absent", hostMaps: false, doomed: false });
        return ++c.page < c.first + c.npages ? goTo("truncate the next page") : undefined;
      },
    },
    "drop invalidate_lock": {
      drops: writeInvalidateLock,
      run: (s, { first, npages }) => {
        for (let page = first; page < first + npages; page++)
          s.pages[page]!.foundInHole = s.pages[page]!.folio !== "absent";
      },
    },
  },
});

const hostAccess = call({
  kernel: "kvm_gmem_fault_user_mapping(), virt/kvm/guest_memfd.c: the process touches its mapping",
  by: "task",
  takes: { page: Page },
  returns: [],
  sections: {
    "look whether it is mapped": (s, { page }) => (s.pages[page]!.hostMaps ? 0 : undefined),
    "find or allocate the folio, locked": {
      takes: lockOfFolio,
      run: (s, { page }) => {
        if (s.pages[page]!.folio === "absent") s.pages[page]!.folio = "allocated";
      },
    },
    "clear it unless it is up to date": (s, { page }) => {
      s.pages[page]!.folio = "ready";
    },
    "map it, unlock it": {
      drops: lockOfFolio,
      run: (s, { page }) => {
        s.pages[page]!.hostMaps = true;
      },
    },
  },
});

/** The common vocabulary, and behind it the state itself. The file's VM has no slot. */
interface View extends GuestMemory {
  readonly state: State;
}

function view(s: State, { pages }: Machine): View {
  return {
    state: s,
    vms: [VM],
    spaces: [],
    slots: [],
    gfns: [],
    vmExists: () => true,
    fileExists: () => true,
    fileVm: () => VM,
    fileInode: () => INODE,
    fileSize: () => pages,
    slot: () => null,
    binding: () => null,
    guestMapping: () => null,
    pageState: (_inode, page) => s.pages[page]!.folio,
    hostMaps: (_inode, page) => s.pages[page]!.hostMaps,
    hostMayMap: () => true,
  };
}

const { always, sometimes } = propertiesOf<View>();

const holeTakesWhatWasThere = always({
  name: "hole-takes-what-was-there",
  says: "no page that was in a hole when it began is in the file or mapped when it is done",
  source: "kvm_gmem_punch_hole(): truncate_inode_pages_range(), virt/kvm/guest_memfd.c",
  over: { page: Page },
  holds: ({ state }, { page }) => !state.pages[page]!.doomed,
});

const mapsPageInHole = sometimes({
  name: "a-page-comes-back",
  says: "the host maps a page that came into a hole",
  source: "fallocate(2), FALLOC_FL_PUNCH_HOLE: a hole reads as zeroes",
  over: { page: Page },
  holds: ({ state }, { page }) => state.pages[page]!.hostMaps,
});

/**
 * More than a hole promises: the host's fault may come behind the truncation of its page and before the hole returns. True where a fault
 * takes invalidate_lock for reading.
 */
export const holeIsEmpty = always({
  name: "hole-is-empty",
  says: "when a hole returns, no page of it is in the file",
  source: "nobody promises it: kvm_gmem_fault_user_mapping() takes no invalidate_lock up to 7.3",
  over: { page: Page },
  holds: ({ state }, { page }) => !state.pages[page]!.foundInHole,
  why: (_m, { page }) => `page ${page} was in the file when the hole that it lies in returned`,
});

export const hostFault = design({
  name: "host-fault",
  says: "a hole takes the pages that are there; the host's faults go on meanwhile, and may bring in new ones",
  source: "kvm_gmem_fault_user_mapping(), kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c, 6.18 to 7.3",
  bounds: {
    pages: { says: "pages of the file", default: 1, most: 3 },
    tasks: { says: "threads of the process", default: 2, most: 3 },
  },
  machine: (bounds: Bounds): Machine => ({ pages: Number(bounds["pages"]) }),
  sizes: ({ pages }) => ({ vms: 1, files: 1, inodes: 1, spaces: 1, slots: 1, gfns: 1, pages }),
  state,
  calls: { punch_hole: punchHole, host_access: hostAccess },
  view,
  promises: [hostMapsNoGonePage, holeTakesWhatWasThere],
  statements: [mapsPageInHole],
  notAtomic: [
    {
      calls: ["punch_hole", "host_access"],
      state: true,
      says: "a page comes into the hole behind the truncation and before the hole returns, which no order has",
      source: "kvm_gmem_fault_user_mapping() takes no invalidate_lock, virt/kvm/guest_memfd.c, to 7.3",
    },
  ],
  scenarios: {},
  vectors: [
    { bounds: {}, mode: "overlap", quick: true },
    { bounds: { pages: 2, tasks: 3 }, mode: "overlap", overlap: 3 },
  ],
});

/** The fault takes invalidate_lock first, and keeps it until the page is mapped. */
export const hostFaultUnderInvalidateLock = variant(hostFault, {
  name: "host-fault-under-invalidate-lock",
  says: "a fault of the host waits for the hole that is under way: a hole is empty when it returns",
  source:
    "in-place conversion, linux-next 2026: kvm_gmem_fault_user_mapping() takes invalidate_lock for reading",
  calls: {
    host_access: change(hostAccess, {
      after: {
        "look whether it is mapped": { "take invalidate_lock": { takes: () => invalidateLock.read(INODE) } },
        "map it, unlock it": { "drop invalidate_lock": { drops: () => invalidateLock.read(INODE) } },
      },
    }),
  },
  statements: [holeIsEmpty],
  notAtomic: [],
});
