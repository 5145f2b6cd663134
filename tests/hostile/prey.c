// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must not change about the file that is hunted.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../hooks/contract.h"
#include "prey.h"

int prey_remember(struct prey *prey, const char *path)
{
	prey->path = path;
	return snapshot_take(path, &prey->before);
}

/* The pattern of fit_create(): word number i is (i + 1) times a constant. */
static bool is_untouched(const uint64_t *words, off_t pos)
{
	for (size_t i = 0; i < BLOCK / sizeof(*words); i++)
		if (words[i] != (pos / sizeof(*words) + i + 1) * 0x9e3779b97f4a7c15ULL)
			return false;
	return true;
}

static bool even_blocks_are_untouched(const char *path, char *why, size_t length)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t words[BLOCK / sizeof(uint64_t)];

	for (off_t pos = 0; pos < FIT_SIZE; pos += 2 * BLOCK) {
		if (pread(fd, words, BLOCK, pos) != BLOCK) {
			snprintf(why, length, "cannot read at %lld: %s", (long long)pos,
				 strerror(errno));
			return false;
		}
		if (!is_untouched(words, pos)) {
			snprintf(why, length, "the block at %lld was written, which nothing may",
				 (long long)pos);
			return false;
		}
	}
	return true;
}

bool prey_is_whole(const struct prey *prey, char *why, size_t length)
{
	struct snapshot now;
	int r = snapshot_take(prey->path, &now);

	if (r) {
		snprintf(why, length, "cannot look at it: %s", strerror(-r));
		return false;
	}
	return !snapshot_compare(&prey->before, &now, 1, why, length) &&
	       even_blocks_are_untouched(prey->path, why, length);
}

uint64_t content_hash(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */
	unsigned char bytes[BLOCK];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++)
			hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return n < 0 ? (uint64_t)-errno : hash;
}
