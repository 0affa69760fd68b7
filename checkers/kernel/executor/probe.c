#define _GNU_SOURCE
#include "probe.h"

#include "channel.h"
#include "uapi.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PAGE 4096u
#define TYPES 8

static int open_vm(unsigned long type)
{
	return ioctl(kvm_fd, KVM_CREATE_VM, type);
}

static int create_file(int vm, uint64_t size, uint64_t flags)
{
	struct gmem_create create = {.size = size, .flags = flags};
	return ioctl(vm, GMEM_CREATE_GUEST_MEMFD, &create);
}

/* Flags that are taken one by one. */
static uint64_t file_flags(int vm)
{
	uint64_t mask = 0;
	for (unsigned bit = 0; bit < 64; bit++) {
		const int fd = create_file(vm, PAGE, 1ull << bit);
		if (fd < 0)
			continue;
		mask |= 1ull << bit;
		close(fd);
	}
	return mask;
}

static int bind_page(int vm, unsigned slot, int file, uint64_t offset, const void *memory)
{
	struct gmem_region2 region = {
		.slot = slot,
		.flags = GMEM_MEM_GUEST_MEMFD,
		.guest_phys_addr = 0x100000 + slot * PAGE,
		.memory_size = PAGE,
		.userspace_addr = (uintptr_t)memory,
		.guest_memfd = (uint32_t)file,
		.guest_memfd_offset = offset,
	};
	return ioctl(vm, GMEM_SET_USER_MEMORY_REGION2, &region);
}

/* What a VM does with files, once it takes one: said of the first type that does. */
static bool probe_binding(int vm, bool say)
{
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const int file = create_file(vm, PAGE, 0);
	const bool binds = file >= 0 && bind_page(vm, 0, file, 0, memory) == 0;
	if (binds && say) {
		const int second = bind_page(vm, 1, file, 0, memory) < 0 ? errno : 0;
		const int beyond = bind_page(vm, 2, file, 0x7ffffffffffff000, memory);
		channel_say("second_binding_errno %s", second ? strerrorname_np(second) : "none");
		channel_say("offset_overflow_accepted %d", beyond == 0);
	}
	if (file >= 0)
		close(file);
	munmap(memory, PAGE);
	return binds;
}

/* Which attributes there are is asked of a VM; whether the ioctl is there at all, of any. */
static bool sets_attributes(void)
{
	const struct gmem_attributes nothing = {0};
	const int vm = open_vm(0);
	if (vm < 0)
		return false;
	const bool there = ioctl(vm, GMEM_SET_MEMORY_ATTRIBUTES, &nothing) == 0 || errno != ENOTTY;
	close(vm);
	return there;
}

static void probe_type(unsigned type, bool *bound)
{
	const int vm = open_vm(type);
	if (vm < 0)
		return;
	const int probe_file = create_file(vm, PAGE, 0);
	const int spaces = ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_MULTI_ADDRESS_SPACE);
	const int attributes = ioctl(vm, KVM_CHECK_EXTENSION, GMEM_CAP_MEMORY_ATTRIBUTES);
	channel_say("vm_type %u", type);
	channel_say("address_spaces %u %d", type, spaces > 0 ? spaces : 1);
	channel_say("memory_attributes %u %d", type, attributes > 0 ? attributes : 0);
	if (probe_file >= 0) {
		close(probe_file);
		channel_say("guest_memfd_flags %u %llu", type, (unsigned long long)file_flags(vm));
	}
	if (probe_binding(vm, !*bound)) {
		*bound = true;
		channel_say("bindable_vm_type %u", type);
	}
	close(vm);
}

/* A parameter of a module: the first character of its file, '?' if there is none. */
static char parameter(const char *path)
{
	char value = '?';
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return value;
	if (read(fd, &value, 1) != 1)
		value = '?';
	close(fd);
	return value;
}

/* How guests' memory is translated: in hardware, or by page tables that KVM keeps in their shadow. */
static const char *paging(void)
{
	const char npt = parameter("/sys/module/kvm_amd/parameters/npt");
	const char ept = parameter("/sys/module/kvm_intel/parameters/ept");
	struct stat stat_of;
	if (npt != '?')
		return npt == 'Y' || npt == '1' ? "kvm_amd, nested paging" : "kvm_amd, shadow paging";
	if (ept != '?')
		return ept == 'Y' || ept == '1' ? "kvm_intel, extended page tables" : "kvm_intel, shadow paging";
	if (stat("/sys/module/kvm_pvm", &stat_of) == 0)
		return "kvm_pvm, shadow paging";
	return "paging unknown";
}

void probe(void)
{
	struct utsname name;
	uname(&name);
	channel_say("kernel %s", name.release);
	channel_say("machine %s, %s", name.machine, paging());
	channel_say("page_size %ld", sysconf(_SC_PAGESIZE));
	channel_say("max_slot_id %d", ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS) - 1);
	channel_say("pre_fault_memory %d", ioctl(kvm_fd, KVM_CHECK_EXTENSION, GMEM_CAP_PRE_FAULT_MEMORY) > 0);
	channel_say("memory_attributes_ioctl %d", sets_attributes());
	bool bound = false;
	for (unsigned type = 0; type < TYPES; type++)
		probe_type(type, &bound);
	channel_say("done");
}
