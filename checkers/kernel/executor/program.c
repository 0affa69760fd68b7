#define _GNU_SOURCE
#include "program.h"

#include "actor.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool poison_allowed;

/* A number of 64 bits, decimal or 0x.., with a sign or without. */
static bool number(const char *text, uint64_t *value)
{
	char *end;
	errno = 0;
	*value = *text == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	return *text != '\0' && *end == '\0' && errno == 0;
}

/* "v0": a letter for the kind, and the number that stands for the name. */
static bool name(const char *text, char kind, int *name)
{
	uint64_t value;
	if (text[0] != kind || !number(text + 1, &value) || value >= MAX_NAMES)
		return false;
	*name = (int)value;
	if (value >= world.used)
		world.used = (unsigned)value + 1;
	return true;
}

/* "m0+4096", or a number. */
static bool address(char *text, struct argument *argument)
{
	if (text[0] != 'm')
		return number(text, &argument->number);
	char *plus = strchr(text, '+');
	if (!plus)
		return false;
	*plus = '\0';
	return name(text, 'm', &argument->name) && number(plus + 1, &argument->number);
}

static bool read_argument(char takes, char *text, struct argument *argument)
{
	*argument = (struct argument){.name = -1};
	switch (takes) {
	case 'n':
		return number(text, &argument->number);
	case 'a':
		return address(text, argument);
	case 'd':
		return text[0] == 'f' ? name(text, 'f', &argument->name) : number(text, &argument->number);
	case 'V':
		return strcmp(text, "-") == 0 || name(text, 'v', &argument->name);
	default:
		return name(text, takes, &argument->name);
	}
}

const char *step_read(char *line, struct step *step)
{
	char *rest = line;
	const char *op = strsep(&rest, " ");
	step->operation = operation_named(op);
	if (!step->operation)
		return "no such operation";
	const char *takes = step->operation->takes;
	for (unsigned i = 0; takes[i]; i++) {
		char *text = strsep(&rest, " ");
		if (!text || !read_argument(takes[i], text, &step->arguments[i]))
			return "an argument is missing or is not what it should be";
	}
	if (rest)
		return "more arguments than it takes";
	/* Offsets into a mapping are its own; a bare number is no mapping. */
	if (takes[0] == 'a' && step->arguments[0].name < 0)
		return "not a mapping";
	if (poisons(step->operation, step->arguments) && !poison_allowed)
		return "poison takes memory from the machine for good; it needs --poison";
	return NULL;
}

bool step_make(const struct step *step, int index, struct answer *answer)
{
	answer_clear(answer);
	actor_begin(me, index);
	step->operation->make(step->arguments, answer);
	return !actor_end(me);
}
