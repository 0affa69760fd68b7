static int set_region2(int vm, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size, uint64_t userspace_addr,
		       int guest_memfd, uint64_t offset)
{
	const struct kvm_userspace_memory_region2 region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = userspace_addr,
		.guest_memfd = guest_memfd,
		.guest_memfd_offset = offset,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION2, &region);
}
