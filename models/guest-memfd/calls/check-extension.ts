/** KVM_CHECK_EXTENSION on /dev/kvm or on a VM: what the machine, and what this VM can do. */
import { upTo, type Step } from "../../../spec/language.ts";
import {
  KVM_CAP_GUEST_MEMFD,
  KVM_CAP_GUEST_MEMFD_FLAGS,
  KVM_CAP_MEMORY_ATTRIBUTES,
  KVM_CAP_MEMORY_FAULT_INFO,
  KVM_CAP_MULTI_ADDRESS_SPACE,
  KVM_CAP_NR_MEMSLOTS,
  KVM_CAP_PRE_FAULT_MEMORY,
  KVM_CAP_USER_MEMORY2,
  KVM_CAP_VM_TYPES,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
} from "../../../spec/abi/kvm.ts";
import type { Machine } from "../machine.ts";
import {
  addressSpacesOf,
  call,
  choice,
  hasPrivateMemory,
  openVm,
  type State,
  type VmId,
  type VmState,
} from "../state.ts";
import { noFlags, type FlagsOf } from "./create-guest-memfd.ts";
import { supportedAttributes } from "./set-memory-attributes.ts";

/** Whether a version offers guest_memfd to a VM; null stands for the system. */
export type Offers = (vm: VmState | null) => boolean;

/** Until 6.17: to VMs with private memory. */
export const offersToPrivateVms: Offers = (vm) => vm === null || hasPrivateMemory(vm);
export const offersToEveryVm: Offers = () => true;

/** What a version answers of guest_memfd itself. */
export interface Features {
  readonly offers: Offers;
  readonly flags: FlagsOf;
  readonly preFault: boolean;
}

/** The value of a capability for a VM, or for the system. */
const valueOf = (
  cap: number,
  vm: VmState | null,
  m: Machine,
  { offers, flags, preFault }: Features,
): number => {
  const yes = (is: boolean): number => (is ? 1 : 0);
  switch (cap) {
    case KVM_CAP_NR_MEMSLOTS:
      return m.maxSlotId + 1;
    case KVM_CAP_MULTI_ADDRESS_SPACE:
      // Not a capability of a kernel that is built without SMM.
      if (m.addressSpaces === 1) return 0;
      return vm === null ? m.addressSpaces : addressSpacesOf(vm, m);
    case KVM_CAP_USER_MEMORY2:
    case KVM_CAP_MEMORY_FAULT_INFO:
      return 1;
    case KVM_CAP_MEMORY_ATTRIBUTES:
      if (!m.hasMemoryAttributes) return 0;
      return Number(vm === null ? KVM_MEMORY_ATTRIBUTE_PRIVATE : supportedAttributes(vm));
    case KVM_CAP_GUEST_MEMFD:
      return yes(offers(vm));
    case KVM_CAP_VM_TYPES:
      return m.vmTypes.reduce((mask, type) => mask | (1 << type), 0);
    case KVM_CAP_PRE_FAULT_MEMORY:
      return yes(preFault && m.tdp);
    case KVM_CAP_GUEST_MEMFD_FLAGS:
      return Number(flags(vm));
    default:
      return 0;
  }
};

interface Question {
  readonly vm: VmId | null | "system";
  readonly cap: number;
}

export const answer =
  (features: Features) =>
  (s: State, { vm, cap }: Question, m: Machine): Step<never, number> => ({
    value: valueOf(cap, vm === null || vm === "system" ? null : s.vms[vm], m, features),
  });

export const checkExtension = call({
  kernel:
    "kvm_vm_ioctl_check_extension_generic(), virt/kvm/kvm_main.c; kvm_vm_ioctl_check_extension(), arch/x86/kvm/x86.c",
  by: "task",
  takes: {
    vm: choice<VmId | null | "system">(
      (m) => Array.from({ length: m.sizes.vms }, (_, i) => i as VmId),
      () => ["system", null],
    ),
    cap: choice<number>(() => [
      KVM_CAP_GUEST_MEMFD_FLAGS,
      KVM_CAP_GUEST_MEMFD,
      KVM_CAP_MEMORY_ATTRIBUTES,
      KVM_CAP_MULTI_ADDRESS_SPACE,
    ]),
  },
  returns: ["EBADF"],
  gives: upTo("capability"),
  offers: true,
  sections: {
    "find the VM": (s, { vm }) => {
      if (vm !== "system" && openVm(s, vm) === null) return "EBADF";
    },
    answer: answer({ offers: offersToPrivateVms, flags: noFlags, preFault: false }),
  },
});
