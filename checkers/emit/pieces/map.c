/* Nothing else is mapped there, nor behind it. */
static int map(char *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return mmap(at, size, prot, flags, fd, offset) == at ? 0 : -1;
}
