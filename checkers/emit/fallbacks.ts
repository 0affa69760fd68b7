/**
 * What <linux/kvm.h> and <sys/mman.h> of a distribution may be too old for: Debian 12's know none of the first four ioctls.
 * Source: include/uapi/linux/kvm.h and include/uapi/asm-generic/mman-common.h of 7.3.
 */
import { ADVICE, ATTRIBUTES, CAPABILITIES, FILE_FLAGS, REGION_FLAGS, VM_TYPES } from "./names.ts";

/** An ioctl came with its struct, in one release. */
const IOCTLS: Readonly<Record<string, string>> = {
  KVM_SET_USER_MEMORY_REGION2: `struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};
#define KVM_SET_USER_MEMORY_REGION2 _IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)`,
  KVM_CREATE_GUEST_MEMFD: `struct kvm_create_guest_memfd {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};
#define KVM_CREATE_GUEST_MEMFD _IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)`,
  KVM_SET_MEMORY_ATTRIBUTES: `struct kvm_memory_attributes {
	__u64 address;
	__u64 size;
	__u64 attributes;
	__u64 flags;
};
#define KVM_SET_MEMORY_ATTRIBUTES _IOW(KVMIO, 0xd2, struct kvm_memory_attributes)`,
  KVM_PRE_FAULT_MEMORY: `struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};
#define KVM_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)`,
};

const NUMBERS: Readonly<Record<string, bigint>> = {
  ...VM_TYPES,
  ...CAPABILITIES,
  ...FILE_FLAGS,
  ...ATTRIBUTES,
  KVM_MEM_GUEST_MEMFD: REGION_FLAGS["KVM_MEM_GUEST_MEMFD"]!,
  KVM_EXIT_MEMORY_FAULT: 39n,
  MADV_POPULATE_READ: ADVICE["MADV_POPULATE_READ"]!,
  MADV_POPULATE_WRITE: ADVICE["MADV_POPULATE_WRITE"]!,
  MADV_COLLAPSE: ADVICE["MADV_COLLAPSE"]!,
};

/** Definitions of what a text names, each for the case that the headers have none. */
export function fallbacks(text: string): string {
  const names = new Set(text.match(/\b[A-Z][A-Z0-9_]+\b/g));
  const blocks = [
    ...Object.entries(IOCTLS),
    ...Object.entries(NUMBERS).map(([name, value]) => [name, `#define ${name} ${value}`] as const),
  ].filter(([name]) => names.has(name));
  return blocks.map(([name, definition]) => `#ifndef ${name}\n${definition}\n#endif\n`).join("");
}
