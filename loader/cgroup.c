// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a cgroup's id to its path. The id is what a file handle of kernfs
 * consists of, so the kernel finds the directory.
 */
#define _GNU_SOURCE
#include "cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "util.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define FILEID_KERNFS 0xfe /* include/linux/exportfs.h */

char *cgroup_path(uint64_t id)
{
	_cleanup_close_ int root = -1, fd = -1;
	char link[64], path[PATH_MAX];
	const size_t skip = strlen(CGROUP_ROOT);
	union {
		struct file_handle handle;
		char space[sizeof(struct file_handle) + sizeof(id)];
	} h = { .handle = { .handle_bytes = sizeof(id),
			    .handle_type = FILEID_KERNFS } };
	ssize_t n;

	memcpy(h.space + sizeof(h.handle), &id, sizeof(id));
	root = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return NULL;
	fd = open_by_handle_at(root, &h.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < (ssize_t)skip || memcmp(path, CGROUP_ROOT, skip))
		return NULL;
	path[n] = '\0';
	return strdup(path[skip] ? path + skip : "/");
}
