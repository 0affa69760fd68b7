static u8 guest_done(struct kvm_vcpu *vcpu, u64 gpa, bool is_write, u8 value)
{
	struct ucall uc;

	TEST_ASSERT(!guest_access(vcpu, gpa, is_write, value),
		    "KVM_RUN failed, errno: %i (%s), exit reason: %u",
		    errno, strerror(errno), vcpu->run->exit_reason);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
	return uc.args[1];
}
