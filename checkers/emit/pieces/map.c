static int map(char **window, size_t size, int prot, int flags, int fd, off_t offset)
{
	/* Where it was the last time, if it is mapped again. */
	char *at = mmap(*window, size, prot, flags, fd, offset);

	if (at == MAP_FAILED)
		return -1;
	*window = at;
	return 0;
}
