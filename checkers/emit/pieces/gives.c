/* The same of a call that gives a value, or ends by a signal or an exit of the guest. */
#define STEP_GIVES(step, expected, call)						\
	do {										\
		if (begin(step))							\
			end(step, expected, answer(call, true));			\
	} while (0)
