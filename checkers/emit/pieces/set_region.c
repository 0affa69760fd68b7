static int set_region(int vm, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size, uint64_t userspace_addr)
{
	const struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = userspace_addr,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}
