static int create_guest_memfd_reserved(int vm, uint64_t size, uint64_t flags, uint64_t reserved)
{
	struct kvm_create_guest_memfd create = {.size = size, .flags = flags, .reserved = {reserved}};

	return ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);
}
