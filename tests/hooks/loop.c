// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding and clearing loop devices.
 */
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "contract.h"
#include "loop.h"

int loop_open_free(char *name, unsigned int name_length)
{
	_cleanup_close_ int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	char path[32];
	int number, fd;

	if (control < 0)
		return -errno;
	number = ioctl(control, LOOP_CTL_GET_FREE);
	if (number < 0)
		return -errno;
	snprintf(path, sizeof(path), "/dev/loop%d", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (name)
		snprintf(name, name_length, "%s", path);
	return fd;
}

void loop_detach(int loop_fd)
{
	/* with another opener around, a device manager for one, the last close does it */
	ioctl(loop_fd, LOOP_CLR_FD);
}
