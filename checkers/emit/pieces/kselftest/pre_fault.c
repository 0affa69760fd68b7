/* How much is left. */
static u64 pre_fault(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory range)
{
	TEST_ASSERT_EQ(__vcpu_ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range), 0);
	return range.size;
}
