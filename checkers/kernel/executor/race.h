/* Threads that race: the same block many times, each from nothing, and how often each joint outcome occurred. */
#ifndef RACE_H
#define RACE_H

#include "program.h"

#define MAX_THREADS 3

struct part {
	const struct step *steps;
	unsigned count;
};

struct race {
	struct part setup, threads[MAX_THREADS], final;
	unsigned thread_count;
	unsigned iterations;
	uint64_t seed;
};

void race_run(const struct race *race);

#endif
