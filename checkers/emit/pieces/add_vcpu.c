static const char READS[] = "\x8a\x03\x88\x02";  /* mov (%rbx),%al; mov %al,(%rdx) */
static const char WRITES[] = "\x88\x03\x88\x02"; /* mov %al,(%rbx); mov %al,(%rdx) */

static int add_stub(int vm)
{
	static uint64_t *stub;

	if (!stub) {
		stub = mmap(NULL, STUB_PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if ((void *)stub == MAP_FAILED)
			return -1;
		stub[0] = (STUB_GPA + 4096) | 0x27; /* present, writable, user, accessed */
		for (uint64_t i = 0; i < 4; i++)
			stub[512 + i] = (STUB_GPA + (2 + i) * 4096) | 0x27;
		for (uint64_t i = 0; i < 4 * 512; i++)
			stub[2 * 512 + i] = i << 21 | 0xe7; /* dirty and large as well */
		memcpy(&stub[6 * 512], READS, 4);
		memcpy(&stub[6 * 512 + 2], WRITES, 4);
	}
	const struct kvm_userspace_memory_region region = {
		.slot = STUB_SLOT,
		.guest_phys_addr = STUB_GPA,
		.memory_size = STUB_PAGES * 4096,
		.userspace_addr = (uintptr_t)stub,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int add_vcpu(struct vcpu *vcpu, int vm, int id)
{
	static struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[256];
	} cpuid;
	const int fd = ioctl(vm, KVM_CREATE_VCPU, id);

	if (fd < 0)
		return -1;
	vcpu->fd = fd;
	vcpu->run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vcpu->run = mmap(NULL, vcpu->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cpuid.head.nent = 256;
	if (vcpu->run == MAP_FAILED || add_stub(vm) < 0 ||
	    ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) < 0 || ioctl(fd, KVM_SET_CPUID2, &cpuid) < 0)
		return -1;
	return user_mode(fd);
}
