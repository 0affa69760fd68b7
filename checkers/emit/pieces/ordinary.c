/* Memory of the process that is no guest_memfd, all of it touched. */
static void ordinary(char *at, size_t size)
{
	const int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE;

	if (mmap(at, size, PROT_READ | PROT_WRITE, flags, -1, 0) != at)
		skip_all("no memory");
}
