/* The answer to a step, as fields of the recording format: "ret=-17 errno=EEXIST". */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stdint.h>

struct answer {
	char text[160];
	unsigned used;
};

void answer_clear(struct answer *answer);
/* Signed numbers are of the size of an int; unsigned ones beyond 2^53 - 1 are written in hexadecimal. */
void answer_int(struct answer *answer, const char *field, int64_t value);
void answer_number(struct answer *answer, const char *field, uint64_t value);
void answer_word(struct answer *answer, const char *field, const char *word);
void answer_bool(struct answer *answer, const char *field, bool value);
/* What a call returned: the value, or the negative error number and its name. */
void answer_call(struct answer *answer, int64_t returned, int error);

#endif
