/**
 * Question: user space builds a TDX guest page by page (KVM_TDX_INIT_MEM_REGION) and closes the measurement (KVM_TDX_FINALIZE_VM). What if the
 * second comes into the middle of the first, and through which root does the first map its pages?
 *
 * Source: tdx_vm_state_guard, arch/x86/kvm/vmx/tdx.c, 6.19; kvm_tdp_mmu_map_private_pfn(), arch/x86/kvm/mmu/mmu.c, with f7a3be227619, 698b8c88e159 and
 * 6415d9c4ee19, on their way to 7.4.
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
  tracked,
  upTo,
  warnOn,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Gfn, Page, Vm, Vcpu, type VcpuId } from "../../../spec/guest-memory.ts";
import { exclusivityPromises } from "../../../spec/properties/exclusivity.ts";
import {
  mappingAgreesWithAttribute,
  noMappingThroughGoneSlot,
  noMappingToGonePage,
} from "../../../spec/properties/mappings.ts";
import { folioLock, invalidateLock, kvmLock, mmuLock, slotsLock } from "../../guest-memfd/locks.ts";
import { INODE, VM, oneSlot, sizesOfOneSlot } from "../one-slot.ts";
import { ownersContradict, ownershipPromises, type Owning } from "../../../spec/properties/ownership.ts";
import { vcpuMutex } from "./vcpu-mutex.ts";

const state = record({
  /** TD_STATE_RUNNABLE: the measurement is closed. */
  finalized: bool,
  /** Pages of the guest_memfd. */
  present: per(Page, bool),
  /** What the S-EPT has at a frame: a page that was added with its contents and measured, or one that came later. */
  sept: per(Gfn, oneOf("none", "added", "augmented")),
  /** The leaf in the mirror root of now. */
  mirror: per(Gfn, bool),
  /** Each vCPU's root: none yet, the one of now, or one of an older generation, which nobody looks into. */
  roots: per(Vcpu, tracked("caches", oneOf("none", "valid", "obsolete"))),
});
interface State extends ValueOf<typeof state> {}
interface Machine {
  readonly pages: number;
  readonly vcpus: number;
}

const { call, choice } = callsOf<State, Machine>();

const writeInvalidateLock = () => invalidateLock.write(INODE);
const lockOfFolio = ({ gfn }: { readonly gfn: number }) => folioLock(INODE, gfn);

interface Building {
  readonly vcpu: VcpuId;
  /** The frame at work. */
  at: number;
  locked: number;
}

/** kvm_mmu_reload(), with KVM_REQ_MMU_FREE_OBSOLETE_ROOTS handled. */
function loadRoot(s: State, { vcpu }: Pick<Building, "vcpu">): void {
  s.roots[vcpu] = "valid";
}

/** A leaf that is put into an obsolete root is found by nobody. */
function mapLeaf(s: State, { vcpu }: Pick<Building, "vcpu">, gfn: number): void {
  if (s.roots[vcpu] === "valid") s.mirror[gfn] = true;
}

/** TDH.MEM.PAGE.ADD, of a TD that is being built: TDX_BUG_ON. */
export function addPage(s: State, c: Building): void {
  warnOn(s.finalized, "tdx_mem_page_add(): TDH.MEM.PAGE.ADD of a TD whose measurement is closed");
  mapLeaf(s, c, c.at);
  s.sept[c.at] = "added";
}

/** tdx_vm_state_guard: kvm->lock, all vCPUs, slots_lock. */
const guard = {
  "take kvm->lock": { takes: () => kvmLock(VM) },
  "lock the next vCPU": {
    takes: ({ locked }: { locked: number }) => vcpuMutex(locked),
    run: (s: State, c: { locked: number }) =>
      ++c.locked < s.roots.length ? goTo("lock the next vCPU") : undefined,
  },
  "take slots_lock": { takes: () => slotsLock(VM) },
} as const;
const first = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const unguard = {
  "drop slots_lock": { drops: () => slotsLock(VM) },
  "unlock all vCPUs": {
    drops: ({ locked }: { locked: number }) => first(locked).map((vcpu) => vcpuMutex(vcpu)),
  },
  "drop kvm->lock": { drops: () => kvmLock(VM) },
} as const;

