/* The operations of the recording format, by name: what arguments each takes, and how it is made. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include "answer.h"

#include <stdint.h>

#define MAX_ARGUMENTS 9

/* A name (its number), a number, or an address: a name of a mapping and an offset. `name` is -1 where there is none. */
struct argument {
	int name;
	uint64_t number;
};

struct operation {
	const char *name;
	/*
	 * A letter for each argument: v VM, c vCPU, f file, m mapping (names), n number, V a VM or "-", a an address, d a file or a
	 * number used as a descriptor.
	 */
	const char *takes;
	void (*make)(const struct argument *arguments, struct answer *answer);
};

/* NULL if there is no such operation. */
const struct operation *operation_named(const char *name);
/* Whether a madvise poisons memory, for good: it takes the page from the machine. */
int poisons(const struct operation *operation, const struct argument *arguments);

#endif
