/* Gives how much is left. */
static long long pre_fault(const struct vcpu *vcpu, uint64_t gpa, uint64_t size, uint64_t flags)
{
	struct kvm_pre_fault_memory range = {.gpa = gpa, .size = size, .flags = flags};

	return ioctl(vcpu->fd, KVM_PRE_FAULT_MEMORY, &range) < 0 ? -1 : (long long)range.size;
}
