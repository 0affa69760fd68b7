/* Loads and stores of the process itself, which may raise SIGBUS or SIGSEGV. */
#ifndef HOST_H
#define HOST_H

#include "answer.h"

void host_init(void);
void host_read(const char *at, struct answer *answer);
void host_write(char *at, uint8_t value, struct answer *answer);

#endif
