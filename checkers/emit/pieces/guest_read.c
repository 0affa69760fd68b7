static int guest_read(struct vcpu *vcpu, uint64_t gpa)
{
	return guest_access(vcpu, CODE_GPA, gpa, 0);
}
