static int set_attributes(int vm, uint64_t gpa, uint64_t size, uint64_t attributes, uint64_t flags)
{
	const struct kvm_memory_attributes range = {
		.address = gpa,
		.size = size,
		.attributes = attributes,
		.flags = flags,
	};

	return ioctl(vm, KVM_SET_MEMORY_ATTRIBUTES, &range);
}
