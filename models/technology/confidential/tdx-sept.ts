/**
 * Question: a private page of a TDX guest is mapped and removed by the TDX module, which lets a vCPU hold a lock on the S-EPT while it is inside. Can
 * a removal fail, and what does it cost the guest? A page that comes again is pending until the guest accepts it, and zero.
 *
 * Source: tdx_sept_remove_private_spte(), tdx_no_vcpus_enter_start(), arch/x86/kvm/vmx/tdx.c, Linux 6.16; the filter of zaps: 6bd5dac21ec5, 6.18.
 */
import {
  bool,
  callsOf,
  design,
  goTo,
  oneOf,
  per,
  propertiesOf,
  record,
  retry,
  upTo,
  warnOn,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Gfn, Page, Vm, Vcpu } from "../../../spec/guest-memory.ts";
import { exclusivityPromises } from "../../../spec/properties/exclusivity.ts";
import { mappingPromises } from "../../../spec/properties/mappings.ts";
import { folioLock, invalidateLock, mmapLock, mmuLock } from "../../guest-memfd/locks.ts";
import { INODE, VM, oneSlot, sizesOfOneSlot } from "../one-slot.ts";
import { ownersContradict, ownershipPromises, type Owning } from "../../../spec/properties/ownership.ts";

const state = record({
  /** Pages of the guest_memfd. */
  present: per(Page, bool),
  /** Leaves of the S-EPT, which the mirror root reflects: a page that was added (TDH.MEM.PAGE.AUG) is pending until the guest accepts it. */
  sept: per(Gfn, oneOf("none", "pending", "accepted", "blocked")),
  /** Where each vCPU is, and whether it holds the module's lock of the S-EPT: in TDH.VP.ENTER, against zero-step attacks. */
  vcpus: per(
    Vcpu,
    record(
      { inside: bool, locksSept: bool, snapshot: oneOf("none", "current", "old") },
      { locksSept: (v) => !v.inside },
    ),
  ),
  /** kvm_tdx->wait_for_sept_zap */
  waitForZap: bool,
  invalidating: per(Gfn, upTo("invalidations")),
  /** vm_dead: the module found the guest touching a page that it had not accepted. */
  dead: bool,
  // No kernel state: the guest has accepted the frame's page, and nobody told it that the page goes; and it died all the same.
  knows: per(Gfn, bool),
  diedTrusting: bool,
});
interface State extends ValueOf<typeof state> {}
interface Machine {
  readonly pages: number;
  readonly vcpus: number;
}

const { call, choice } = callsOf<State, Machine>();

const writeMmuLock = () => mmuLock.write(VM);
const writeInvalidateLock = () => invalidateLock.write(INODE);
const nobodyInside = ({ vcpus }: State): boolean => [...vcpus].every(({ inside }) => !inside);
/** TDX_OPERAND_BUSY */
const isBusy = ({ vcpus }: State): boolean => [...vcpus].some(({ inside, locksSept }) => inside && locksSept);

function endInvalidation(s: State, gfn: number): void {
  s.invalidating[gfn]!--;
  for (const vcpu of s.vcpus) if (vcpu.snapshot === "current") vcpu.snapshot = "old";
}

interface Removal {
  readonly gfn: number;
}

/** TDH.MEM.PAGE.REMOVE, which the second time nothing may be in the way of: TDX_BUG_ON. */
export function removePage(s: State, { gfn }: Removal): void {
  warnOn(isBusy(s), "tdx_sept_remove_private_spte(): TDH.MEM.PAGE.REMOVE failed");
  s.sept[gfn] = "none";
}

/** A leaf of the mirror root is zapped, under mmu_lock for writing all the time. */
const removal = {
  "TDH.MEM.RANGE.BLOCK": (s: State, { gfn }: Removal) => {
    s.invalidating[gfn]!++;
    if (s.sept[gfn] === "none") return goTo("drop mmu_lock");
    s.sept[gfn] = "blocked";
    return undefined;
  },
  // Whoever was inside with an old translation has left; the kick is KVM_REQ_OUTSIDE_GUEST_MODE.
  "TDH.MEM.TRACK, kick all vCPUs": { until: nobodyInside },
  "TDH.MEM.PAGE.REMOVE": (s: State, { gfn }: Removal) => {
    if (isBusy(s)) return undefined;
    s.sept[gfn] = "none";
    return goTo("drop mmu_lock");
  },
  // tdx_no_vcpus_enter_start()
  "keep all vCPUs out": (s: State) => {
    s.waitForZap = true;
  },
  "kick all vCPUs": { until: nobodyInside },
  "TDH.MEM.PAGE.REMOVE again": removePage,
  "let them in again": (s: State) => {
    s.waitForZap = false;
  },
  "drop mmu_lock": { drops: writeMmuLock },
} as const;

