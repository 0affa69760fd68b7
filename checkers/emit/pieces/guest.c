/* A run that failed leaves its exception pending; the next one begins as the first did. */
static void recover(int fd)
{
	struct kvm_vcpu_events events;

	if (ioctl(fd, KVM_GET_VCPU_EVENTS, &events) == 0) {
		memset(&events.exception, 0, sizeof(events.exception));
		events.flags = 0;
		ioctl(fd, KVM_SET_VCPU_EVENTS, &events);
	}
	user_mode(fd);
}

static const char *memory_fault(const struct kvm_run *run, int error, uint64_t gpa)
{
	uint64_t fault[3]; /* flags, gpa, size */

	memcpy(fault, &run->hw, sizeof(fault));
	if (fault[1] != (gpa & ~4095ull) || fault[2] != 4096)
		return "memory_fault of another page";
	if (error == EHWPOISON)
		return fault[0] & 8 ? "EHWPOISON memory_fault private" : "EHWPOISON memory_fault shared";
	return fault[0] & 8 ? "EFAULT memory_fault private" : "EFAULT memory_fault shared";
}

/* What was stored to the gpa that ends the run; what comes before it, an MMIO exit of the access itself, is the answer. */
static int guest_access(struct vcpu *vcpu, uint64_t rip, uint64_t gpa, uint64_t rax)
{
	const struct kvm_regs regs = {.rip = rip, .rax = rax, .rbx = gpa, .rdx = EXIT_GPA, .rflags = 0x202};
	struct kvm_run *run = vcpu->run;

	/* Of a vCPU that was never made there is no run page. */
	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs) < 0 || !run)
		return -1;
	for (;;) {
		run->exit_reason = KVM_EXIT_UNKNOWN;
		const int failed = ioctl(vcpu->fd, KVM_RUN, 0) < 0 ? errno : 0;

		if (!failed && run->exit_reason == KVM_EXIT_MMIO) {
			if (run->mmio.phys_addr == EXIT_GPA && run->mmio.is_write)
				return otherwise ? -1 : run->mmio.data[0];
			if (run->mmio.phys_addr != EXIT_GPA)
				otherwise = run->mmio.phys_addr == gpa ? "mmio" : "mmio of another page";
			if (!run->mmio.is_write)
				memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
			continue;
		}
		if (!otherwise && !failed)
			otherwise = run->exit_reason == KVM_EXIT_SHUTDOWN ? "shutdown" : "another exit";
		else if (!otherwise && run->exit_reason == KVM_EXIT_MEMORY_FAULT)
			otherwise = memory_fault(run, failed, gpa);
		recover(vcpu->fd);
		errno = failed;
		return -1;
	}
}
