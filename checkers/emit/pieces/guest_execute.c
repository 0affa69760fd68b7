/* Zeros are add %al,(%rax), which ends the run as a store does. */
static int guest_execute(struct vcpu *vcpu, uint64_t gpa)
{
	return guest_access(vcpu, gpa, gpa, EXIT_GPA);
}
