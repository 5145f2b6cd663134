// SPDX-License-Identifier: LGPL-2.1-or-later
/* Asks the loop devices which files they are attached to. */
#define _GNU_SOURCE
#include "loops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util.h"

#define BLOCK_DIR "/sys/block"

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Only while something is attached to it. */
static bool is_attached(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), BLOCK_DIR "/%s/loop/backing_file", name);
	return !access(path, F_OK);
}

/*
 * By the numbers of the file, since its path in sysfs need not lead to it from here.
 * What does not answer may have it.
 */
static bool may_have(const char *name, dev_t dev, ino_t ino)
{
	_cleanup_close_ int fd = -1;
	struct loop_info64 info;
	char path[300];

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
		return is_attached(name);
	return info.lo_device == dev && info.lo_inode == ino;
}

int sdax_loops_find(dev_t dev, ino_t ino, char *name, size_t size)
{
	__attribute__((cleanup(dir_close))) DIR *dir = opendir(BLOCK_DIR);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((errno = 0, entry = readdir(dir))) {
		if (strncmp(entry->d_name, "loop", 4) != 0 ||
		    !is_attached(entry->d_name) ||
		    !may_have(entry->d_name, dev, ino))
			continue;
		snprintf(name, size, "%s", entry->d_name);
		return 1;
	}
	return -errno;
}
