// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes a lease on a file, says its own pid, and keeps it until it is killed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || fcntl(fd, F_SETSIG, SIGURG) < 0 ||
	    fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return 1;
	printf("%d\n", getpid());
	fflush(stdout);
	for (;;)
		pause();
}
