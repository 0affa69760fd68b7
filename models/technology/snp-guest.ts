/**
 * Faults of an SEV-SNP guest on private memory: kvm_mmu_faultin_pfn_gmem(), arch/x86/kvm/mmu/mmu.c; kvm_gmem_get_pfn(),
 * virt/kvm/guest_memfd.c; sev_gmem_prepare(), arch/x86/kvm/svm/sev.c.
 */
import { bool, disabled, goTo, retry } from "../../spec/language.ts";
import { Gfn, Vm, Vcpu, type VmId, type VcpuId } from "../../spec/guest-memory.ts";
import { folioLock, mmuLock } from "../guest-memfd/locks.ts";
import { INODE, call, choice, grabFolio, writeAsHost, type State } from "./snp-state.ts";

/** A fault on its way. */
export interface Fault {
  readonly vm: VmId;
  readonly vcpu: VcpuId;
  readonly gfn: number;
  /** RMPUPDATE fails. */
  readonly rmpFails: boolean;
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

const lockOfFolio = ({ gfn }: Fault) => folioLock(INODE, gfn);

/** The leaf, under mmu_lock, unless what the fault found may be out of date: is_page_fault_stale(). */
export function installLeaf(s: State, c: Fault): void {
  const vm = s.vms[c.vm];
  c.stale = vm.snapshots[c.vcpu] === "old" || vm.invalidating[c.gfn]! > 0;
  if (!c.stale) vm.leaves[c.gfn] = true;
}

/** sev_gmem_prepare(): an entry that is assigned already is taken as it is. */
export function makePrivate(s: State, { gfn, rmpFails }: Fault): "EINVAL memory_fault private" | undefined {
  if (s.pages[gfn]!.assigned) return undefined;
  if (rmpFails) return "EINVAL memory_fault private";
  s.pages[gfn]!.assigned = true;
  return undefined;
}

const fault = {
  "take a snapshot of the sequence count": (s: State, { vm, vcpu }: Fault): void => {
    s.vms[vm].snapshots[vcpu] = "current";
  },
  "compare the attribute": (s: State, { vm, gfn }: Fault) =>
    s.vms[vm].private[gfn] ? undefined : ("EFAULT memory_fault private" as const),
  "find or allocate the folio, locked": {
    takes: lockOfFolio,
    run: (s: State, { gfn }: Fault): void => grabFolio(s.pages[gfn]!),
  },
  "clear it unless it is up to date": (s: State, { gfn }: Fault): void => {
    const page = s.pages[gfn]!;
    if (page.folio === "ready") return;
    writeAsHost(page);
    page.folio = "ready";
  },
  // Before mmu_lock, for RMPUPDATE may sleep: a page that is thrown away by the retry below stays private in the RMP.
  "make it private in the RMP": { drops: lockOfFolio, run: makePrivate },
  "install the leaf": { under: ({ vm }: Fault) => mmuLock.read(vm), run: installLeaf },
  "try again what was out of date": {
    local: true as const,
    run: (_s: State, { stale }: Fault) =>
      stale ? retry("take a snapshot of the sequence count") : undefined,
  },
};

const forgetSnapshot = {
  "forget the snapshot": {
    local: true as const,
    run: (s: State, { vm, vcpu }: Fault): void => {
      s.vms[vm].snapshots[vcpu] = "none";
    },
  },
};

const REFUSED = ["EFAULT memory_fault private", "EINVAL memory_fault private"] as const;
const leaves = {
  "EINVAL memory_fault private": {
    says: "the folio that could not be made private stays in the file",
    source: "kvm_gmem_get_pfn() puts the folio and does not remove it, virt/kvm/guest_memfd.c",
  },
};

export const guestAccess = call({
  kernel: "KVM_RUN of a guest that touches a private page: kvm_mmu_do_page_fault(), arch/x86/kvm/mmu/mmu.c",
  by: "vcpu",
  takes,
  keeps: { stale: bool },
  returns: REFUSED,
  leaves,
  sections: {
    "run the guest": (s, { vm, gfn }) => {
      // VMRUN fails until the firmware has measured the VMSA.
      if (!s.vms[vm].finished) return disabled;
      if (!s.vms[vm].leaves[gfn]) return undefined;
      // sev_handle_rmp_fault() warns of an entry that is not assigned, and lets the guest try again.
      return s.pages[gfn]!.assigned ? 0 : retry("run the guest");
    },
    ...fault,
    "run the guest again": { local: true, run: () => goTo("run the guest") },
  },
  finally: forgetSnapshot,
});

export const preFaultMemory = call({
  kernel: "kvm_arch_vcpu_pre_fault_memory(), arch/x86/kvm/mmu/mmu.c",
  by: "vcpu",
  takes,
  keeps: { stale: bool },
  returns: ["EOPNOTSUPP", ...REFUSED],
  leaves,
  sections: {
    // 5932ca411e53 (6.11)
    "look whether the launch is finished": (s, { vm }) => (s.vms[vm].finished ? undefined : "EOPNOTSUPP"),
    ...fault,
  },
  finally: forgetSnapshot,
});
