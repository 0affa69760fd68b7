#define _GNU_SOURCE
#include "operations.h"

#include "guest.h"
#include "host.h"
#include "uapi.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef const struct argument *args;

static void answer_result(struct answer *answer, int64_t returned)
{
	answer_call(answer, returned, errno);
}

/* For calls that return a new descriptor or an address: 0. */
static void answer_made(struct answer *answer, int64_t returned)
{
	answer_result(answer, returned < 0 ? -1 : 0);
}

static int vm_fd(const struct argument *argument)
{
	return world.vms[argument->name].fd;
}

static int file_fd(const struct argument *argument)
{
	return world.files[argument->name];
}

/* A step that nobody can make: it uses a mapping that is not there. */
static void answer_impossible(struct answer *answer)
{
	answer_bool(answer, "impossible", true);
}

/* The mapping, if it is there; otherwise the step is impossible. */
static struct map *live(const struct argument *argument, struct answer *answer)
{
	struct map *map = &world.maps[argument->name];
	if (map->live)
		return map;
	answer_impossible(answer);
	return NULL;
}

static void create_vm(args a, struct answer *answer)
{
	struct vm *vm = &world.vms[a[0].name];
	vm->fd = world_place(ioctl(kvm_fd, KVM_CREATE_VM, a[1].number), VM_FD, (unsigned)a[0].name);
	answer_made(answer, vm->fd);
}

/* The first vCPU of a VM brings the stub. */
static int new_vcpu(struct vm *vm, struct vcpu *vcpu, unsigned name)
{
	const int fd = world_place(ioctl(vm->fd, KVM_CREATE_VCPU, vm->vcpus), VCPU_FD, name);
	if (fd < 0)
		return fd;
	vcpu->fd = fd;
	if (vm->vcpus++ == 0 && !guest_stub(vm->fd))
		return -1;
	return guest_vcpu(vcpu) ? 0 : -1;
}

static void create_vcpu(args a, struct answer *answer)
{
	struct vm *vm = &world.vms[a[1].name];
	pthread_mutex_lock(&vm->lock);
	answer_made(answer, new_vcpu(vm, &world.vcpus[a[0].name], (unsigned)a[0].name));
	pthread_mutex_unlock(&vm->lock);
}

static void close_fd(_Atomic int *fd, struct answer *answer)
{
	answer_result(answer, close(atomic_exchange(fd, -1)));
}

static void close_vm(args a, struct answer *answer)
{
	close_fd(&world.vms[a[0].name].fd, answer);
}

/* The mapping of a vCPU's run page holds the vCPU, and goes with it. */
static void close_vcpu(args a, struct answer *answer)
{
	struct vcpu *vcpu = &world.vcpus[a[0].name];
	close_fd(&vcpu->fd, answer);
	pthread_mutex_lock(&vcpu->lock);
	if (vcpu->run)
		munmap(vcpu->run, vcpu_run_size());
	vcpu->run = NULL;
	pthread_mutex_unlock(&vcpu->lock);
}

static void check_extension(args a, struct answer *answer)
{
	const int fd = a[0].name < 0 ? kvm_fd : vm_fd(&a[0]);
	answer_result(answer, ioctl(fd, KVM_CHECK_EXTENSION, a[1].number));
}

static void create_guest_memfd(args a, struct answer *answer)
{
	struct gmem_create create = {.size = a[2].number, .flags = a[3].number, .reserved = {a[4].number}};
	const int fd = ioctl(vm_fd(&a[1]), GMEM_CREATE_GUEST_MEMFD, &create);
	answer_made(answer, world.files[a[0].name] = world_place(fd, FILE_FD, (unsigned)a[0].name));
}

static void create_memfd(args a, struct answer *answer)
{
	int fd = memfd_create("m", MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, (off_t)a[1].number) < 0) {
		const int error = errno;
		close(fd);
		errno = error;
		fd = -1;
	}
	answer_made(answer, world.files[a[0].name] = world_place(fd, FILE_FD, (unsigned)a[0].name));
}

static void dup_file(args a, struct answer *answer)
{
	const int fd = dup(file_fd(&a[0]));
	answer_made(answer, world.files[a[1].name] = world_place(fd, FILE_FD, (unsigned)a[1].name));
}

static void close_file(args a, struct answer *answer)
{
	close_fd(&world.files[a[0].name], answer);
}

static void map_at(int name, int fd, uint64_t length, int prot, int flags, uint64_t offset, struct answer *answer)
{
	struct map *map = &world.maps[name];
	/* The library's mmap would look at the arguments before the kernel does. */
	const long at = syscall(SYS_mmap, world_room(length), length, prot, flags, fd, offset);
	if (at == -1) {
		answer_call(answer, -1, errno);
		return;
	}
	map->at = (char *)at;
	map->length = length;
	map->live = true;
	answer_int(answer, "ret", 0);
}

static void anon(args a, struct answer *answer)
{
	map_at(a[0].name, -1, a[1].number, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, 0, answer);
}

