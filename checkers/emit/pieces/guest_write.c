static int guest_write(struct vcpu *vcpu, uint64_t gpa, uint8_t value)
{
	return guest_access(vcpu, CODE_GPA + 16, gpa, value);
}
