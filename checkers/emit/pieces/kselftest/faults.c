static void guest_faults(struct kvm_vcpu *vcpu, u64 gpa, bool is_write, u8 value, int error, u64 flags)
{
	TEST_ASSERT_EQ(guest_access(vcpu, gpa, is_write, value), -1);
	TEST_ASSERT_EQ(errno, error);
	TEST_ASSERT_EQ(vcpu->run->exit_reason, KVM_EXIT_MEMORY_FAULT);
	TEST_ASSERT_EQ(vcpu->run->memory_fault.flags, flags);
	TEST_ASSERT_EQ(vcpu->run->memory_fault.gpa, gpa & PAGE_MASK);
	TEST_ASSERT_EQ(vcpu->run->memory_fault.size, PAGE_SIZE);
}
