/**
 * Numbers of the KVM ABI.
 * Source: include/uapi/linux/kvm.h and arch/x86/include/uapi/asm/kvm.h as of 7.3; the release that brought each is named
 * where it is later than 6.8.
 */
export const PAGE_SIZE = 4096n;

/** KVM_CREATE_VM types (x86). */
export const KVM_X86_DEFAULT_VM = 0;
export const KVM_X86_SW_PROTECTED_VM = 1;
/** Since 6.11. */
export const KVM_X86_SNP_VM = 4;
/** Since 6.16. */
export const KVM_X86_TDX_VM = 5;
/** KVM_CREATE_VM type (arm64): in no release yet. */
export const KVM_VM_TYPE_ARM_PROTECTED = 2 ** 31;

/** kvm_userspace_memory_region2.flags */
export const KVM_MEM_LOG_DIRTY_PAGES = 1n << 0n;
export const KVM_MEM_READONLY = 1n << 1n;
export const KVM_MEM_GUEST_MEMFD = 1n << 2n;

/** kvm_memory_attributes.attributes, and the flags of KVM_EXIT_MEMORY_FAULT. */
export const KVM_MEMORY_ATTRIBUTE_PRIVATE = 1n << 3n;

/** kvm_create_guest_memfd.flags, since 6.18. */
export const GUEST_MEMFD_FLAG_MMAP = 1n << 0n;
export const GUEST_MEMFD_FLAG_INIT_SHARED = 1n << 1n;

/** KVM_MEM_MAX_NR_PAGES, virt/kvm/kvm_main.c. */
export const KVM_MEM_MAX_NR_PAGES = (1n << 31n) - 1n;

export const KVM_CAP_NR_MEMSLOTS = 10;
export const KVM_CAP_MULTI_ADDRESS_SPACE = 118;
export const KVM_CAP_USER_MEMORY2 = 231;
export const KVM_CAP_MEMORY_FAULT_INFO = 232;
export const KVM_CAP_MEMORY_ATTRIBUTES = 233;
export const KVM_CAP_GUEST_MEMFD = 234;
export const KVM_CAP_VM_TYPES = 235;
export const KVM_CAP_PRE_FAULT_MEMORY = 236;
export const KVM_CAP_GUEST_MEMFD_FLAGS = 244;
