#define _GNU_SOURCE
#include "race.h"

#include "actor.h"
#include "channel.h"
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Before each step of a thread: up to that, in ns. */
static const uint64_t LONGEST_DELAY = 1500 * 1000;
/* Shorter waits than a timer is good for are spun. */
static const uint64_t SPUN = 60 * 1000;
static const uint64_t TELL_EVERY_NS = 500ull * 1000 * 1000;
static const char *const PLACES[MAX_THREADS] = {"thread0", "thread1", "thread2"};

/* What all threads and `final` answered, as lines. */
struct outcome {
	char *text;
	unsigned count;
};

struct racer {
	const struct race *race;
	unsigned index;
	pthread_t thread;
	struct answer *answers;
	bool hung;
};

static pthread_barrier_t barrier;
static atomic_bool over;
static struct outcome *outcomes;
static unsigned outcome_count;

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void delay(uint64_t ns)
{
	const uint64_t until = now_ns() + ns;
	if (ns > SPUN) {
		const struct timespec wait = {.tv_nsec = (long)(ns - SPUN)};
		nanosleep(&wait, NULL);
	}
	while (now_ns() < until)
		__builtin_ia32_pause();
}

/* The delays of a thread depend on the seed, the iteration and the thread alone. */
static uint64_t random_of(const struct race *race, unsigned thread)
{
	uint64_t state = race->seed;
	state = next(&state) ^ iteration;
	state = next(&state) ^ thread;
	return next(&state);
}

static void run_thread(struct racer *racer)
{
	const struct part *part = &racer->race->threads[racer->index];
	uint64_t random = random_of(racer->race, racer->index);
	for (unsigned i = 0; i < part->count; i++) {
		/* Squared: short delays, where steps meet, are the more frequent ones. */
		const uint64_t part_of = next(&random) >> 40;
		delay((part_of * part_of >> 24) * LONGEST_DELAY >> 24);
		if (!step_make(&part->steps[i], (int)i, &racer->answers[i])) {
			racer->hung = true;
			return;
		}
	}
}

static void *race_thread(void *argument)
{
	struct racer *racer = argument;
	actor_take(1 + racer->index);
	me->place = PLACES[racer->index];
	for (;;) {
		pthread_barrier_wait(&barrier);
		if (over)
			return NULL;
		run_thread(racer);
		pthread_barrier_wait(&barrier);
	}
}

/* Makes the steps; false if one hung. */
static bool run_part(const char *place, const struct part *part, struct answer *answers)
{
	me->place = place;
	for (unsigned i = 0; i < part->count; i++)
		if (!step_make(&part->steps[i], (int)i, &answers[i])) {
			actor_tell("hang", me);
			return false;
		}
	return true;
}

static char *append(char *to, const struct answer *answers, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		to += sprintf(to, "answer %s\n", answers[i].text);
	return to;
}

static void count_outcome(const char *text)
{
	for (unsigned i = 0; i < outcome_count; i++)
		if (strcmp(outcomes[i].text, text) == 0) {
			outcomes[i].count++;
			return;
		}
	outcomes = realloc(outcomes, (outcome_count + 1) * sizeof(*outcomes));
	outcomes[outcome_count++] = (struct outcome){.text = strdup(text), .count = 1};
}

static int more_frequent(const void *a, const void *b)
{
	const struct outcome *x = a, *y = b;
	return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->text, y->text);
}

static void say_outcomes(void)
{
	qsort(outcomes, outcome_count, sizeof(*outcomes), more_frequent);
	for (unsigned i = 0; i < outcome_count; i++) {
		char *rest = outcomes[i].text;
		channel_say("outcome %u", outcomes[i].count);
		for (char *line; *rest && (line = strsep(&rest, "\n"));)
			channel_say("%s", line);
		free(outcomes[i].text);
	}
	outcome_count = 0;
}

/* The setup's answers are told once: a race has one beginning. True if this iteration's are the first one's. */
static bool same_setup(const struct race *race, const struct answer *answers, struct answer *first)
{
	for (unsigned i = 0; i < race->setup.count; i++) {
		if (iteration == 0) {
			first[i] = answers[i];
			channel_say("answer %s", answers[i].text);
		} else if (strcmp(first[i].text, answers[i].text) != 0) {
			channel_say("unsteady %u %u %s", i, iteration, answers[i].text);
			return false;
		}
	}
	return true;
}

struct arena {
	struct answer *setup, *first, *final;
	struct racer racers[MAX_THREADS];
	char *text;
};

static bool iterate(const struct race *race, struct arena *arena)
{
	bool hung = false;
	if (!run_part("setup", &race->setup, arena->setup) || !same_setup(race, arena->setup, arena->first))
		return false;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	char *end = arena->text;
	for (unsigned t = 0; t < race->thread_count; t++) {
		if (arena->racers[t].hung)
			actor_tell("hang", &actors[1 + t]);
		hung |= arena->racers[t].hung;
		end = append(end, arena->racers[t].answers, race->threads[t].count);
	}
	if (hung || !run_part("final", &race->final, arena->final))
		return false;
	append(end, arena->final, race->final.count);
	count_outcome(arena->text);
	return true;
}

static struct answer *answers_for(const struct part *part)
{
	return calloc(part->count + 1, sizeof(struct answer));
}

static void begin(const struct race *race, struct arena *arena)
{
	unsigned steps = race->final.count;
	pthread_barrier_init(&barrier, NULL, race->thread_count + 1);
	over = false;
	arena->setup = answers_for(&race->setup);
	arena->first = answers_for(&race->setup);
	arena->final = answers_for(&race->final);
	for (unsigned t = 0; t < race->thread_count; t++) {
		struct racer *racer = &arena->racers[t];
		*racer = (struct racer){.race = race, .index = t, .answers = answers_for(&race->threads[t])};
		steps += race->threads[t].count;
		if (pthread_create(&racer->thread, NULL, race_thread, racer) != 0) {
			perror("executor: thread");
			exit(2);
		}
	}
	arena->text = malloc(steps * (sizeof(struct answer) + 16) + 1);
	arena->text[0] = '\0';
}

static void end(const struct race *race, struct arena *arena)
{
	over = true;
	pthread_barrier_wait(&barrier);
	for (unsigned t = 0; t < race->thread_count; t++) {
		pthread_join(arena->racers[t].thread, NULL);
		free(arena->racers[t].answers);
	}
	pthread_barrier_destroy(&barrier);
	free(arena->setup);
	free(arena->first);
	free(arena->final);
	free(arena->text);
}

void race_run(const struct race *race)
{
	struct arena arena;
	uint64_t told = now_ns();
	const unsigned used = world.used;
	begin(race, &arena);
	bool on = true;
	for (iteration = 0; on && iteration < race->iterations; iteration++) {
		on = iterate(race, &arena);
		world_reset();
		world.used = used;
		if (now_ns() - told < TELL_EVERY_NS)
			continue;
		told = now_ns();
		channel_say("progress %u", iteration + 1);
		channel_flush();
	}
	iteration = 0;
	end(race, &arena);
	say_outcomes();
	channel_say("done");
}
