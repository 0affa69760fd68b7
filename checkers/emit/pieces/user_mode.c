static int user_mode(int fd)
{
	const struct kvm_segment code = {
		.limit = ~0u, .selector = 0x33, .type = 11, .present = 1, .dpl = 3, .s = 1, .l = 1, .g = 1,
	};
	const struct kvm_segment data = {
		.limit = ~0u, .selector = 0x2b, .type = 3, .present = 1, .dpl = 3, .db = 1, .s = 1, .g = 1,
	};
	struct kvm_sregs sregs;

	if (ioctl(fd, KVM_GET_SREGS, &sregs) < 0)
		return -1;
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 = 0x80050033;
	sregs.cr3 = STUB_GPA;
	sregs.cr4 = 0x20;
	sregs.efer = 0x501;
	sregs.idt.limit = 0;
	return ioctl(fd, KVM_SET_SREGS, &sregs);
}
