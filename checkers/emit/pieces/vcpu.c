/*
 * A vCPU makes one access of one byte, in 64-bit user mode: where KVM has no hardware for it, real mode and CPL 0 are emulated, which reads
 * and writes at userspace_addr and never asks the guest_memfd. Page tables (the low 4 GiB one to one) and code are in a slot of
 * their own; a store to where no slot is ends the run.
 */
#define STUB_SLOT 500
#define STUB_GPA 0xE0000000ull
#define STUB_PAGES 7
#define CODE_GPA (STUB_GPA + 6 * 4096)
#define EXIT_GPA 0xD0000000ull

struct vcpu {
	int fd;
	struct kvm_run *run;
	size_t run_size;
};
