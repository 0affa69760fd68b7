#define _GNU_SOURCE
#include "guest.h"

#include "actor.h"
#include "uapi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define PAGE 4096u
#define CODE_GPA (STUB_GPA + 6 * PAGE)
#define READ_CODE CODE_GPA
#define WRITE_CODE (CODE_GPA + 16)

enum { PRESENT = 1, WRITABLE = 2, USER = 4, ACCESSED = 0x20, DIRTY = 0x40, LARGE = 0x80 };
static const uint64_t TABLE = PRESENT | WRITABLE | USER | ACCESSED;

/* One for all VMs: nothing writes there, accessed and dirty bits are set. */
static uint8_t *stub;

/* The low 4 GiB one to one, in pages of 2 MiB; a table of each upper level, four of the third; then the code. */
static void make_stub(void)
{
	stub = mmap(NULL, STUB_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stub == MAP_FAILED)
		abort();
	uint64_t *tables = (uint64_t *)(void *)stub;
	tables[0] = (STUB_GPA + PAGE) | TABLE;
	for (uint64_t i = 0; i < 4; i++)
		tables[512 + i] = (STUB_GPA + (2 + i) * PAGE) | TABLE;
	for (uint64_t i = 0; i < 4 * 512; i++)
		tables[2 * 512 + i] = i << 21 | TABLE | DIRTY | LARGE;
	/* mov al,[rbx]; mov [rdx],al, and: mov [rbx],al; mov [rdx],al */
	memcpy(stub + (READ_CODE - STUB_GPA), "\x8a\x03\x88\x02", 4);
	memcpy(stub + (WRITE_CODE - STUB_GPA), "\x88\x03\x88\x02", 4);
}

bool guest_stub(int vm_fd)
{
	if (!stub)
		make_stub();
	const struct kvm_userspace_memory_region region = {
		.slot = STUB_SLOT,
		.guest_phys_addr = STUB_GPA,
		.memory_size = STUB_PAGES * PAGE,
		.userspace_addr = (uintptr_t)stub,
	};
	return ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region) == 0;
}

#define MAX_CPUID 256

static const struct kvm_cpuid2 *supported_cpuid(void)
{
	static struct kvm_cpuid2 *cpuid;
	if (cpuid)
		return cpuid;
	cpuid = calloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(cpuid->entries[0]));
	if (!cpuid)
		abort();
	cpuid->nent = MAX_CPUID;
	return ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) == 0 ? cpuid : NULL;
}

static const struct kvm_segment CODE64 = {
	.limit = ~0u, .selector = 0x33, .type = 11, .present = 1, .dpl = 3, .s = 1, .l = 1, .g = 1,
};
static const struct kvm_segment DATA64 = {
	.limit = ~0u, .selector = 0x2b, .type = 3, .present = 1, .dpl = 3, .db = 1, .s = 1, .g = 1,
};

/* 64-bit user mode; an exception finds no handler and shuts the vCPU down. */
static bool fixed_state(int fd)
{
	struct kvm_sregs sregs;
	if (ioctl(fd, KVM_GET_SREGS, &sregs) < 0)
		return false;
	sregs.cs = CODE64;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = DATA64;
	sregs.cr0 = 0x80050033; /* PG AM WP NE ET MP PE */
	sregs.cr3 = STUB_GPA;
	sregs.cr4 = 0x20; /* PAE */
	sregs.efer = 0x501; /* LMA LME SCE */
	sregs.idt.limit = 0;
	return ioctl(fd, KVM_SET_SREGS, &sregs) == 0;
}

bool guest_vcpu(struct vcpu *vcpu)
{
	const struct kvm_cpuid2 *cpuid = supported_cpuid();
	if (!cpuid || ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid) < 0)
		return false;
	void *run = mmap(NULL, vcpu_run_size(), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED)
		return false;
	vcpu->run = run;
	return fixed_state(vcpu->fd);
}

/* A failed run leaves its exception pending, or the vCPU in reset; the next access begins as the first did. */
static void recover(int fd)
{
	struct kvm_vcpu_events events;
	if (ioctl(fd, KVM_GET_VCPU_EVENTS, &events) == 0) {
		memset(&events.exception, 0, sizeof(events.exception));
		memset(&events.interrupt, 0, sizeof(events.interrupt));
		memset(&events.nmi, 0, sizeof(events.nmi));
		events.flags = 0;
		ioctl(fd, KVM_SET_VCPU_EVENTS, &events);
	}
	fixed_state(fd);
}

