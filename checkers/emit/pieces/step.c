static const char *otherwise; /* a signal, or an exit of the guest, that ended the call; NULL where it just returned */

static const char *name_of(int error)
{
	const char *name = error ? strerrorname_np(error) : "0";

	return name ? name : "an error without a name";
}

/* What a call answered, in the words of the model. */
static const char *answer(long long returned, bool gives)
{
	static char value[32];

	if (otherwise)
		return otherwise;
	if (returned < 0 || !gives)
		return name_of(returned < 0 ? errno : 0);
	snprintf(value, sizeof(value), "value %lld", returned);
	return value;
}

static bool begin(const char *step)
{
	otherwise = NULL;
	errno = 0;
	if (over)
		report(SKIP, step, over);
	return !over;
}

static void end(const char *step, const char *expected, const char *got)
{
	const bool same = strcmp(expected, got) == 0;

	if (!same) {
		printf("# expected %s, got %s\n", expected, got);
		over = "a step before it ended otherwise";
	}
	report(same ? PASS : FAIL, step, "");
}

/* A step: its words, the errno that is expected (0: none), and the call, which is only made while all went as expected. */
#define STEP(step, expected, call)							\
	do {										\
		if (begin(step))							\
			end(step, name_of(expected), answer(call, false));		\
	} while (0)