const initMemRegion = call({
  kernel: "tdx_vcpu_init_mem_region(), tdx_gmem_post_populate(), arch/x86/kvm/vmx/tdx.c",
  // Of a vCPU's descriptor, but without its mutex: tdx_vcpu_unlocked_ioctl().
  by: "task",
  takes: {
    vcpu: Vcpu,
    gfn: Gfn,
    npages: choice<number>((m, { gfn }) => Array.from({ length: m.pages - gfn }, (_, i) => i + 1)),
  },
  keeps: { at: upTo("gfns"), locked: upTo("vcpus") },
  returns: ["EINVAL"],
  sections: {
    ...guard,
    "look whether the measurement is closed": (s, c) => {
      c.at = c.gfn;
      return s.finalized ? "EINVAL" : undefined;
    },
    "take invalidate_lock": { takes: writeInvalidateLock },
    "find or allocate the folio": {
      under: ({ at }) => folioLock(INODE, at),
      run: (s, { at }) => {
        s.present[at] = true;
      },
    },
    "load a root": loadRoot,
    "map the page, TDH.MEM.PAGE.ADD": {
      under: () => mmuLock.read(VM),
      run: (s, c) => {
        if (s.roots[c.vcpu] !== "valid") return retry("load a root");
        return s.sept[c.at] === "none" ? addPage(s, c) : undefined;
      },
    },
    "drop invalidate_lock": {
      drops: writeInvalidateLock,
      run: (_s, c) => (++c.at < c.gfn + c.npages ? goTo("take invalidate_lock") : undefined),
    },
    ...unguard,
  },
});

const finalize = call({
  kernel: "tdx_td_finalize(), arch/x86/kvm/vmx/tdx.c",
  by: "task",
  takes: {},
  keeps: { locked: upTo("vcpus") },
  returns: ["EINVAL"],
  sections: {
    ...guard,
    "TDH.MR.FINALIZE": (s) => {
      if (s.finalized) return "EINVAL";
      s.finalized = true;
    },
    ...unguard,
  },
});

const guestAccess = call({
  kernel: "tdx_vcpu_pre_run(), arch/x86/kvm/vmx/tdx.c; kvm_tdp_mmu_map(), arch/x86/kvm/mmu/tdp_mmu.c",
  by: "vcpu",
  takes: { vm: Vm, vcpu: Vcpu, gfn: Gfn },
  returns: ["EINVAL"],
  sections: {
    "take vcpu->mutex": { takes: ({ vcpu }) => vcpuMutex(vcpu) },
    "look whether the guest is built": (s) => (s.finalized ? undefined : "EINVAL"),
    "run the guest": (s, { gfn }) => (s.sept[gfn] !== "none" ? goTo("drop vcpu->mutex") : undefined),
    // The folio stays locked until the leaf is there, which keeps holes out: how KVM does without is the question of mirror-root.
    "find or allocate the folio, locked": {
      takes: lockOfFolio,
      run: (s, { gfn }) => {
        s.present[gfn] = true;
      },
    },
    "load a root, map the page, TDH.MEM.PAGE.AUG": {
      under: () => mmuLock.read(VM),
      run: (s, c) => {
        loadRoot(s, c);
        mapLeaf(s, c, c.gfn);
        if (s.sept[c.gfn] === "none") s.sept[c.gfn] = "augmented";
      },
    },
    "unlock the folio": { drops: lockOfFolio, run: () => goTo("run the guest") },
    "drop vcpu->mutex": { drops: ({ vcpu }) => vcpuMutex(vcpu) },
  },
});

const punchHole = call({
  kernel: "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { gfn: Gfn },
  returns: [],
  sections: {
    "take invalidate_lock": { takes: writeInvalidateLock },
    "lock the folio": { takes: lockOfFolio },
    "zap the leaf, TDH.MEM.PAGE.REMOVE": {
      under: () => mmuLock.write(VM),
      run: (s, { gfn }) => {
        s.mirror[gfn] = false;
        s.sept[gfn] = "none";
      },
    },
    "truncate the page": {
      drops: lockOfFolio,
      run: (s, { gfn }) => {
        s.present[gfn] = false;
      },
    },
    "drop invalidate_lock": { drops: writeInvalidateLock },
  },
});

