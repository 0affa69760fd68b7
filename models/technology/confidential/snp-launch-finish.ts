/**
 * Question: KVM_SEV_SNP_LAUNCH_FINISH writes the registers of each vCPU to its VMSA, gives the page to the guest in the RMP, and has the firmware
 * encrypt and measure it. What if a vCPU is made, or its registers are set, in the middle?
 *
 * Source: CVE-2026-31591 (KVM: SEV: lock all vCPUs when synchronizing VMSAs for SNP launch finish), 2026; before it only kvm->lock was held.
 */
import {
  bool,
  callsOf,
  design,
  disabled,
  goTo,
  per,
  propertiesOf,
  record,
  upTo,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Vm, Vcpu, type VcpuId } from "../../../spec/guest-memory.ts";
import { kvmLock } from "../../guest-memfd/locks.ts";
import { VM } from "../one-slot.ts";
import { vcpuMutex } from "./vcpu-mutex.ts";

const VcpuState = record(
  {
    /** Counted in kvm->created_vcpus; in kvm->vcpu_array a little later. */
    created: bool,
    online: bool,
    /** What stands for the registers, and what was encrypted of them in the VMSA. */
    registers: bool,
    vmsa: bool,
    /** vcpu->arch.guest_state_protected: the VMSA is the guest's in the RMP, encrypted and measured. */
    isProtected: bool,
  },
  { vmsa: ({ isProtected }) => !isProtected },
);
const state = record({ vcpus: per(Vcpu, VcpuState), finished: bool });
interface State extends ValueOf<typeof state> {}
interface Machine {
  readonly vcpus: number;
}

const { call } = callsOf<State, Machine>();

const createVcpu = call({
  kernel: "kvm_vm_ioctl_create_vcpu(), virt/kvm/kvm_main.c",
  by: "task",
  takes: { id: Vcpu },
  returns: ["EEXIST"],
  sections: {
    "count it": {
      under: () => kvmLock(VM),
      run: (s, { id }) => {
        if (s.vcpus[id].created) return "EEXIST";
        s.vcpus[id].created = true;
      },
    },
    "put it online": {
      under: () => kvmLock(VM),
      run: (s, { id }) => {
        s.vcpus[id].online = true;
      },
    },
  },
});

const setRegisters = call({
  kernel: "kvm_vcpu_ioctl(), virt/kvm/kvm_main.c; __set_regs(), arch/x86/kvm/x86.c",
  by: "vcpu",
  takes: { vm: Vm, vcpu: Vcpu, value: bool },
  returns: ["EINVAL"],
  sections: {
    "take vcpu->mutex": {
      takes: ({ vcpu }) => vcpuMutex(vcpu),
      run: (s, { vcpu }) => (s.vcpus[vcpu].online ? undefined : disabled),
    },
    "look whether its state is protected": (s, { vcpu }) =>
      s.vcpus[vcpu].isProtected ? "EINVAL" : undefined,
    "set the registers": (s, { vcpu, value }) => {
      s.vcpus[vcpu].registers = value;
    },
    "drop vcpu->mutex": { drops: ({ vcpu }) => vcpuMutex(vcpu) },
  },
});

interface Finish {
  /** The vCPU at work, and how many are locked. */
  at: number;
  locked: number;
}
const first = (n: number): VcpuId[] => Array.from({ length: n }, (_, i) => i as VcpuId);
const atWork = (s: State, { at }: Finish) => s.vcpus[at as VcpuId];

