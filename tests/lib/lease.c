// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lease read|write FILE: takes a lease on a file, says its own pid, and lets go only when
 * the kernel breaks it, or when killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	bool writes = argc == 3 && !strcmp(argv[1], "write");
	int fd = argc == 3 ? open(argv[2], writes ? O_RDWR : O_RDONLY) : -1;

	if (fd < 0 || fcntl(fd, F_SETSIG, SIGURG) < 0 ||
	    fcntl(fd, F_SETLEASE, writes ? F_WRLCK : F_RDLCK) < 0)
		return 1;
	printf("%d\n", getpid());
	fflush(stdout);
	for (;;)
		pause();
}
