// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command and prints on standard error how many nanoseconds it took and
 * how many KiB it had in memory at most. Its status is the command's.
 *
 * Usage: timed COMMAND [ARG...]
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

int main(int argc, char **argv)
{
	long start = now();
	struct rusage used;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = vfork();
	if (!pid) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0)
		return 3;
	fprintf(stderr, "%ld %ld\n", now() - start, used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
