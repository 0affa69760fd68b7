#define _GNU_SOURCE
#include "host.h"

#include "actor.h"
#include "channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Back to the access that faulted, or out of one that does not end. A fault of the executor itself is one of the executor. */
static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	/* A page of the process was poisoned: told to its first thread, or to who asked for it. No access of theirs faulted. */
	if (number == SIGBUS && info->si_code == BUS_MCEERR_AO)
		return;
	if (!me || !me->touching) {
		const bool poison = number == SIGBUS && info->si_code == BUS_MCEERR_AR;
		if (me && poison)
			me->struck = 1;
		if (number == SIGUSR1 || poison)
			return;
		channel_flush();
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	me->touching = 0;
	me->signal = number;
	me->code = info->si_code;
	siglongjmp(me->back, 1);
}

void host_init(void)
{
	/* A handler that jumps out must leave its own signal deliverable. No SA_RESTART: the watchdog's signal ends calls. */
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER};
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void answer_signal(struct answer *answer)
{
	if (me->signal == SIGUSR1) {
		answer_call(answer, -1, EINTR);
		return;
	}
	answer_word(answer, "signal", me->signal == SIGBUS ? "SIGBUS" : "SIGSEGV");
	answer_int(answer, "code", me->code);
}

void host_read(const char *at, struct answer *answer)
{
	if (sigsetjmp(me->back, 0) != 0) {
		answer_signal(answer);
		return;
	}
	me->touching = 1;
	const uint8_t value = *(const volatile uint8_t *)at;
	me->touching = 0;
	answer_number(answer, "value", value);
}

void host_write(char *at, uint8_t value, struct answer *answer)
{
	if (sigsetjmp(me->back, 0) != 0) {
		answer_signal(answer);
		return;
	}
	me->touching = 1;
	*(volatile uint8_t *)at = value;
	me->touching = 0;
	answer_int(answer, "ret", 0);
}