/** Every root is of an older generation, and what they map goes. */
const obsoleteRoots = call({
  kernel: "kvm_mmu_zap_all_fast(), arch/x86/kvm/mmu/mmu.c: set_nx_huge_pages()",
  by: "kernel",
  takes: {},
  returns: [],
  sections: {
    "take slots_lock": { takes: () => slotsLock(VM) },
    "zap all": {
      under: () => mmuLock.write(VM),
      run: (s) => {
        for (let gfn = 0; gfn < s.mirror.length; gfn++) {
          s.mirror[gfn] = false;
          s.sept[gfn] = "none";
        }
        for (let vcpu = 0; vcpu < s.roots.length; vcpu++)
          if (s.roots[vcpu as VcpuId] === "valid") s.roots[vcpu as VcpuId] = "obsolete";
      },
    },
    "drop slots_lock": { drops: () => slotsLock(VM) },
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
      s.mirror[gfn] ? { at: { inode: INODE, page: gfn }, private: true, fromFile: true } : null,
    pageState: (_inode, page) => (s.present[page] ? "ready" : "absent"),
    hostMaps: () => false,
    hostMayMap: () => false,
    givesWithLeaf: () => true,
    ownerOf: (_inode, page) => (s.sept[page] === "none" ? null : { vm: VM, gfn: page }),
  };
}

const { sometimes } = propertiesOf<View>();

const runsWhatWasBuilt = sometimes({
  name: "a-finalized-guest-has-added-pages",
  says: "a guest whose measurement is closed has a page that was measured, and one that was not",
  source: "KVM_TDX_FINALIZE_VM, Documentation/virt/kvm/x86/intel-tdx.rst",
  over: {},
  holds: ({ state: { finalized, sept } }) =>
    finalized && [...sept].includes("added") && [...sept].includes("augmented"),
});

export const tdxBuild = design({
  name: "tdx-build",
  says: "the steps of building a TDX guest hold kvm->lock, every vCPU's mutex and slots_lock, and map through a root of now",
  source: "tdx_vm_state_guard, 6.19, and the fixes of kvm_tdp_mmu_map_private_pfn() on their way to 7.4",
  bounds: {
    pages: { says: "pages of the file, and frames of the guest", default: 1, most: 2 },
    vcpus: { says: "vCPUs", default: 1, most: 2 },
    tasks: { says: "threads of the process", default: 2, most: 3 },
  },
  machine: (bounds: Bounds): Machine => ({ pages: Number(bounds["pages"]), vcpus: Number(bounds["vcpus"]) }),
  sizes: ({ pages, vcpus }) => ({ ...sizesOfOneSlot(pages), vcpus }),
  state,
  calls: {
    init_mem_region: initMemRegion,
    finalize,
    guest_access: guestAccess,
    punch_hole: punchHole,
    obsolete_roots: obsoleteRoots,
  },
  view,
  contradiction: ownersContradict,
  promises: [
    noMappingToGonePage,
    noMappingThroughGoneSlot,
    mappingAgreesWithAttribute,
    ...exclusivityPromises,
    ...ownershipPromises,
  ],
  statements: [runsWhatWasBuilt],
  notAtomic: [
    {
      calls: ["init_mem_region", "punch_hole"],
      says: "a hole comes between two pages, of which it takes the first",
      source:
        "__kvm_gmem_populate() takes invalidate_lock for one page at a time, virt/kvm/guest_memfd.c, 7.0",
    },
  ],
  scenarios: {},
  vectors: [
    { bounds: { pages: 2, vcpus: 2 }, quick: true },
    { bounds: {}, mode: "overlap", quick: true },
    { bounds: { vcpus: 2 }, mode: "overlap" },
    { bounds: { pages: 2 }, mode: "overlap" },
  ],
});
