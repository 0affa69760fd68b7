static char buffer[4096];
