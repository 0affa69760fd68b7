/* Whoever makes calls: the one thread of a program, or each thread of a race. A watchdog ends calls that do not return. */
#ifndef ACTOR_H
#define ACTOR_H

#include <linux/kvm.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_ACTORS 4

struct actor {
	pthread_t thread;
	/* "steps", "setup", "final", "thread0", ..: where its steps stand. */
	const char *_Atomic place;
	_Atomic int step;
	/* When the call in progress was begun, in ns of CLOCK_MONOTONIC; 0 between calls. */
	_Atomic uint64_t since;
	/* The call in progress was interrupted: it counts as one that hangs. */
	atomic_bool kicked;
	/* Under `lock`: the vCPU that it runs, or NULL. */
	struct kvm_run *run;
	pthread_mutex_t lock;
	/* Where a fault of a host access goes; in use while `touching`. */
	sigjmp_buf back;
	volatile sig_atomic_t touching;
	volatile sig_atomic_t signal, code;
	/* KVM told this thread of poison behind the guest memory that it runs into. */
	volatile sig_atomic_t struck;
};

/* The actor of the running thread. */
extern __thread struct actor *me;

extern struct actor actors[MAX_ACTORS];
/* Of a race: the iteration that runs, from 0. */
extern _Atomic unsigned iteration;

uint64_t now_ns(void);

/* The running thread is this actor from now on. */
void actor_take(unsigned index);
void actor_begin(struct actor *actor, int step);
/* True if the call hung: it returned because it was interrupted. */
bool actor_end(struct actor *actor);
void actor_runs(struct actor *actor, struct kvm_run *run);

/* Calls that take longer than the limit are interrupted; those that cannot be are told of, and the process ends. */
void watchdog_start(unsigned limit_ms);
/* For a line of the protocol: "hang PLACE STEP ITERATION". */
void actor_tell(const char *how, const struct actor *actor);

#endif
