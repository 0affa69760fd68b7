/*
 * rusage COMMAND ARGUMENT…: runs a command and writes "wall user sys peak" to file descriptor 3: seconds, and kilobytes of memory.
 * The exit code is the command's, or 128 and the signal that ended it.
 *
 * A program of its own, for what a process that was waited for has used is known to its parent alone; and a small one, for a child's peak
 * counts from the memory of the process that it was forked from.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REPORT 3
#define CANNOT_RUN 127

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: rusage COMMAND ARGUMENT...\n");
    return CANNOT_RUN;
  }
  fcntl(REPORT, F_SETFD, FD_CLOEXEC);
  const double begin = now();
  const pid_t child = fork();
  if (child == 0) {
    execvp(argv[1], argv + 1);
    fprintf(stderr, "rusage: cannot run %s: %s\n", argv[1], strerror(errno));
    _exit(CANNOT_RUN);
  }
  int status;
  struct rusage used;
  while (wait4(child, &status, 0, &used) < 0)
    if (errno != EINTR) {
      perror("rusage: wait4");
      return CANNOT_RUN;
    }
  dprintf(REPORT, "%.6f %.6f %.6f %ld\n", now() - begin, seconds(used.ru_utime), seconds(used.ru_stime),
          used.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
