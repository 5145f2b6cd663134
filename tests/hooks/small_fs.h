/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_SMALL_FS_H
#define STATICDAX_TESTS_SMALL_FS_H

#include "tool.h"

/* A filesystem of the test's own, which may be mounted and unmounted at will. */
struct small_fs {
	const char *type;
	char directory[64]; /* a tmpfs: holds the image and the mount points */
	char image[80], mnt[80], bind[80], file[96], peer[96], quota[96];
	char device[32];
	int loop;
	char why[256]; /* could not be made */
};

/*
 * Makes, mounts and fills it with three fit files, for a type of "ext4" or "xfs". 0, or an error
 * with its reason in why. To be dropped in either case.
 */
int small_fs_make(struct small_fs *s);
void small_fs_drop(struct small_fs *s);

/* Mounts it again. 0 or -errno. */
int small_fs_mount(const struct small_fs *s);

#endif
