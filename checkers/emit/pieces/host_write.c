static int host_write(volatile char *at, char value)
{
	catch_signals();
	if (sigsetjmp(back, 1))
		return -1;
	*at = value;
	return 0;
}