const punchHole = call({
  kernel:
    "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c; tdx_sept_remove_private_spte(), arch/x86/kvm/vmx/tdx.c, 6.18",
  by: "task",
  takes: { gfn: Gfn },
  returns: [],
  sections: {
    "take invalidate_lock": { takes: writeInvalidateLock },
    "take mmu_lock": { takes: writeMmuLock },
    ...removal,
    "truncate the page": {
      under: ({ gfn }) => folioLock(INODE, gfn),
      run: (s, { gfn }) => {
        s.present[gfn] = false;
        // User space and its guest agree on what goes.
        s.knows[gfn] = false;
      },
    },
    "end the invalidation": { under: writeMmuLock, run: (s, { gfn }) => endInvalidation(s, gfn) },
    "drop invalidate_lock": { drops: writeInvalidateLock },
  },
});

const munmap = call({
  kernel:
    "munmap() of userspace_addr; kvm_mmu_notifier_invalidate_range_start() and _end(), virt/kvm/kvm_main.c",
  by: "task",
  takes: { gfn: Gfn },
  returns: [],
  sections: {
    "take mmap_lock": { takes: () => mmapLock.write() },
    // KVM_FILTER_SHARED: what was mapped there is no leaf of the mirror root.
    "begin the invalidation": {
      under: writeMmuLock,
      run: (s, { gfn }) => {
        s.invalidating[gfn]!++;
      },
    },
    "end the invalidation": { under: writeMmuLock, run: (s, { gfn }) => endInvalidation(s, gfn) },
    "drop mmap_lock": { drops: () => mmapLock.write() },
  },
});