static void mmap_file(args a, struct answer *answer)
{
	const int flags = a[5].number == 1 ? MAP_SHARED : MAP_PRIVATE;
	map_at(a[0].name, file_fd(&a[1]), a[3].number, (int)a[4].number, flags, a[2].number, answer);
}

static void munmap_map(args a, struct answer *answer)
{
	struct map *map = &world.maps[a[0].name];
	if (!atomic_exchange(&map->live, false))
		answer_impossible(answer);
	else
		answer_result(answer, munmap(map->at, map->length));
}

static uint32_t slot_of(const struct argument *slot, const struct argument *as_id)
{
	return (uint32_t)(as_id->number << 16 | (slot->number & 0xffff));
}

/* Of a mapping that is unmapped by now, the address is still known; of one that was never made, none is. */
static bool address_of(const struct argument *argument, uint64_t *address, struct answer *answer)
{
	const char *at = argument->name < 0 ? NULL : world.maps[argument->name].at;
	if (argument->name >= 0 && !at) {
		answer_impossible(answer);
		return false;
	}
	*address = (uintptr_t)at + argument->number;
	return true;
}

static void set_region2(args a, struct answer *answer)
{
	struct gmem_region2 region = {
		.slot = slot_of(&a[1], &a[2]),
		.flags = (uint32_t)a[3].number,
		.guest_phys_addr = a[4].number,
		.memory_size = a[5].number,
		.guest_memfd = (uint32_t)(a[7].name < 0 ? (int)a[7].number : file_fd(&a[7])),
		.guest_memfd_offset = a[8].number,
	};
	if (address_of(&a[6], &region.userspace_addr, answer))
		answer_result(answer, ioctl(vm_fd(&a[0]), GMEM_SET_USER_MEMORY_REGION2, &region));
}

static void set_region(args a, struct answer *answer)
{
	uint64_t address;
	if (!address_of(&a[6], &address, answer))
		return;
	const struct kvm_userspace_memory_region region = {
		.slot = slot_of(&a[1], &a[2]),
		.flags = (uint32_t)a[3].number,
		.guest_phys_addr = a[4].number,
		.memory_size = a[5].number,
		.userspace_addr = address,
	};
	answer_result(answer, ioctl(vm_fd(&a[0]), KVM_SET_USER_MEMORY_REGION, &region));
}

static void set_attributes(args a, struct answer *answer)
{
	const struct gmem_attributes attributes = {
		.address = a[1].number, .size = a[2].number, .attributes = a[3].number, .flags = a[4].number};
	answer_result(answer, ioctl(vm_fd(&a[0]), GMEM_SET_MEMORY_ATTRIBUTES, &attributes));
}

static void fallocate_file(args a, struct answer *answer)
{
	answer_result(answer, fallocate(file_fd(&a[0]), (int)a[1].number, (off_t)a[2].number, (off_t)a[3].number));
}

static void ftruncate_file(args a, struct answer *answer)
{
	answer_result(answer, ftruncate(file_fd(&a[0]), (off_t)a[1].number));
}

/* Zeroed memory of any length; its pages come when they are touched. */
static void *buffer(uint64_t length)
{
	void *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

/* read, write, pread and pwrite by the numbers of their calls; what is written is zeros. */
static void transfer(long call, int fd, uint64_t length, uint64_t offset, struct answer *answer)
{
	char small[64] = {0};
	void *at = length <= sizeof(small) ? small : buffer(length);
	const long moved = syscall(call, fd, at, length, offset);
	answer_result(answer, moved);
	if (at && at != small)
		munmap(at, length);
}

static void read_file(args a, struct answer *answer)
{
	transfer(SYS_read, file_fd(&a[0]), a[1].number, 0, answer);
}

static void write_file(args a, struct answer *answer)
{
	transfer(SYS_write, file_fd(&a[0]), a[1].number, 0, answer);
}

static void pread_file(args a, struct answer *answer)
{
	transfer(SYS_pread64, file_fd(&a[0]), a[2].number, a[1].number, answer);
}

static void pwrite_file(args a, struct answer *answer)
{
	transfer(SYS_pwrite64, file_fd(&a[0]), a[2].number, a[1].number, answer);
}

static void lseek_file(args a, struct answer *answer)
{
	answer_result(answer, lseek(file_fd(&a[0]), (off_t)a[1].number, (int)a[2].number));
}

static void fstat_file(args a, struct answer *answer)
{
	struct stat stat;
	const int returned = fstat(file_fd(&a[0]), &stat);
	answer_result(answer, returned);
	if (returned < 0)
		return;
	answer_number(answer, "size", (uint64_t)stat.st_size);
	answer_number(answer, "blocks", (uint64_t)stat.st_blocks);
	answer_number(answer, "mode", stat.st_mode);
	answer_number(answer, "nlink", stat.st_nlink);
}

static void read_memory(args a, struct answer *answer)
{
	const struct map *map = live(&a[0], answer);
	if (map)
		host_read(map->at + a[0].number, answer);
}

static void write_memory(args a, struct answer *answer)
{
	const struct map *map = live(&a[0], answer);
	if (map)
		host_write(map->at + a[0].number, (uint8_t)a[1].number, answer);
}

static void read_by_syscall(args a, struct answer *answer)
{
	int ends[2];
	const struct map *map = live(&a[0], answer);
	if (!map)
		return;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		perror("executor: pipe");
		exit(2);
	}
	answer_result(answer, write(ends[1], map->at + a[0].number, 1));
	close(ends[0]);
	close(ends[1]);
}

