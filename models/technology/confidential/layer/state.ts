/**
 * The technologies as a layer on 7.3: whose each page is, below what KVM keeps of it. The VM type is a bound like any other, and each type says
 * when a page becomes the guest's, and when the host's again:
 *
 *     sw_protected  never: nothing but KVM keeps the two apart
 *     snp           RMPUPDATE in kvm_gmem_get_pfn(), before mmu_lock; back when the page leaves the page cache
 *     tdx           TDH.MEM.PAGE.AUG with the leaf of the mirror root; back with that leaf, and zero when it comes again
 *     pkvm          __pkvm_host_donate_guest() with the leaf; back with it, wiped
 */
import {
  bool,
  callsOf,
  per,
  record,
  withState,
  type Bounds,
  type ValueOf,
} from "../../../../spec/language.ts";
import type { Call } from "../../../../spec/language/call.ts";
import { Gfn, Inode, Page, Vm } from "../../../../spec/guest-memory.ts";
import {
  KVM_VM_TYPE_ARM_PROTECTED,
  KVM_X86_SNP_VM,
  KVM_X86_SW_PROTECTED_VM,
  KVM_X86_TDX_VM,
} from "../../../../spec/abi/kvm.ts";
import { BOUND_RULES, machineFor, type Machine } from "../../../guest-memfd/machine.ts";
import type { InodeId, VmId, VmState } from "../../../guest-memfd/state.ts";
import { guestMemfd7_3 } from "../../../guest-memfd/versions.ts";

export const TYPES = {
  sw_protected: KVM_X86_SW_PROTECTED_VM,
  snp: KVM_X86_SNP_VM,
  tdx: KVM_X86_TDX_VM,
  pkvm: KVM_VM_TYPE_ARM_PROTECTED,
} as const;

const Owner = record(
  {
    /** A guest has it: which, at which frame of it, and whether the guest has accepted it (PVALIDATE, TDG.MEM.PAGE.ACCEPT). */
    given: bool,
    vm: Vm,
    gfn: Gfn,
    accepted: bool,
  },
  { vm: ({ given }) => !given, gfn: ({ given }) => !given, accepted: ({ given }) => !given },
);

export const base = {
  ...withState(guestMemfd7_3, {
    owners: per(Inode, per(Page, Owner)),
    /** KVM_SEV_SNP_LAUNCH_FINISH, KVM_TDX_FINALIZE_VM: the guest is measured, and can run. The other types have no launch. */
    launched: per(Vm, bool),
  }),
  bounds: {
    ...BOUND_RULES,
    types: { says: "the VM type that is created", default: "snp", values: Object.keys(TYPES) },
  },
  machine: (bounds: Bounds): Machine => ({
    ...machineFor({ ...bounds, types: "sw_protected" }),
    vmTypes: [TYPES[bounds["types"] as keyof typeof TYPES]],
  }),
};
export interface Confidential extends ValueOf<typeof base.state> {}

export const { call, choice } = callsOf(base);

type OnLayer<T> =
  T extends Call<never, infer M, infer C, infer R, infer V, infer L>
    ? Call<Confidential, M, C, R, V, L>
    : never;
type Calls = typeof base.calls;
/** The calls of 7.3, whose sections may be replaced by ones that see the owners. */
export const calls: { readonly [K in keyof Calls]: OnLayer<Calls[K]> } = base.calls;

/** The page goes over to the guest, and back, with the leaf that maps it. */
export const givesWithLeaf = (vm: VmState): boolean => vm.type === "tdx" || vm.type === "pkvm";
export const givesInGetPfn = (vm: VmState): boolean => vm.type === "snp";
/** The guest says of each access which kind it is; otherwise KVM takes it from the attribute. */
export const tellsAccesses = (vm: VmState): boolean => vm.type !== "sw_protected";
/** Its guest runs when its launch is finished. */
export const hasLaunch = (vm: VmState): boolean => vm.type === "snp" || vm.type === "tdx";

export const mayRun = (s: Confidential, vm: VmId): boolean => !hasLaunch(s.vms[vm]) || s.launched[vm];

/** The frame of a guest at which a page is to be its own. */
export interface Frame {
  readonly vm: VmId;
  readonly gfn: number;
}

export function give(s: Confidential, inode: InodeId, page: number, { vm, gfn }: Frame): void {
  s.owners[inode][page] = { given: true, vm, gfn, accepted: false };
}

export function takeBack(s: Confidential, inode: InodeId, page: number): void {
  s.owners[inode][page]!.given = false;
}

/** The bytes are gone with the key, or wiped. */
export function wipe(s: Confidential, inode: InodeId, page: number): void {
  for (const cell of s.inodes[inode].pages[page]!.contents) {
    cell.value = 0;
    cell.secretOf = null;
  }
}
