#define _GNU_SOURCE
#include "actor.h"

#include "channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

__thread struct actor *me;
struct actor actors[MAX_ACTORS] = {
	[0 ... MAX_ACTORS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER},
};
_Atomic unsigned iteration;

static uint64_t limit_ns;
static const uint64_t TICK_NS = 10 * 1000 * 1000;

uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void actor_take(unsigned index)
{
	me = &actors[index];
	me->thread = pthread_self();
}

void actor_begin(struct actor *actor, int step)
{
	actor->step = step;
	actor->kicked = false;
	actor->since = now_ns();
}

bool actor_end(struct actor *actor)
{
	actor->since = 0;
	return actor->kicked;
}

void actor_runs(struct actor *actor, struct kvm_run *run)
{
	pthread_mutex_lock(&actor->lock);
	actor->run = run;
	if (run)
		run->immediate_exit = actor->kicked;
	pthread_mutex_unlock(&actor->lock);
}

void actor_tell(const char *how, const struct actor *actor)
{
	channel_say("%s %s %d %u", how, actor->place, actor->step, iteration);
}

/* Makes a call return: a vCPU by immediate_exit, which a signal alone would come too early for, everything else by the signal. */
static void kick(struct actor *actor)
{
	pthread_mutex_lock(&actor->lock);
	actor->kicked = true;
	if (actor->run)
		actor->run->immediate_exit = 1;
	pthread_mutex_unlock(&actor->lock);
	pthread_kill(actor->thread, SIGUSR1);
}

/* Which calls have not returned for so long, or -1. */
static bool overdue(const struct actor *actor, uint64_t now, uint64_t ns)
{
	const uint64_t since = actor->since;
	return since != 0 && now > since && now - since > ns;
}

static void give_up(uint64_t now)
{
	for (unsigned i = 0; i < MAX_ACTORS; i++)
		if (overdue(&actors[i], now, limit_ns))
			actor_tell("stuck", &actors[i]);
	channel_say("lost");
	channel_flush();
	_exit(3);
}

static void *watch(void *unused)
{
	const struct timespec tick = {.tv_nsec = (long)TICK_NS};
	for (;;) {
		nanosleep(&tick, NULL);
		/* Should the process die, what it answered until now is known. */
		channel_flush();
		const uint64_t now = now_ns();
		for (unsigned i = 0; i < MAX_ACTORS; i++) {
			if (overdue(&actors[i], now, 2 * limit_ns))
				give_up(now);
			if (overdue(&actors[i], now, limit_ns))
				kick(&actors[i]);
		}
	}
	return unused;
}

void watchdog_start(unsigned limit_ms)
{
	pthread_t thread;
	limit_ns = (uint64_t)limit_ms * 1000000u;
	if (pthread_create(&thread, NULL, watch, NULL) != 0) {
		perror("executor: watchdog");
		exit(2);
	}
}
