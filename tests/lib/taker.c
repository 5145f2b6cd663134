// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tries in turn, until SIGTERM, to take a sealed file or what is in it away:
 * taker names|opens FILE. By its name, which no lease holds up, or also through
 * descriptors, each of which breaks one. Says how often it tried, and how often it
 * succeeded, which is the exit status.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_term(int signal)
{
	(void)signal;
	stop = true;
}

static bool by_name(const char *path)
{
	char other[256];

	snprintf(other, sizeof(other), "%s.taken", path);
	return !unlink(path) || !rename(path, other);
}

static bool by_descriptor(const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_CLOEXEC);
	bool taken = fd >= 0;

	if (!taken)
		fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	taken |= !ftruncate(fd, 4096);
	taken |= !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			    4096);
	close(fd);
	return taken;
}

int main(int argc, char **argv)
{
	unsigned long tries = 0, taken = 0;
	bool opens;

	if (argc != 3)
		return 2;
	opens = !strcmp(argv[1], "opens");
	signal(SIGTERM, on_term);
	for (; !stop; tries++)
		taken += opens ? by_descriptor(argv[2]) : by_name(argv[2]);
	printf("%lu tries, %lu successes\n", tries, taken);
	return tries < 100 ? 3 : taken > 0;
}
