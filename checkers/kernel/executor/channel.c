#include "channel.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char in[1 << 16];
static size_t in_from, in_to;

static char out[1 << 16];
static size_t out_used;
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;

/* A serial port that its other end has not opened reads as ended. */
static const struct timespec PORT_WAIT = {.tv_nsec = 20 * 1000 * 1000};

/* Reads on; false at the end. */
static bool more(bool port)
{
	if (in_from > 0) {
		memmove(in, in + in_from, in_to - in_from);
		in_to -= in_from;
		in_from = 0;
	}
	if (in_to == sizeof(in) - 1) {
		fprintf(stderr, "executor: a line of more than %zu bytes\n", sizeof(in));
		exit(2);
	}
	for (;;) {
		ssize_t got = read(STDIN_FILENO, in + in_to, sizeof(in) - 1 - in_to);
		if (got > 0) {
			in_to += (size_t)got;
			return true;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && !(port && errno == EAGAIN))
			return false;
		if (!port)
			return false;
		nanosleep(&PORT_WAIT, NULL);
	}
}

char *channel_line(bool port)
{
	size_t seen = 0;
	for (;;) {
		char *end = memchr(in + in_from + seen, '\n', in_to - in_from - seen);
		if (end) {
			char *line = in + in_from;
			*end = '\0';
			in_from = (size_t)(end + 1 - in);
			return line;
		}
		seen = in_to - in_from;
		if (!more(port))
			return NULL;
	}
}

static void send(void)
{
	for (size_t sent = 0; sent < out_used;) {
		ssize_t n = write(STDOUT_FILENO, out + sent, out_used - sent);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			_exit(1); /* Nobody is there to be told. */
		sent += (size_t)n;
	}
	out_used = 0;
}

void channel_say(const char *format, ...)
{
	char line[512];
	va_list args;
	va_start(args, format);
	int length = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (length > (int)sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	pthread_mutex_lock(&out_lock);
	if (out_used + (size_t)length > sizeof(out))
		send();
	memcpy(out + out_used, line, (size_t)length);
	out_used += (size_t)length;
	pthread_mutex_unlock(&out_lock);
}

void channel_flush(void)
{
	pthread_mutex_lock(&out_lock);
	send();
	pthread_mutex_unlock(&out_lock);
}
