/**
 * Question: a guest validates a small page of a huge RMP entry, and KVM breaks the entry up for it (PSMASH). Meanwhile a hole breaks it up too,
 * and gives a page back to the host. Which of the two may be surprised? Two pages stand for a huge one.
 *
 * Source: sev_handle_rmp_fault(), arch/x86/kvm/svm/sev.c, which warned until 71a47b7fdec3 and 8b0c8531a5dc, on their way to 7.4.
 */
import {
  bool,
  callsOf,
  design,
  goTo,
  per,
  positions,
  propertiesOf,
  record,
  retry,
  tracked,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Page, Vm, Vcpu } from "../../../spec/guest-memory.ts";
import { Snapshots, moveSequence } from "../../guest-memfd/sequence.ts";
import { exclusivityPromises } from "../../../spec/properties/exclusivity.ts";
import {
  invalidationsEnd,
  noMappingThroughGoneSlot,
  noMappingToGonePage,
} from "../../../spec/properties/mappings.ts";
import { folioLock, invalidateLock, mmuLock } from "../../guest-memfd/locks.ts";
import { INODE, VM, oneSlot, sizesOfOneSlot } from "../one-slot.ts";
import { ownersContradict, ownershipPromises, type Owning } from "../../../spec/properties/ownership.ts";

const state = record({
  /** Both pages are one folio; a page of it that is punched goes alone. */
  pages: per(Page, record({ present: bool, assigned: bool, leaf: tracked("mappings", bool) })),
  /** One entry of the RMP says all this of both pages. */
  huge: bool,
  /** An invalidation is under way, and what each vCPU's snapshot of the sequence count is worth. */
  invalidating: bool,
  snapshots: Snapshots,
});
interface State extends ValueOf<typeof state> {}
interface Machine {
  readonly pages: number;
  readonly vcpus: number;
}

const { call } = callsOf<State, Machine>();

const lockOfFolio = () => folioLock(INODE, 0);
const writeInvalidateLock = () => invalidateLock.write(INODE);
const writeMmuLock = () => mmuLock.write(VM);

/** PSMASH breaks a huge entry of a guest up; of any other one it fails. */
export const canBeSmashed = ({ pages, huge }: State, page: number): boolean => pages[page]!.assigned && huge;

/** The folio of a page, allocated whole where none of it is there, and what is new of it made private. */
function getPage(s: State, page: number): void {
  const isNew = ![...s.pages].some(({ present }) => present);
  for (const at of isNew ? positions(s.pages.length) : [page]) {
    if (s.pages[at]!.assigned) continue;
    s.pages[at]!.present = s.pages[at]!.assigned = true;
  }
  if (isNew) s.huge = s.pages.length > 1;
}

interface Rmp {
  readonly page: number;
}

/** 71a47b7fdec3: whoever was here first did what was to be done; the guest tries again. */
const ignoreTheLoser = (s: State, { page }: Rmp) => {
  if (!canBeSmashed(s, page)) return goTo("leave the RMP fault");
  s.huge = false;
  return undefined;
};

const guestValidates = call({
  kernel:
    "PVALIDATE of a small page by the guest; npf_interception(), sev_handle_rmp_fault(), arch/x86/kvm/svm, 7.4",
  by: "vcpu",
  takes: { vm: Vm, vcpu: Vcpu, page: Page },
  keeps: { stale: bool },
  returns: [],
  sections: {
    "run the guest": (s, { page }) => {
      if (!s.pages[page]!.leaf) return goTo("take a snapshot of the sequence count");
      return s.pages[page]!.assigned && !s.huge ? 0 : undefined;
    },
    "RMP fault: get the page": { under: lockOfFolio, run: (s, { page }) => getPage(s, page) },
    "RMP fault: look up the entry": (s, { page }) => {
      // 8b0c8531a5dc: a hole has just given the page back. A small entry needs no breaking up.
      if (!s.pages[page]!.assigned || !s.huge) return goTo("leave the RMP fault");
    },
    "RMP fault: PSMASH": ignoreTheLoser,
    "RMP fault: zap": {
      under: writeMmuLock,
      run: (s) => {
        for (const page of s.pages) page.leaf = false;
        moveSequence(s);
      },
    },
    "leave the RMP fault": { local: true, run: () => retry("run the guest") },
    "take a snapshot of the sequence count": (s, { vcpu }) => {
      s.snapshots[vcpu] = "current";
    },
    "get the page": { under: lockOfFolio, run: (s, { page }) => getPage(s, page) },
    "install the leaf": {
      under: () => mmuLock.read(VM),
      run: (s, c) => {
        c.stale = s.invalidating || s.snapshots[c.vcpu] === "old";
        if (!c.stale) s.pages[c.page]!.leaf = true;
        s.snapshots[c.vcpu] = "none";
      },
    },
    "run the guest again": {
      local: true,
      run: (_s, { stale }) => (stale ? retry("run the guest") : goTo("run the guest")),
    },
  },
});

