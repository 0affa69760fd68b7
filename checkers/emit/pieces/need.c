static void need(bool there, const char *otherwise_why)
{
	if (!there)
		skip_all(otherwise_why);
}
