// SPDX-License-Identifier: GPL-2.0
/*
 * overlap-unchecked-one-binding-per-offset: made by gmemcheck of a trace of overlap-unchecked (bind
 * does not look whether the pages are bound).
 *
 * Expected is what the design answers. The design is a kernel with a bug put back (seeded): one
 * without it ends a step otherwise, where an answer shows it at all.
 *
 * After the last step one-binding-per-offset is broken: page 0 of file 0 is bound by slot 0 of VM 0
 * and by slot 1 of VM 0.
 *
 * The promise: a page of a file is bound by at most one slot.
 *
 * Bounds: vms=1 files=1 pages=2 slots=2 gfns=2 vcpus=1 tasks=1 maps=1 dups=0 bytes=1 spaces=1
 * paging=tdp types=default; sequential, scenario slots, tracked: skeleton.
 *
 * Made by: npx gmemcheck emit c counterexamples/overlap-unchecked/one-binding-per-offset.json
 * Build:   gcc -O1 -Wall -static -o overlap-unchecked-one-binding-per-offset overlap-unchecked-one-binding-per-offset.c
 * Run:     as root, where /dev/kvm is
 * Exit:    0 every step ended as expected, 1 one did not,
 *          4 skipped: the machine lacks something, or a step is nothing that a process can do
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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
#ifndef KVM_X86_DEFAULT_VM
#define KVM_X86_DEFAULT_VM 0
#endif
#ifndef KVM_CAP_USER_MEMORY2
#define KVM_CAP_USER_MEMORY2 231
#endif
#ifndef KVM_CAP_GUEST_MEMFD
#define KVM_CAP_GUEST_MEMFD 234
#endif
#ifndef KVM_MEM_GUEST_MEMFD
#define KVM_MEM_GUEST_MEMFD 4
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

static int vm0 = -1;
static int file0 = -1;
static char *const memory = (char *)0x100080000000ll;

int main(void)
{
	struct utsname system;

	uname(&system);
	printf("TAP version 13\n# Linux %s, expected is %s\n", system.release, "overlap-unchecked");
	open_kvm();
	need(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD) >= 1,
	     "no KVM_CAP_GUEST_MEMFD");
	need(has(KVM_X86_DEFAULT_VM, KVM_CAP_GUEST_MEMFD) >= 1,
	     "no KVM_CAP_GUEST_MEMFD of VMs of type KVM_X86_DEFAULT_VM");
	need(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY2) >= 1,
	     "no KVM_CAP_USER_MEMORY2");
	ordinary(memory, 0x2000);
	printf("1..4\n");

	STEP("create_vm(type=0)",
	     0, vm0 = ioctl(kvm, KVM_CREATE_VM, KVM_X86_DEFAULT_VM));
	STEP("create_guest_memfd(vm=0, flags=0, size=8192, reserved=0)",
	     0, file0 = create_guest_memfd(vm0, 0x2000, 0));
	STEP("set_user_memory_region2(vm=0, slot=0, as_id=0, flags=4, memory_size=4096, guest_phys_addr=0, userspace_addr={area 1, offset 0}, guest_memfd=0, guest_memfd_offset=0)",
	     0, set_region2(vm0, 0, KVM_MEM_GUEST_MEMFD, 0, 0x1000, (uintptr_t)memory, file0, 0));
	STEP("set_user_memory_region2(vm=0, slot=1, as_id=0, flags=4, memory_size=4096, guest_phys_addr=4096, userspace_addr={area 1, offset 4096}, guest_memfd=0, guest_memfd_offset=0)",
	     0, set_region2(vm0, 1, KVM_MEM_GUEST_MEMFD, 0x1000, 0x1000, (uintptr_t)memory + 0x1000, file0, 0));

	return totals();
}
