/** A vCPU makes one call at a time anyhow; this is for those who lock one without being it. */
import { mutex } from "../../../spec/language.ts";

export const vcpuMutex = mutex(
  "vcpu->mutex",
  "struct kvm_vcpu, include/linux/kvm_host.h: one ioctl at a time",
);
