static int host_read(const volatile char *at)
{
	catch_signals();
	return sigsetjmp(back, 1) ? -1 : (unsigned char)*at;
}
