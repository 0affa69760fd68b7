static void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(4);
}
