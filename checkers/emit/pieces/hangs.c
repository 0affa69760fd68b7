/* A call that is not to come back by itself: SIGALRM ends it, where it can. */
static void rings(int number)
{
	(void)number;
}

#define STEP_HANGS(step, call)								\
	do {										\
		const struct sigaction ring = {.sa_handler = rings};			\
		if (begin(step)) {							\
			sigaction(SIGALRM, &ring, NULL);				\
			alarm(10);							\
			const char *got = answer(call, false);				\
			end(step, "EINTR", got);					\
		}									\
	} while (0)
