// SPDX-License-Identifier: GPL-2.0
/*
 * in-place-one-lookup-secrets-stay-private: made by gmemcheck of a trace of in-place-one-lookup (a
 * fault asks the slot that it has found whether the frame is private).
 *
 * Expected is what the design answers. The design is in no kernel: one that ends a step otherwise is
 * another design, and need not be wrong.
 *
 * After the last step secrets-stay-private is broken: page 0 holds what VM 0 wrote privately, and the
 * host maps it.
 *
 * The promise: a page that a guest wrote to privately is mapped neither by the host nor by another
 * guest.
 *
 * Bounds: vms=1 files=1 pages=1 slots=1 gfns=1 vcpus=1 tasks=1 maps=1 dups=0 bytes=1 spaces=1
 * paging=tdp types=sw_protected; sequential, scenario conversion, everything tracked.
 *
 * Made by: npx gmemcheck emit c counterexamples/in-place-one-lookup/secrets-stay-private.json
 * Build:   gcc -O1 -Wall -static -o in-place-one-lookup-secrets-stay-private in-place-one-lookup-secrets-stay-private.c
 * Run:     as root, where /dev/kvm is
 * Exit:    0 every step ended as expected, 1 one did not,
 *          4 skipped: the machine lacks something, or a step is nothing that a process can do
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/kvm.h>

#ifndef KVM_SET_USER_MEMORY_REGION2
struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};
#define KVM_SET_USER_MEMORY_REGION2 _IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)
#endif
#ifndef KVM_CREATE_GUEST_MEMFD
struct kvm_create_guest_memfd {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};
#define KVM_CREATE_GUEST_MEMFD _IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)
#endif
#ifndef KVM_X86_SW_PROTECTED_VM
#define KVM_X86_SW_PROTECTED_VM 1
#endif
#ifndef KVM_CAP_USER_MEMORY2
#define KVM_CAP_USER_MEMORY2 231
#endif
#ifndef KVM_CAP_GUEST_MEMFD
#define KVM_CAP_GUEST_MEMFD 234
#endif
#ifndef KVM_CAP_VM_TYPES
#define KVM_CAP_VM_TYPES 235
#endif
#ifndef KVM_CAP_GUEST_MEMFD_FLAGS
#define KVM_CAP_GUEST_MEMFD_FLAGS 244
#endif
#ifndef GUEST_MEMFD_FLAG_MMAP
#define GUEST_MEMFD_FLAG_MMAP 1
#endif
#ifndef KVM_MEM_GUEST_MEMFD
#define KVM_MEM_GUEST_MEMFD 4
#endif
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif

enum { PASS, FAIL, SKIP };
static unsigned int reported, count[3];
static const char *over; /* why no further step is made */

static void report(int how, const char *step, const char *why)
{
	count[how]++;
	printf("%sok %u %s%s%s\n", how == FAIL ? "not " : "", ++reported, step, how == SKIP ? " # SKIP " : "", why);
}

static int totals(void)
{
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n", count[PASS], count[FAIL], count[SKIP]);
	return count[FAIL] ? 1 : count[SKIP] ? 4 : 0;
}

static void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(4);
}

/* Nobody can make this step here, so what would follow is not tried either. */
static void cannot(const char *step, const char *why)
{
	report(SKIP, step, over ? over : why);
	over = "a step before it was not made";
}

static const char *otherwise; /* a signal, or an exit of the guest, that ended the call; NULL where it just returned */

static const char *name_of(int error)
{
	const char *name = error ? strerrorname_np(error) : "0";

	return name ? name : "an error without a name";
}

/* What a call answered, in the words of the model. */
static const char *answer(long long returned, bool gives)
{
	static char value[32];

	if (otherwise)
		return otherwise;
	if (returned < 0 || !gives)
		return name_of(returned < 0 ? errno : 0);
	snprintf(value, sizeof(value), "value %lld", returned);
	return value;
}

static bool begin(const char *step)
{
	otherwise = NULL;
	errno = 0;
	if (over)
		report(SKIP, step, over);
	return !over;
}

