/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_FILE_H
#define STATICDAX_TESTS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SNAPSHOT_EXTENTS 64

struct snapshot {
	off_t size;
	uint64_t content; /* a hash */
	uint32_t used; /* a bit for each of the first 32 blocks that is not all zeros */
	unsigned int extents;
	struct {
		uint64_t logical, physical, length;
		uint32_t flags;
	} extent[SNAPSHOT_EXTENTS];
};

/* Makes a file that can be sealed once its filesystem is synced. 0 or -errno. */
int fit_create(const char *path);

/* Makes of an unsealed file, whatever became of it, what it was at first. 0 or -errno. */
int fit_again(const char *path);

/* Writes in place what it had at first. 0 or -errno. */
int fit_restore(const char *path);

/* The map and size of a file, and the hash of its content. 0 or -errno. */
int snapshot_take(const char *path, struct snapshot *ret_snapshot);

/*
 * Says in text what of the map, the size and (unless any_content) the content differs.
 * Returns the number of differences.
 */
int snapshot_compare(const struct snapshot *before, const struct snapshot *after, int any_content,
		     char *text, size_t length);

/*
 * Says in text what the file of fd, which may be O_PATH, has lost: it is shorter, or a block is all
 * zeros. Returns whether it has.
 */
bool snapshot_lost(const struct snapshot *before, int fd, char *text, size_t length);

#endif