static void mincore_page(args a, struct answer *answer)
{
	unsigned char resident = 0;
	const struct map *map = live(&a[0], answer);
	if (!map)
		return;
	const int returned = mincore(map->at + a[0].number, 4096, &resident);
	answer_result(answer, returned);
	if (returned == 0)
		answer_int(answer, "resident", resident & 1);
}

static void mlock_range(args a, struct answer *answer)
{
	const struct map *map = live(&a[0], answer);
	if (map)
		answer_result(answer, mlock(map->at + a[0].number, a[1].number));
}

static void madvise_range(args a, struct answer *answer)
{
	const struct map *map = live(&a[0], answer);
	if (map)
		answer_result(answer, madvise(map->at + a[0].number, a[1].number, (int)a[2].number));
}

static void guest_read(args a, struct answer *answer)
{
	guest_access(&world.vcpus[a[0].name], ACCESS_READ, a[1].number, 0, answer);
}

static void guest_write(args a, struct answer *answer)
{
	guest_access(&world.vcpus[a[0].name], ACCESS_WRITE, a[1].number, (uint8_t)a[2].number, answer);
}

static void guest_execute(args a, struct answer *answer)
{
	guest_access(&world.vcpus[a[0].name], ACCESS_EXECUTE, a[1].number, 0, answer);
}

static void pre_fault(args a, struct answer *answer)
{
	struct gmem_pre_fault range = {.gpa = a[1].number, .size = a[2].number, .flags = a[3].number};
	answer_result(answer, ioctl(world.vcpus[a[0].name].fd, GMEM_PRE_FAULT_MEMORY, &range));
	answer_number(answer, "remaining", range.size);
}

/* A bit for each page of the largest slot that there can be: KVM_MEM_MAX_NR_PAGES, 2^31 - 1. */
static const uint64_t LARGEST_LOG = 1u << 28;

static void get_dirty_log(args a, struct answer *answer)
{
	static uint64_t *_Atomic bitmap;
	if (!bitmap)
		bitmap = buffer(LARGEST_LOG);
	bitmap[0] = 0;
	struct kvm_dirty_log log = {.slot = slot_of(&a[1], &a[2]), .dirty_bitmap = bitmap};
	const int returned = ioctl(vm_fd(&a[0]), KVM_GET_DIRTY_LOG, &log);
	answer_result(answer, returned);
	if (returned == 0)
		answer_number(answer, "bitmap", bitmap[0]);
}

static const struct operation OPERATIONS[] = {
	{"create_vm", "vn", create_vm},
	{"create_vcpu", "cv", create_vcpu},
	{"close_vm", "v", close_vm},
	{"close_vcpu", "c", close_vcpu},
	{"check_extension", "Vn", check_extension},
	{"create_guest_memfd", "fvnnn", create_guest_memfd},
	{"memfd_create", "fn", create_memfd},
	{"dup", "ff", dup_file},
	{"close", "f", close_file},
	{"anon", "mn", anon},
	{"mmap", "mfnnnn", mmap_file},
	{"munmap", "m", munmap_map},
	{"set_user_memory_region2", "vnnnnnadn", set_region2},
	{"set_user_memory_region", "vnnnnna", set_region},
	{"set_memory_attributes", "vnnnn", set_attributes},
	{"fallocate", "fnnn", fallocate_file},
	{"ftruncate", "fn", ftruncate_file},
	{"read", "fn", read_file},
	{"write", "fn", write_file},
	{"pread", "fnn", pread_file},
	{"pwrite", "fnn", pwrite_file},
	{"lseek", "fnn", lseek_file},
	{"fstat", "f", fstat_file},
	{"host_read", "a", read_memory},
	{"host_write", "an", write_memory},
	{"host_read_syscall", "a", read_by_syscall},
	{"mincore", "a", mincore_page},
	{"mlock", "an", mlock_range},
	{"madvise", "ann", madvise_range},
	{"guest_read", "cn", guest_read},
	{"guest_write", "cnn", guest_write},
	{"guest_execute", "cn", guest_execute},
	{"pre_fault_memory", "cnnn", pre_fault},
	{"get_dirty_log", "vnn", get_dirty_log},
};

const struct operation *operation_named(const char *name)
{
	for (unsigned i = 0; i < sizeof(OPERATIONS) / sizeof(OPERATIONS[0]); i++)
		if (strcmp(OPERATIONS[i].name, name) == 0)
			return &OPERATIONS[i];
	return NULL;
}

int poisons(const struct operation *operation, const struct argument *arguments)
{
	return operation->make == madvise_range && (arguments[2].number == 100 || arguments[2].number == 101);
}