static int start(int fd, enum access access, uint64_t gpa, uint8_t value)
{
	const struct kvm_regs regs = {
		.rip = access == ACCESS_EXECUTE ? gpa : access == ACCESS_READ ? READ_CODE : WRITE_CODE,
		/* Two zero bytes, add [rax],al, leave the guest as mov [rdx],al does. */
		.rax = access == ACCESS_EXECUTE ? EXIT_GPA : value,
		.rbx = gpa,
		.rdx = EXIT_GPA,
		.rflags = 0x202,
	};
	return ioctl(fd, KVM_SET_REGS, &regs);
}

static void answer_failed(struct answer *answer, const struct kvm_run *run, int error)
{
	answer_call(answer, -1, error);
	if (run->exit_reason != GMEM_EXIT_MEMORY_FAULT || (error != EFAULT && error != EHWPOISON))
		return;
	struct gmem_memory_fault fault;
	memcpy(&fault, &run->hw, sizeof(fault));
	answer_word(answer, "exit", "memory_fault");
	answer_number(answer, "gpa", fault.gpa);
	answer_number(answer, "size", fault.size);
	answer_number(answer, "flags", fault.flags);
}

static void answer_mmio(struct answer *answer, struct kvm_run *run)
{
	answer_word(answer, "exit", "mmio");
	answer_number(answer, "gpa", run->mmio.phys_addr);
	answer_bool(answer, "write", run->mmio.is_write);
}

static void answer_through(struct answer *answer, enum access access, const struct kvm_run *run)
{
	if (access == ACCESS_READ)
		answer_number(answer, "value", run->mmio.data[0]);
	else
		answer_int(answer, "ret", 0);
}

/* Of poison behind userspace_addr KVM tells the thread alone: KVM_RUN ends with EINTR, and would so for ever. */
static void answer_poison(struct answer *answer)
{
	answer_word(answer, "signal", "SIGBUS");
	answer_int(answer, "code", BUS_MCEERR_AR);
}

static void answer_exit(struct answer *answer, const struct kvm_run *run)
{
	if (run->exit_reason == KVM_EXIT_SHUTDOWN) {
		answer_word(answer, "exit", "shutdown");
	} else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR) {
		answer_word(answer, "exit", "internal_error");
		answer_number(answer, "suberror", run->internal.suberror);
	} else {
		answer_word(answer, "exit", "unexpected");
		answer_number(answer, "reason", run->exit_reason);
	}
}

/* Runs until the store that ends it, or a failure. What is there first, an MMIO exit of the access itself, is the answer. */
static void run_guest(struct vcpu *vcpu, enum access access, struct answer *answer)
{
	struct kvm_run *run = vcpu->run;
	me->struck = 0;
	for (;;) {
		run->exit_reason = KVM_EXIT_UNKNOWN;
		const int failed = ioctl(vcpu->fd, KVM_RUN, 0) < 0 ? errno : 0;
		const bool poison = failed == EINTR && me->struck;
		if (failed == EINTR && !poison && !me->kicked)
			continue;
		const bool first = answer->used == 0;
		const bool mmio = !failed && run->exit_reason == KVM_EXIT_MMIO;
		if (mmio && run->mmio.phys_addr == EXIT_GPA && run->mmio.is_write) {
			if (first)
				answer_through(answer, access, run);
			return;
		}
		if (mmio) {
			if (first && run->mmio.phys_addr != EXIT_GPA)
				answer_mmio(answer, run);
			if (!run->mmio.is_write)
				memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
			continue;
		}
		if (first && poison)
			answer_poison(answer);
		else if (first && failed)
			answer_failed(answer, run, failed);
		else if (first)
			answer_exit(answer, run);
		recover(vcpu->fd);
		return;
	}
}

void guest_access(struct vcpu *vcpu, enum access access, uint64_t gpa, uint8_t value, struct answer *answer)
{
	pthread_mutex_lock(&vcpu->lock);
	if (start(vcpu->fd, access, gpa, value) < 0 || !vcpu->run) {
		answer_call(answer, -1, errno);
	} else {
		actor_runs(me, vcpu->run);
		run_guest(vcpu, access, answer);
		actor_runs(me, NULL);
	}
	pthread_mutex_unlock(&vcpu->lock);
}