const launchFinish = call({
  kernel: "snp_launch_finish(), snp_launch_update_vmsa(), arch/x86/kvm/svm/sev.c; kvm_lock_all_vcpus()",
  by: "task",
  takes: {},
  keeps: { at: upTo("vcpus"), locked: upTo("vcpus"), written: bool },
  returns: ["EINVAL", "EBUSY"],
  sections: {
    "take kvm->lock": { takes: () => kvmLock(VM) },
    // sev_es_sync_vmsa(), 9b9f7962e3e8: the state of the first vCPU would be protected already.
    "look whether the launch is finished": {
      local: true,
      run: ({ finished }) => (finished ? "EINVAL" : undefined),
    },
    "look for a vCPU that is being made": (s) => {
      for (const { created, online } of s.vcpus) if (created !== online) return "EBUSY";
    },
    // kvm->lock keeps further ones from being put online.
    "lock the next vCPU": {
      takes: ({ locked }) => vcpuMutex(locked),
      run: (s, c) => (++c.locked < s.vcpus.length ? goTo("lock the next vCPU") : undefined),
    },
    "look for the next vCPU": {
      local: true,
      run: (s, { at }) => (at === s.vcpus.length ? goTo("finish the launch") : undefined),
    },
    "pass by one that is not there": (s, c) => {
      if (atWork(s, c).online) return;
      c.at++;
      return goTo("look for the next vCPU");
    },
    "sev_es_sync_vmsa()": (s, c) => {
      c.written = atWork(s, c).registers;
    },
    "RMPUPDATE to private, SNP_LAUNCH_UPDATE by the firmware": (s, c) => {
      const vcpu = atWork(s, c);
      vcpu.vmsa = c.written;
      vcpu.isProtected = true;
      c.at++;
      return goTo("look for the next vCPU");
    },
    "finish the launch": (s) => {
      s.finished = true;
    },
    "unlock them all": { drops: ({ locked }) => first(locked).map((vcpu) => vcpuMutex(vcpu)) },
    "drop kvm->lock": { drops: () => kvmLock(VM) },
  },
});

const { always, sometimes } = propertiesOf<State>();

const measuredAsSet = always({
  name: "vmsa-is-what-was-set",
  says: "a vCPU begins with the registers that user space set last, or was told to be too late: not with what they were in between",
  source: "CVE-2026-31591: vCPUs whose state is manipulated while it is synchronized",
  over: { vcpu: Vcpu },
  when: ({ vcpus }, { vcpu }) => vcpus[vcpu].isProtected,
  holds: ({ vcpus }, { vcpu }) => vcpus[vcpu].registers === vcpus[vcpu].vmsa,
  why: (_s, { vcpu }) =>
    `registers of vCPU ${vcpu} were set, and its VMSA was written before and encrypted behind that`,
});

const measuresAll = sometimes({
  name: "all-vcpus-are-measured",
  says: "all vCPUs of a guest are measured by one LAUNCH_FINISH",
  source: "snp_launch_update_vmsa(), arch/x86/kvm/svm/sev.c",
  over: {},
  holds: ({ vcpus }) => [...vcpus].every(({ isProtected }) => isProtected),
});

export const snpLaunchFinish = design({
  name: "snp-launch-finish",
  says: "the launch of an SEV-SNP guest is finished with all its vCPUs locked, and not while one is being made",
  source: "CVE-2026-31591; kvm_lock_all_vcpus(), virt/kvm/kvm_main.c",
  bounds: {
    vcpus: { says: "vCPUs", default: 1, most: 2 },
    tasks: { says: "threads of the process", default: 2, most: 2 },
  },
  machine: (bounds: Bounds): Machine => ({ vcpus: Number(bounds["vcpus"]) }),
  sizes: ({ vcpus }) => ({ vms: 1, vcpus }),
  state,
  calls: { create_vcpu: createVcpu, set_registers: setRegisters, launch_finish: launchFinish },
  view: (s: State) => s,
  promises: [measuredAsSet],
  statements: [measuresAll],
  notAtomic: [
    {
      calls: ["create_vcpu", "launch_finish"],
      results: (_create, finish) => finish === "EBUSY",
      says: "a launch is not finished while a vCPU is half made",
      source: "kvm_lock_all_vcpus(): kvm->created_vcpus and kvm->online_vcpus differ",
    },
  ],
  scenarios: {},
  vectors: [
    { bounds: { vcpus: 2 } },
    { bounds: {}, mode: "overlap", quick: true },
    { bounds: { vcpus: 2 }, mode: "overlap", overlap: 3 },
  ],
});
