/**
 * An SEV-SNP guest from its launch on, as far as populate and the RMP go: one VM with one slot, which shows page i of one guest_memfd at
 * frame i; the RMP's word on each page; and the source memory of the process that launches it.
 *
 * Slots do not change here and nothing is closed, so that SRCU and references have nothing to keep.
 */
import { bool, callsOf, oneOf, per, record, upTo, type Bounds, type ValueOf } from "../../spec/language.ts";
import { Gfn, Page, Vm, type InodeId, type VmId } from "../../spec/guest-memory.ts";
import { Snapshots, moveSequence } from "../guest-memfd/sequence.ts";
import { sizesOfOneSlot } from "./one-slot.ts";

const PageState = record(
  {
    /** `ready`: up to date, its bytes are defined. */
    folio: oneOf("absent", "allocated", "ready"),
    /** The RMP gives the page to the guest; otherwise it is shared, which is the host's. */
    assigned: bool,
    /** The firmware has encrypted and measured it: SNP_LAUNCH_UPDATE. */
    measured: bool,
    // No kernel state: what must never have happened to the page since it came into the file.
    writtenByHost: bool,
    handedAssigned: bool,
  },
  {
    measured: ({ folio }) => folio === "absent",
    writtenByHost: ({ folio }) => folio === "absent",
    handedAssigned: ({ folio }) => folio === "absent",
  },
);

const VmState = record({
  /** KVM_SEV_SNP_LAUNCH_FINISH succeeded: kvm->arch.pre_fault_allowed. */
  finished: bool,
  /** KVM_MEMORY_ATTRIBUTE_PRIVATE */
  private: per(Gfn, bool),
  /** Leaves of the nested page table, all private: frame i maps page i. */
  leaves: per(Gfn, bool),
  /**
   * Invalidations under way of each frame. The kernel has one count and one range for all of them, with which faults on other
   * frames may start over once more.
   */
  invalidating: per(Gfn, upTo("invalidations")),
  /** What each vCPU's snapshot of kvm->mmu_invalidate_seq is worth: whether the counter moved since. */
  snapshots: Snapshots,
});

export const state = record({
  vms: per(Vm, VmState),
  pages: per(Page, PageState),
  /** The process has mapped the memory that it launches the guest from. */
  sourceMapped: bool,
});

export interface State extends ValueOf<typeof state> {}
interface PageState extends ValueOf<typeof PageState> {}
interface VmState extends ValueOf<typeof VmState> {}

export interface Machine {
  readonly pages: number;
  readonly vcpus: number;
}

export const bounds = {
  pages: { says: "pages of the file, and frames of the guest", default: 1, most: 3 },
  vcpus: { says: "vCPUs", default: 1, most: 2 },
  tasks: { says: "threads of the process", default: 1, most: 3 },
} as const;

export const machineFor = (of: Bounds): Machine => ({
  pages: Number(of["pages"]),
  vcpus: Number(of["vcpus"]),
});

export const sizesOf = ({ pages, vcpus }: Machine) => ({
  ...sizesOfOneSlot(pages),
  vcpus,
  // A hole and a change of attributes; further ones wait for their locks.
  invalidations: 2,
});

export const { call, choice } = callsOf<State, Machine>();

/** The VM that the file was created for: gmem->kvm. */
export const OWNER = 0 as VmId;
/** The only guest_memfd. */
export const INODE = 0 as InodeId;

/** filemap_grab_folio() */
export function grabFolio(page: PageState): void {
  if (page.folio === "absent") page.folio = "allocated";
}

/** The host writes to a page. Where the RMP gives it to a guest that is a page fault in the kernel, from which it does not come back. */
export function writeAsHost(page: PageState): void {
  if (page.assigned) page.writtenByHost = true;
}

/** kvm_mmu_invalidate_begin() and a zap, under mmu_lock. */
export function beginInvalidation(vm: VmState, first: number, end: number): void {
  for (let gfn = first; gfn < end; gfn++) {
    vm.invalidating[gfn]!++;
    vm.leaves[gfn] = false;
  }
}

/** kvm_mmu_invalidate_end(), under mmu_lock: snapshots that faults in flight have taken are out of date. */
export function endInvalidation(vm: VmState, first: number, end: number): void {
  for (let gfn = first; gfn < end; gfn++) vm.invalidating[gfn]!--;
  moveSequence(vm);
}
