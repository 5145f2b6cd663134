/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_PREY_H
#define STATICDAX_TESTS_PREY_H

#include <stdbool.h>
#include <stddef.h>

#include "../hooks/file.h"

/* The file that is hunted, as it was when the hunt began. */
struct prey {
	const char *path;
	struct snapshot before;
};

/* 0 or -errno. */
int prey_remember(struct prey *prey, const char *path);

/*
 * Are map and size as they were, and the even blocks as fit_create() wrote them? Else why says
 * what is not. Not for two threads at once.
 */
bool prey_is_whole(const struct prey *prey, char *why, size_t length);

/* A hash of length and content, on any filesystem; -errno counts as one. */
uint64_t content_hash(const char *path);

#endif
