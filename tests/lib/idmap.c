// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * idmap DIRECTORY PLACE NAMESPACE: mounts the directory a second time, with the ids of
 * a user namespace (/proc/PID/ns/user), as containers have their volumes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int tree, users;

	if (argc != 4)
		return 2;
	users = open(argv[3], O_RDONLY | O_CLOEXEC);
	tree = syscall(SYS_open_tree, AT_FDCWD, argv[1],
		       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	attr.userns_fd = users;
	if (users < 0 || tree < 0 ||
	    syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr,
		    sizeof(attr)) ||
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, argv[2],
		    MOVE_MOUNT_F_EMPTY_PATH)) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
