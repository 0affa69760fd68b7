/* Nobody can make this step here, so what would follow is not tried either. */
static void cannot(const char *step, const char *why)
{
	report(SKIP, step, over ? over : why);
	over = "a step before it was not made";
}
