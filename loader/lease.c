// SPDX-License-Identifier: LGPL-2.1-or-later
/* The write lease: nobody else has the file open or mapped. */
#define _GNU_SOURCE
#include "lease.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

/*
 * The signal of a broken lease would kill a program that does not expect it:
 * it becomes one that is ignored, and nobody is to get it.
 */
int sdax_lease_take(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG) < 0 ||
	    fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
		return -errno;
	fcntl(fd, F_SETOWN, 0);
	return 0;
}

void sdax_lease_drop(int fd)
{
	fcntl(fd, F_SETLEASE, F_UNLCK);
}

/* While somebody waits, the kernel tells what the lease is to become. */
bool sdax_lease_undisturbed(int fd)
{
	return fcntl(fd, F_GETLEASE) == F_WRLCK;
}
