static long long file_size(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) < 0 ? -1 : stat.st_size;
}
