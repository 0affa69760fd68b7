/** Faults: kvm_tdp_mmu_page_fault(), arch/x86/kvm/mmu/mmu.c; kvm_gmem_get_pfn(), virt/kvm/guest_memfd.c. */
import { bool, goTo, retry, upTo } from "../../../spec/language.ts";
import { Gfn, Vm, Vcpu, type VcpuId } from "../../../spec/guest-memory.ts";
import { folioLock, mmuLock } from "../../guest-memfd/locks.ts";
import { INODE, VM, call, choice, slotAt, type State } from "./state.ts";

/** A fault on its way. */
export interface Fault {
  readonly vcpu: VcpuId;
  readonly gfn: number;
  /** RMPUPDATE fails. */
  readonly rmpFails: boolean;
  page: number;
  /** The leaf could not be installed. */
  stale: boolean;
}

const takes = {
  vm: Vm,
  vcpu: Vcpu,
  gfn: Gfn,
  rmpFails: choice<boolean>(
    () => [false],
    () => [true],
  ),
};
const keeps = { page: upTo("pages"), stale: bool };
const REFUSED = ["EFAULT memory_fault", "EINVAL"] as const;

export const lockOfFolio = ({ page }: Fault) => folioLock(INODE, page);
export const readMmuLock = () => mmuLock.read(VM);

/** rmp_make_private(): an entry that is assigned already is taken as it is. */
export function makePrivate(s: State, { page, gfn, rmpFails }: Fault): "EINVAL" | undefined {
  if (s.rmp[page] !== null) return undefined;
  if (rmpFails) return "EINVAL";
  s.rmp[page] = gfn;
  return undefined;
}

/** Unless what the fault found may be out of date: is_page_fault_stale(). */
export function installLeaf(s: State, c: Fault): void {
  c.stale = s.snapshots[c.vcpu] === "old" || s.invalidating[c.gfn]! > 0;
  if (!c.stale) s.leaves[c.gfn] = c.page;
}

const fault = {
  "take a snapshot of the sequence count": (s: State, { vcpu }: Fault): void => {
    s.snapshots[vcpu] = "current";
  },
  "find the slot": (s: State, c: Fault) => {
    const slot = slotAt(s, c.gfn);
    if (slot === null) return "EFAULT memory_fault" as const;
    c.page = slot.first + c.gfn - slot.base;
    return undefined;
  },
  "find or allocate the folio, locked": {
    takes: lockOfFolio,
    run: (s: State, { page }: Fault): void => {
      s.folios[page] = "ready";
    },
  },
  // Before mmu_lock, for RMPUPDATE may sleep: a page that is thrown away by the retry below stays private in the RMP.
  "make it private in the RMP": { drops: lockOfFolio, run: makePrivate },
  "install the leaf": { under: readMmuLock, run: installLeaf },
  "try again what was out of date": {
    local: true as const,
    run: (_s: State, { stale }: Fault) =>
      stale ? retry("take a snapshot of the sequence count") : undefined,
  },
};

const closing = {
  "forget the snapshot": {
    local: true as const,
    run: (s: State, { vcpu }: Fault): void => {
      s.snapshots[vcpu] = "none";
    },
  },
};

const leaves = {
  EINVAL: {
    says: "the folio that could not be made private stays in the file",
    source: "kvm_gmem_get_pfn() puts the folio and does not remove it, virt/kvm/guest_memfd.c",
  },
};

export const guestAccess = call({
  kernel: "KVM_RUN of a guest that touches private memory: kvm_tdp_mmu_page_fault(), arch/x86/kvm/mmu/mmu.c",
  by: "vcpu",
  takes,
  keeps,
  returns: REFUSED,
  leaves,
  sections: {
    // A page that the RMP gives to nobody, or at another frame, is a nested page fault that brings nothing: the guest tries again.
    "run the guest": (s, { gfn }) => {
      const page = s.leaves[gfn]!;
      if (page === null) return undefined;
      return s.rmp[page] === gfn ? 0 : retry("run the guest");
    },
    ...fault,
    "run the guest again": { local: true, run: () => goTo("run the guest") },
  },
  finally: closing,
});

export const preFaultMemory = call({
  kernel: "kvm_vcpu_pre_fault_memory(), virt/kvm/kvm_main.c, 6.11",
  by: "vcpu",
  takes,
  keeps,
  returns: REFUSED,
  leaves,
  sections: fault,
  finally: closing,
});
