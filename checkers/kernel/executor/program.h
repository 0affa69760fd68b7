/* Steps as lines of text, and as what can be made of them. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "operations.h"

#include <stdbool.h>

#define MAX_STEPS 16384

struct step {
	const struct operation *operation;
	struct argument arguments[MAX_ARGUMENTS];
};

/* Poison is refused unless this is set. */
extern bool poison_allowed;

/* Reads a step; NULL, or what is wrong with the line. Writes into the line. */
const char *step_read(char *line, struct step *step);
/* Makes a step as the running thread's actor. False if it hung. */
bool step_make(const struct step *step, int index, struct answer *answer);

#endif