static void end(const char *step, const char *expected, const char *got)
{
	const bool same = strcmp(expected, got) == 0;

	if (!same) {
		printf("# expected %s, got %s\n", expected, got);
		over = "a step before it ended otherwise";
	}
	report(same ? PASS : FAIL, step, "");
}

/* A step: its words, the errno that is expected (0: none), and the call, which is only made while all went as expected. */
#define STEP(step, expected, call)							\
	do {										\
		if (begin(step))							\
			end(step, name_of(expected), answer(call, false));		\
	} while (0)

/* The same of a call that gives a value, or ends by a signal or an exit of the guest. */
#define STEP_GIVES(step, expected, call)						\
	do {										\
		if (begin(step))							\
			end(step, expected, answer(call, true));			\
	} while (0)

static int kvm = -1;

static void open_kvm(void)
{
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		skip_all(errno == EACCES ? "no permission for /dev/kvm" : "no /dev/kvm");
}

static void need(bool there, const char *otherwise_why)
{
	if (!there)
		skip_all(otherwise_why);
}

/* KVM_CHECK_EXTENSION of a VM of this type; 0 where there is no such type. */
static int has(unsigned long type, int cap)
{
	const int vm = ioctl(kvm, KVM_CREATE_VM, type);
	const int answer = vm < 0 ? 0 : ioctl(vm, KVM_CHECK_EXTENSION, cap);

	if (vm >= 0)
		close(vm);
	return answer;
}

/* Memory of the process that is no guest_memfd, all of it touched. */
static void ordinary(char *at, size_t size)
{
	const int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE;

	if (mmap(at, size, PROT_READ | PROT_WRITE, flags, -1, 0) != at)
		skip_all("no memory");
}

/* Nothing else is mapped there, nor behind it. */
static int map(char *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return mmap(at, size, prot, flags, fd, offset) == at ? 0 : -1;
}

static int create_guest_memfd(int vm, uint64_t size, uint64_t flags)
{
	struct kvm_create_guest_memfd create = {.size = size, .flags = flags};

	return ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);
}

static int set_region2(int vm, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size, uint64_t userspace_addr,
		       int guest_memfd, uint64_t offset)
{
	const struct kvm_userspace_memory_region2 region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = userspace_addr,
		.guest_memfd = guest_memfd,
		.guest_memfd_offset = offset,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION2, &region);
}

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

static const char READS[] = "\x8a\x03\x88\x02";  /* mov (%rbx),%al; mov %al,(%rdx) */
static const char WRITES[] = "\x88\x03\x88\x02"; /* mov %al,(%rbx); mov %al,(%rdx) */

