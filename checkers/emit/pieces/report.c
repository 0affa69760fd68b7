enum { PASS, FAIL, SKIP };
static unsigned int reported, count[3];
static const char *over; /* why no further step is made */

static void report(int how, const char *step, const char *why)
{
	count[how]++;
	printf("%sok %u %s%s%s\n", how == FAIL ? "not " : "", ++reported, step, how == SKIP ? " # SKIP " : "", why);
}

static int totals(void)
{
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n", count[PASS], count[FAIL], count[SKIP]);
	return count[FAIL] ? 1 : count[SKIP] ? 4 : 0;
}
