/* The one stream to whoever asks: lines in, lines out. It may be a pipe, a socket or a serial port, so nothing seeks. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>

/* The next line without its end, valid until the next call; NULL when there are no more. A port that nobody has open yet is waited for. */
char *channel_line(bool port);

/* Adds a line. It is sent at the next flush, or earlier when there is much. */
void channel_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void channel_flush(void);

#endif
