/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mounted: the only reader of mountinfo. */
#ifndef SDAX_MOUNTS_H
#define SDAX_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Valid during the callback. */
struct sdax_mount {
	uint64_t id;		/* as statx() says, of all namespaces */
	dev_t dev;
	const char *point;
	const char *type;
	const char *options;	/* of the filesystem, not of this mount */
};

/* A result other than 0 ends the walk with it. */
typedef int (*sdax_mount_fn)(void *arg, const struct sdax_mount *mount);

/* path: "/proc/self/mountinfo". ENOENT and the like if it is not readable. */
int sdax_mounts_walk(const char *path, sdax_mount_fn fn, void *arg);

/*
 * Has the filesystem this option? What follows "=" is copied, or "". An option
 * that does not fit is not there.
 */
bool sdax_mounts_option(const struct sdax_mount *mount, const char *name,
			char *value, size_t size);

/* "\040" is a space, and so on; in place. So does /proc/swaps write names. */
void sdax_mounts_unescape(char *text);

#endif
