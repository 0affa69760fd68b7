/* What a program has made: VMs, vCPUs, files and mappings, by the numbers that stand for their names. */
#ifndef WORLD_H
#define WORLD_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of each kind. Their descriptors stay below 9999, which programs use for one that is not open. */
#define MAX_NAMES 1024

struct vm {
	_Atomic int fd;
	/* vCPU ids are 0, 1, .. in the order of their creation. */
	unsigned vcpus;
	pthread_mutex_t lock;
};

struct vcpu {
	_Atomic int fd;
	struct kvm_run *run;
	/* Held through a guest access: a vCPU makes one at a time. */
	pthread_mutex_t lock;
};

struct map {
	char *_Atomic at;
	uint64_t length;
	atomic_bool live;
};

struct world {
	struct vm vms[MAX_NAMES];
	struct vcpu vcpus[MAX_NAMES];
	_Atomic int files[MAX_NAMES];
	struct map maps[MAX_NAMES];
	/* Names from this one on were never used. */
	unsigned used;
	/* Where the next mapping goes. */
	_Atomic uint64_t next_address;
};

extern struct world world;
/* /dev/kvm */
extern int kvm_fd;

enum kind { VM_FD, VCPU_FD, FILE_FD };

void world_init(void);
/* From nothing again: everything is unmapped and closed. */
void world_reset(void);
/*
 * Gives a new descriptor the number that belongs to its name, so that a thread that still holds a closed one meets nothing of
 * somebody else. Takes the result of a call; its error stays in errno.
 */
int world_place(int fd, enum kind kind, unsigned name);
/* Addresses for a mapping, at least 2 MiB from any other, never used before in this program. */
char *world_room(uint64_t length);
size_t vcpu_run_size(void);

#endif