static int add_stub(int vm)
{
	static uint64_t *stub;

	if (!stub) {
		stub = mmap(NULL, STUB_PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if ((void *)stub == MAP_FAILED)
			return -1;
		stub[0] = (STUB_GPA + 4096) | 0x27; /* present, writable, user, accessed */
		for (uint64_t i = 0; i < 4; i++)
			stub[512 + i] = (STUB_GPA + (2 + i) * 4096) | 0x27;
		for (uint64_t i = 0; i < 4 * 512; i++)
			stub[2 * 512 + i] = i << 21 | 0xe7; /* dirty and large as well */
		memcpy(&stub[6 * 512], READS, 4);
		memcpy(&stub[6 * 512 + 2], WRITES, 4);
	}
	const struct kvm_userspace_memory_region region = {
		.slot = STUB_SLOT,
		.guest_phys_addr = STUB_GPA,
		.memory_size = STUB_PAGES * 4096,
		.userspace_addr = (uintptr_t)stub,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int add_vcpu(struct vcpu *vcpu, int vm, int id)
{
	static struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[256];
	} cpuid;
	const int fd = ioctl(vm, KVM_CREATE_VCPU, id);

	if (fd < 0)
		return -1;
	vcpu->fd = fd;
	vcpu->run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vcpu->run = mmap(NULL, vcpu->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cpuid.head.nent = 256;
	if (vcpu->run == MAP_FAILED || add_stub(vm) < 0 ||
	    ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) < 0 || ioctl(fd, KVM_SET_CPUID2, &cpuid) < 0)
		return -1;
	return user_mode(fd);
}

static sigjmp_buf back;

static void caught(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (number == SIGBUS)
		otherwise = info->si_code == BUS_MCEERR_AR ? "SIGBUS BUS_MCEERR_AR" :
			    info->si_code == BUS_ADRERR ? "SIGBUS BUS_ADRERR" : "SIGBUS of another kind";
	else
		otherwise = info->si_code == SEGV_ACCERR ? "SIGSEGV SEGV_ACCERR" : "SIGSEGV SEGV_MAPERR";
	siglongjmp(back, 1);
}

static void catch_signals(void)
{
	const struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

static int host_read(const volatile char *at)
{
	catch_signals();
	return sigsetjmp(back, 1) ? -1 : (unsigned char)*at;
}

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

static int guest_write(struct vcpu *vcpu, uint64_t gpa, uint8_t value)
{
	return guest_access(vcpu, CODE_GPA + 16, gpa, value);
}

static int vm0 = -1;
static struct vcpu vm0_vcpu0 = {.fd = -1};
static int file0 = -1;
static char *const window0 = (char *)0x1000c0000000ll;
static char *const memory = (char *)0x100100000000ll;

int main(void)
{
	struct utsname system;

	uname(&system);
	printf("TAP version 13\n# Linux %s, expected is %s\n", system.release, "in-place-one-lookup");
	open_kvm();
	need(!((1 << KVM_X86_SW_PROTECTED_VM) & ~ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_VM_TYPES)),
	     "no 1 << KVM_X86_SW_PROTECTED_VM in KVM_CAP_VM_TYPES");
	need(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD) >= 1,
	     "no KVM_CAP_GUEST_MEMFD");
	need(!(GUEST_MEMFD_FLAG_MMAP & ~has(KVM_X86_SW_PROTECTED_VM, KVM_CAP_GUEST_MEMFD_FLAGS)),
	     "no GUEST_MEMFD_FLAG_MMAP in KVM_CAP_GUEST_MEMFD_FLAGS of VMs of type KVM_X86_SW_PROTECTED_VM");
	need(has(KVM_X86_SW_PROTECTED_VM, KVM_CAP_GUEST_MEMFD) >= 1,
	     "no KVM_CAP_GUEST_MEMFD of VMs of type KVM_X86_SW_PROTECTED_VM");
	need(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY2) >= 1,
	     "no KVM_CAP_USER_MEMORY2");
	ordinary(memory, 0x1000);
	printf("1..8\n");

	STEP("create_vm(type=1)",
	     0, vm0 = ioctl(kvm, KVM_CREATE_VM, KVM_X86_SW_PROTECTED_VM));
	STEP("create_vcpu(vm=0, id=0)",
	     0, add_vcpu(&vm0_vcpu0, vm0, 0));
	STEP("create_guest_memfd(vm=0, flags=1, size=4096, reserved=0)",
	     0, file0 = create_guest_memfd(vm0, 0x1000, GUEST_MEMFD_FLAG_MMAP));
	STEP("mmap(area=0, file=0, offset=0, length=4096, prot=3, share=shared)",
	     0, map(window0, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED, file0, 0));
	STEP("set_user_memory_region2(vm=0, slot=0, as_id=0, flags=4, memory_size=4096, guest_phys_addr=0, userspace_addr={area 1, offset 0}, guest_memfd=0, guest_memfd_offset=0)",
	     0, set_region2(vm0, 0, KVM_MEM_GUEST_MEMFD, 0, 0x1000, (uintptr_t)memory, file0, 0));
	STEP("guest_write(vm=0, vcpu=0, gpa=0, value=1)",
	     0, guest_write(&vm0_vcpu0, 0, 1));
	cannot("set_memory_attributes2(file=0, attributes=0, size=4096, offset=0, flags=0, reserved=0)",
	       "no released kernel has the call set_memory_attributes2");
	STEP_GIVES("host_read(area=0, offset=0)",
	     "value 1", host_read(window0));

	return totals();
}
