#define _GNU_SOURCE
#include "answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const uint64_t LARGEST_EXACT = (1ull << 53) - 1;

void answer_clear(struct answer *answer)
{
	answer->used = 0;
	answer->text[0] = '\0';
}

static __attribute__((format(printf, 2, 3))) void add(struct answer *answer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const size_t room = sizeof(answer->text) - answer->used;
	int length = vsnprintf(answer->text + answer->used, room, format, args);
	va_end(args);
	answer->used += (size_t)length < room ? (unsigned)length : (unsigned)room - 1;
}

static const char *gap(const struct answer *answer)
{
	return answer->used == 0 ? "" : " ";
}

void answer_int(struct answer *answer, const char *field, int64_t value)
{
	add(answer, "%s%s=%" PRId64, gap(answer), field, value);
}

void answer_number(struct answer *answer, const char *field, uint64_t value)
{
	add(answer, value <= LARGEST_EXACT ? "%s%s=%" PRIu64 : "%s%s=0x%" PRIx64, gap(answer), field, value);
}

void answer_word(struct answer *answer, const char *field, const char *word)
{
	add(answer, "%s%s=%s", gap(answer), field, word);
}

void answer_bool(struct answer *answer, const char *field, bool value)
{
	answer_word(answer, field, value ? "true" : "false");
}

void answer_call(struct answer *answer, int64_t returned, int error)
{
	if (returned >= 0) {
		answer_int(answer, "ret", returned);
		return;
	}
	const char *name = strerrorname_np(error);
	answer_int(answer, "ret", -error);
	answer_word(answer, "errno", name ? name : "UNNAMED");
}
