static sigjmp_buf back;

static void caught(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (number == SIGBUS)
		otherwise = info->si_code == BUS_MCEERR_AR ? "SIGBUS BUS_MCEERR_AR" :
			    info->si_code == BUS_ADRERR ? "SIGBUS BUS_ADRERR" : "SIGBUS of another kind";
	else
		otherwise = info->si_code == SEGV_ACCERR ? "SIGSEGV SEGV_ACCERR" : "SIGSEGV SEGV_MAPERR";
	siglongjmp(back, 1);
}

static void catch_signals(void)
{
	const struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}
