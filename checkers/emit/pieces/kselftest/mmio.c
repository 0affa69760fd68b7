static void guest_mmio(struct kvm_vcpu *vcpu, u64 gpa, bool is_write, u8 value)
{
	TEST_ASSERT_EQ(guest_access(vcpu, gpa, is_write, value), 0);
	TEST_ASSERT_EQ(vcpu->run->exit_reason, KVM_EXIT_MMIO);
	TEST_ASSERT_EQ(vcpu->run->mmio.phys_addr, gpa);
	TEST_ASSERT_EQ(vcpu->run->mmio.is_write, is_write);
	/* On to the end of the access. */
	TEST_ASSERT_EQ(__vcpu_run(vcpu), 0);
	TEST_ASSERT_EQ(get_ucall(vcpu, NULL), UCALL_SYNC);
}