const punchHole = call({
  kernel: "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c; sev_gmem_invalidate(), arch/x86/kvm/svm/sev.c",
  by: "task",
  takes: { page: Page },
  returns: [],
  sections: {
    "take invalidate_lock": { takes: writeInvalidateLock },
    "zap what is bound": {
      under: writeMmuLock,
      run: (s, { page }) => {
        s.invalidating = true;
        s.pages[page]!.leaf = false;
      },
    },
    "truncate: PSMASH": {
      takes: lockOfFolio,
      run: (s, { page }) => {
        if (s.pages[page]!.assigned) s.huge = false;
      },
    },
    "truncate: RMPUPDATE to shared": {
      drops: lockOfFolio,
      run: (s, { page }) => {
        s.pages[page]!.assigned = s.pages[page]!.present = false;
      },
    },
    "end the invalidation": {
      under: writeMmuLock,
      run: (s) => {
        s.invalidating = false;
        moveSequence(s);
      },
    },
    "drop invalidate_lock": { drops: writeInvalidateLock },
  },
});

/** The common vocabulary, and behind it the state itself. */
interface View extends Owning {
  readonly state: State;
}

function view(s: State, { pages }: Machine): View {
  return {
    state: s,
    ...oneSlot(pages),
    guestMapping: (_vm, gfn) =>
      s.pages[gfn]!.leaf ? { at: { inode: INODE, page: gfn }, private: true, fromFile: true } : null,
    pageState: (_inode, page) => (s.pages[page]!.present ? "ready" : "absent"),
    hostMaps: () => false,
    hostMayMap: () => false,
    isInvalidating: () => s.invalidating,
    invalidations: () => Number(s.invalidating),
    ownerOf: (_inode, page) => (s.pages[page]!.assigned ? { vm: VM, gfn: page } : null),
  };
}

const { sometimes } = propertiesOf<View>();

const breaksUp = sometimes({
  name: "a-huge-entry-is-broken-up",
  says: "both pages are the guest's, each with an entry of its own",
  source: "snp_rmptable_psmash(), arch/x86/virt/svm/sev.c",
  over: {},
  holds: ({ state: s }) => !s.huge && [...s.pages].every(({ assigned }) => assigned),
});

export const snpPsmash = design({
  name: "snp-psmash",
  says: "an RMP fault that finds the entry broken up, or given back, lets the guest try again and warns of nothing",
  source: "71a47b7fdec3 and 8b0c8531a5dc, on their way to 7.4",
  bounds: {
    pages: { says: "pages of the huge one, and frames of the guest", default: 2, most: 2 },
    vcpus: { says: "vCPUs", default: 1, most: 2 },
    tasks: { says: "threads of the process", default: 1, most: 2 },
  },
  machine: (bounds: Bounds): Machine => ({ pages: Number(bounds["pages"]), vcpus: Number(bounds["vcpus"]) }),
  sizes: ({ pages, vcpus }) => ({ ...sizesOfOneSlot(pages), vcpus }),
  state,
  calls: { guest_validates: guestValidates, punch_hole: punchHole },
  view,
  contradiction: ownersContradict,
  promises: [
    noMappingToGonePage,
    noMappingThroughGoneSlot,
    invalidationsEnd,
    ...exclusivityPromises,
    ...ownershipPromises,
  ],
  statements: [breaksUp],
  scenarios: {},
  vectors: [
    { bounds: {}, mode: "overlap", quick: true },
    { bounds: { vcpus: 2 }, mode: "overlap", overlap: 3 },
  ],
});
