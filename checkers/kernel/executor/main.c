/* The executor: performs operations on /dev/kvm that it is told line by line. PROTOCOL.md says what the lines are. */
#define _GNU_SOURCE
#include "actor.h"
#include "channel.h"
#include "host.h"
#include "probe.h"
#include "program.h"
#include "race.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define PROTOCOL 1
/* Descriptors of names go up to there. */
#define DESCRIPTORS 8192

static struct step steps[MAX_STEPS];
/* stdin is a serial port. */
static bool port;

/* Reads so many steps. All lines are taken in, also behind one that is wrong, so that the next request begins where it should. */
static bool read_steps(unsigned long count)
{
	bool right = true;
	for (unsigned long i = 0; i < count; i++) {
		char *line = channel_line(port);
		if (!line)
			exit(0);
		const char *wrong = i < MAX_STEPS ? step_read(line, &steps[i]) : "too many steps";
		if (wrong && right)
			channel_say("error %lu %s", i, wrong);
		right &= !wrong;
	}
	return right;
}

static void take_apart(void)
{
	me->place = "end";
	actor_begin(me, 0);
	world_reset();
	actor_end(me);
}

static void run(unsigned long count, bool each)
{
	struct answer answer;
	if (!read_steps(count))
		return;
	me->place = "steps";
	for (unsigned long i = 0; i < count; i++) {
		if (!step_make(&steps[i], (int)i, &answer)) {
			actor_tell("hang", me);
			break;
		}
		channel_say("answer %s", answer.text);
		if (each)
			channel_flush();
	}
	/* What goes wrong when the world is taken apart is this program's. */
	take_apart();
	channel_say("done");
}

/* race ITERATIONS SEED SETUP FINAL THREAD THREAD [THREAD]: numbers of steps, which follow in this order, `final` before the threads. */
static void race(char *counts)
{
	unsigned long long numbers[4 + MAX_THREADS];
	unsigned given = 0;
	for (char *text; (text = strsep(&counts, " ")) && given < 4 + MAX_THREADS;)
		numbers[given++] = strtoull(text, NULL, 0);
	if (given < 6) {
		channel_say("error 0 a race has an iteration count, a seed, a setup, a final part and two or three threads");
		return;
	}
	unsigned long long total = 0;
	for (unsigned i = 2; i < given; i++)
		total += numbers[i];
	if (!read_steps(total))
		return;
	const struct step *at = steps;
	struct race race = {
		.iterations = (unsigned)numbers[0], .seed = numbers[1], .thread_count = given - 4};
	struct part *parts[] = {&race.setup, &race.final, &race.threads[0], &race.threads[1], &race.threads[2]};
	for (unsigned i = 2; i < given; i++) {
		*parts[i - 2] = (struct part){.steps = at, .count = (unsigned)numbers[i]};
		at += numbers[i];
	}
	race_run(&race);
}

static void serve(char *line)
{
	if (strcmp(line, "hello") == 0)
		channel_say("executor %d", PROTOCOL);
	else if (strcmp(line, "probe") == 0)
		probe();
	else if (strncmp(line, "run ", 4) == 0)
		run(strtoul(line + 4, NULL, 10), false);
	else if (strncmp(line, "run-each ", 9) == 0)
		run(strtoul(line + 9, NULL, 10), true);
	else if (strncmp(line, "race ", 5) == 0)
		race(line + 5);
	else
		channel_say("error 0 no such request");
	channel_flush();
}

/* The table of descriptors is at its full size before threads share it: growing it waits for a grace period of RCU. */
static void make_room(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = DESCRIPTORS;
	if (limit.rlim_max < DESCRIPTORS)
		limit.rlim_max = DESCRIPTORS;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || dup2(STDERR_FILENO, DESCRIPTORS - 1) < 0) {
		perror("executor: descriptors");
		exit(2);
	}
	close(DESCRIPTORS - 1);
}

static void usage(void)
{
	fprintf(stderr, "usage: executor [--poison] [--port] [--limit MS]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	unsigned limit_ms = 2000;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--poison") == 0)
			poison_allowed = true;
		else if (strcmp(argv[i], "--port") == 0)
			port = true;
		else if (strcmp(argv[i], "--limit") == 0 && i + 1 < argc)
			limit_ms = (unsigned)strtoul(argv[++i], NULL, 10);
		else
			usage();
	}
	if (limit_ms == 0)
		usage();
	/* Nothing is left running when whoever asks is gone. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm_fd < 0) {
		channel_say("absent /dev/kvm: %s", strerror(errno));
		channel_flush();
		return 4;
	}
	make_room();
	host_init();
	world_init();
	actor_take(0);
	watchdog_start(limit_ms);
	for (char *line; (line = channel_line(port));)
		serve(line);
	return 0;
}
