/** KVM_CREATE_VM, KVM_CREATE_VCPU, and the close() of what they return. */
import { disabled, ids, maybe } from "../../../spec/language.ts";
import { Vm, Vcpu } from "../../../spec/guest-memory.ts";
import { pinVm, pinning, putVm, unpinVm } from "../lifetime.ts";
import { kvmLock } from "../locks.ts";
import { nameOfType } from "../machine.ts";
import { call, choice, openVm, type VmId } from "../state.ts";

/** A VM's descriptor: any VM's, or something that is not a descriptor (null). */
export const vmDescriptor = choice<VmId | null>(
  (m) => Array.from({ length: m.sizes.vms }, (_, i) => i as VmId),
  () => [null],
);

export const createVm = call({
  kernel: "kvm_dev_ioctl_create_vm(), virt/kvm/kvm_main.c; kvm_arch_init_vm(), arch/x86/kvm/x86.c",
  by: "task",
  takes: {
    type: choice<number>(
      (m) => m.vmTypes,
      () => [99],
    ),
  },
  keeps: { vm: maybe(Vm) },
  returns: ["EINVAL"],
  gives: Vm,
  sections: {
    "check the type": (_s, { type }, m) => {
      if (!m.vmTypes.includes(type)) return "EINVAL";
    },
    "create the VM": {
      local: true,
      run: (s, c) => {
        c.vm = ids(s.vms).find((vm) => s.vms[vm].type === "none") ?? null;
        // The bound is reached; no kernel limit stands behind it.
        if (c.vm === null) return disabled;
        s.vms[c.vm].type = nameOfType(c.type);
        s.vms[c.vm].open = true;
        return { value: c.vm };
      },
    },
  },
});

export const createVcpu = call({
  kernel: "kvm_vm_ioctl_create_vcpu(), virt/kvm/kvm_main.c",
  by: "task",
  takes: { vm: vmDescriptor, id: Vcpu },
  keeps: pinning,
  returns: ["EBADF", "EEXIST"],
  gives: Vcpu,
  finally: unpinVm,
  sections: {
    "find the VM": (s, c) => {
      if (openVm(s, c.vm) === null) return "EBADF";
      pinVm(s, c);
    },
    "create the vCPU": {
      under: ({ vm }) => kvmLock(vm!),
      run: (s, { vm, id }) => {
        // The id of a vCPU whose descriptor was closed stays taken until the VM goes.
        if (s.vms[vm!].vcpus[id] !== "none") return "EEXIST";
        s.vms[vm!].vcpus[id] = "open";
        return { value: id };
      },
    },
  },
});

export const closeVm = call({
  kernel: "kvm_vm_release(), virt/kvm/kvm_main.c",
  by: "task",
  takes: { vm: vmDescriptor },
  returns: ["EBADF"],
  sections: {
    "drop the descriptor": (s, { vm }) => {
      if (openVm(s, vm) === null) return "EBADF";
      s.vms[vm!].open = false;
    },
    "kvm_put_kvm()": { local: true, run: (s, { vm }) => putVm(s, vm!) },
  },
});

export const closeVcpu = call({
  kernel: "kvm_vcpu_release(), virt/kvm/kvm_main.c",
  by: "task",
  takes: {
    vm: choice<VmId | null>(
      (m) => Array.from({ length: m.sizes.vms }, (_, i) => i as VmId),
      () => [null],
    ),
    vcpu: Vcpu,
  },
  returns: ["EBADF"],
  sections: {
    "drop the descriptor": (s, { vm, vcpu }) => {
      if (vm === null || s.vms[vm].type === "none" || s.vms[vm].vcpus[vcpu] !== "open") return "EBADF";
      s.vms[vm].vcpus[vcpu] = "closed";
    },
    "kvm_put_kvm()": { local: true, run: (s, { vm }) => putVm(s, vm!) },
  },
});
