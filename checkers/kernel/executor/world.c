#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct world world;
int kvm_fd = -1;

static const uint64_t FIRST_ADDRESS = 0x100000000000;
static const uint64_t APART = 2 << 20;
/* Longer mappings are the kernel's to place or to refuse. */
static const uint64_t LONGEST = 1ull << 40;

static const int FIRST_FD[] = {[VM_FD] = 2000, [VCPU_FD] = 4000, [FILE_FD] = 6000};

void world_init(void)
{
	world.next_address = FIRST_ADDRESS;
	for (unsigned i = 0; i < MAX_NAMES; i++) {
		world.vms[i].fd = world.vcpus[i].fd = world.files[i] = -1;
		pthread_mutex_init(&world.vms[i].lock, NULL);
		pthread_mutex_init(&world.vcpus[i].lock, NULL);
	}
}

static void drop(_Atomic int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void world_reset(void)
{
	for (unsigned i = 0; i < world.used; i++) {
		struct map *map = &world.maps[i];
		if (map->live)
			munmap(map->at, map->length);
		*map = (struct map){0};
		drop(&world.files[i]);
		if (world.vcpus[i].run)
			munmap(world.vcpus[i].run, vcpu_run_size());
		world.vcpus[i].run = NULL;
		drop(&world.vcpus[i].fd);
		drop(&world.vms[i].fd);
		world.vms[i].vcpus = 0;
	}
	world.used = 0;
	world.next_address = FIRST_ADDRESS;
}

int world_place(int fd, enum kind kind, unsigned name)
{
	if (fd < 0)
		return fd;
	const int placed = dup3(fd, FIRST_FD[kind] + (int)name, O_CLOEXEC);
	const int error = errno;
	close(fd);
	errno = error;
	return placed;
}

char *world_room(uint64_t length)
{
	const uint64_t taken = length > LONGEST ? 0 : (length + 2 * APART - 1) / APART * APART;
	return (char *)atomic_fetch_add(&world.next_address, taken);
}

size_t vcpu_run_size(void)
{
	static size_t size;
	if (size == 0)
		size = (size_t)ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	return size;
}
