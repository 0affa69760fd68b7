static int close_fd(int *fd)
{
	const int closed = *fd;

	*fd = -1;
	return close(closed);
}
