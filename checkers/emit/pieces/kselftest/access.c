/* Runs until the access is through, or KVM_RUN does not get it there. */
static int guest_access(struct kvm_vcpu *vcpu, u64 gpa, bool is_write, u8 value)
{
	int r;

	wanted.gpa = gpa;
	wanted.is_write = is_write;
	wanted.value = value;
	sync_global_to_guest(vcpu->vm, wanted);

	r = __vcpu_run(vcpu);
	/* The guest stands at the access still: the next one is to begin anew. */
	if (r)
		vcpu_arch_set_entry_point(vcpu, guest_code);
	return r;
}
