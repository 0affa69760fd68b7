static int resident(void *at)
{
	unsigned char page;

	return mincore(at, 4096, &page) < 0 ? -1 : page & 1;
}
