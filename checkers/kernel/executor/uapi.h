/* What the guest_memfd ABI adds to <linux/kvm.h>: headers of distributions are older than it. Source: include/uapi/linux/kvm.h of 7.3. */
#ifndef UAPI_H
#define UAPI_H

#include <linux/kvm.h>
#include <stdint.h>

struct gmem_region2 {
	uint32_t slot;
	uint32_t flags;
	uint64_t guest_phys_addr;
	uint64_t memory_size;
	uint64_t userspace_addr;
	uint64_t guest_memfd_offset;
	uint32_t guest_memfd;
	uint32_t pad1;
	uint64_t pad2[14];
};

struct gmem_create {
	uint64_t size;
	uint64_t flags;
	uint64_t reserved[6];
};

struct gmem_attributes {
	uint64_t address;
	uint64_t size;
	uint64_t attributes;
	uint64_t flags;
};

struct gmem_pre_fault {
	uint64_t gpa;
	uint64_t size;
	uint64_t flags;
	uint64_t padding[5];
};

/* Stands where the union of struct kvm_run begins. */
struct gmem_memory_fault {
	uint64_t flags;
	uint64_t gpa;
	uint64_t size;
};

#define GMEM_SET_USER_MEMORY_REGION2 _IOW(KVMIO, 0x49, struct gmem_region2)
#define GMEM_SET_MEMORY_ATTRIBUTES _IOW(KVMIO, 0xd2, struct gmem_attributes)
#define GMEM_CREATE_GUEST_MEMFD _IOWR(KVMIO, 0xd4, struct gmem_create)
#define GMEM_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct gmem_pre_fault)

#define GMEM_EXIT_MEMORY_FAULT 39
#define GMEM_MEM_GUEST_MEMFD (1u << 2)
#define GMEM_CAP_MEMORY_ATTRIBUTES 233
#define GMEM_CAP_VM_TYPES 235
#define GMEM_CAP_PRE_FAULT_MEMORY 236

#endif