const guestAccess = call({
  kernel: "tdx_vcpu_run(), arch/x86/kvm/vmx/tdx.c; kvm_tdp_mmu_map(), arch/x86/kvm/mmu/tdp_mmu.c",
  by: "vcpu",
  // Whether the access comes again and again to the same instruction, for which the module locks the S-EPT.
  takes: {
    vm: Vm,
    vcpu: Vcpu,
    gfn: Gfn,
    zeroStep: bool,
    /** The guest accepts a page that it has not had before. */
    accepts: choice<boolean>(
      () => [true],
      () => [false],
    ),
  },
  keeps: { stale: bool },
  returns: ["EIO"],
  leaves: {
    EIO: {
      says: "the VM is dead, and the page that the guest touched is there",
      source: "tdx_handle_ept_violation(), kvm_vm_dead(), arch/x86/kvm/vmx/tdx.c",
      cells: /^(dead|diedTrusting|present\b.*|sept\b.*)$/,
    },
  },
  sections: {
    // With interrupts off: who keeps vCPUs out sees that this one is inside, or is seen by it.
    "TDH.VP.ENTER": (s, { vcpu, zeroStep }) => {
      if (s.dead) return "EIO";
      if (s.waitForZap) return retry("TDH.VP.ENTER");
      s.vcpus[vcpu].inside = true;
      s.vcpus[vcpu].locksSept = zeroStep;
    },
    "access, and leave": (s, { vcpu, gfn, accepts }) => {
      s.vcpus[vcpu].inside = false;
      const leaf = s.sept[gfn]!;
      if (leaf === "accepted") return 0;
      if (leaf !== "pending") return undefined;
      if (!s.knows[gfn] && accepts) {
        // TDG.MEM.PAGE.ACCEPT
        s.sept[gfn] = "accepted";
        s.knows[gfn] = true;
        return 0;
      }
      // EPT violation of a pending page with #VE disabled: tdx_handle_ept_violation().
      s.dead = true;
      s.diedTrusting = s.knows[gfn]!;
      return "EIO";
    },
    "take a snapshot of the sequence count": (s, { vcpu }) => {
      s.vcpus[vcpu].snapshot = "current";
    },
    "find or allocate the folio": {
      under: ({ gfn }) => folioLock(INODE, gfn),
      run: (s, { gfn }) => {
        s.present[gfn] = true;
      },
    },
    "install the leaf, TDH.MEM.PAGE.AUG": {
      under: () => mmuLock.read(VM),
      run: (s, c) => {
        const { snapshot } = s.vcpus[c.vcpu];
        s.vcpus[c.vcpu].snapshot = "none";
        c.stale = snapshot === "old" || s.invalidating[c.gfn]! > 0;
        if (!c.stale && s.sept[c.gfn] === "none") s.sept[c.gfn] = "pending";
      },
    },
    "run the guest again": {
      local: true,
      run: (_s, { stale }) => (stale ? retry("TDH.VP.ENTER") : goTo("TDH.VP.ENTER")),
    },
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
    isPrivate: () => true,
    guestMapping: (_vm, gfn) =>
      s.sept[gfn] === "none" ? null : { at: { inode: INODE, page: gfn }, private: true, fromFile: true },
    pageState: (_inode, page) => (s.present[page] ? "ready" : "absent"),
    hostMaps: () => false,
    hostMayMap: () => false,
    isInvalidating: (_vm, gfn) => s.invalidating[gfn]! > 0,
    invalidations: () => [...s.invalidating].reduce((sum, n) => sum + n, 0),
    givesWithLeaf: () => true,
    ownerOf: (_inode, page) => (s.sept[page] === "none" ? null : { vm: VM, gfn: page }),
  };
}

const { always, sometimes } = propertiesOf<View>();

const diesOfItsOwn = always({
  name: "tdx-guest-dies-of-its-own-fault",
  says: "a guest that accepted a page, and was not told that it goes, can touch it: it dies of pages alone that it did not accept",
  source: "tdx_handle_ept_violation(), arch/x86/kvm/vmx/tdx.c: access before acceptance makes the VM dead",
  over: {},
  holds: ({ state }) => !state.diedTrusting,
  why: () => "the guest touched a page that it had accepted, and found another one, pending",
});

const removesFromUnderVcpu = sometimes({
  name: "vcpus-are-kept-out",
  says: "a removal finds the S-EPT locked, and keeps all vCPUs out",
  source: "tdx_no_vcpus_enter_start(), arch/x86/kvm/vmx/tdx.c",
  anytime: true,
  over: {},
  holds: ({ state }) => state.waitForZap,
});

export const tdxSept = design({
  name: "tdx-sept",
  says: "a removal that finds the S-EPT locked keeps all vCPUs out and tries once more; no zap but a removal takes an accepted page",
  source: "tdx_sept_remove_private_spte(), arch/x86/kvm/vmx/tdx.c, Linux 6.18",
  bounds: {
    pages: { says: "pages of the file, and frames of the guest", default: 1, most: 2 },
    vcpus: { says: "vCPUs", default: 1, most: 2 },
    tasks: { says: "threads of the process", default: 1, most: 2 },
  },
  machine: (bounds: Bounds): Machine => ({ pages: Number(bounds["pages"]), vcpus: Number(bounds["vcpus"]) }),
  // A hole and a notifier; further ones wait for their locks.
  sizes: ({ pages, vcpus }) => ({ ...sizesOfOneSlot(pages), vcpus, invalidations: 2 }),
  state,
  calls: { guest_access: guestAccess, punch_hole: punchHole, munmap },
  view,
  contradiction: ownersContradict,
  promises: [...mappingPromises, ...exclusivityPromises, ...ownershipPromises, diesOfItsOwn],
  statements: [removesFromUnderVcpu],
  notAtomic: [
    {
      calls: ["guest_access", "guest_access"],
      results: (one, other) => one === "EIO" || other === "EIO",
      says: "a vCPU that is inside when another one's access makes the VM dead does its own first",
      source: "kvm_vm_dead(), include/linux/kvm_host.h: the request is looked for before the next entry",
    },
  ],
  scenarios: {},
  vectors: [
    { bounds: { pages: 2 }, quick: true },
    { bounds: {}, mode: "overlap", quick: true },
    { bounds: { vcpus: 2 }, mode: "overlap" },
    { bounds: { pages: 2, tasks: 2 }, mode: "overlap" },
  ],
});
