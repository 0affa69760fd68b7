/* Memory of the process that is no guest_memfd, all of it touched. */
static char *ordinary(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (at == MAP_FAILED)
		skip_all("no memory");
	return at;
}
