/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done to a file while it is being sealed, one thing a row.
 */
#ifndef STATICDAX_TESTS_MUTATORS_H
#define STATICDAX_TESTS_MUTATORS_H

#include <stdbool.h>
#include <stddef.h>

/* in the working directory: the file, and one beside it that is never sealed */
#define PATH "hunted"
#define PEER "peer"

struct mutator {
	const char *name;
	int (*once)(void); /* 0 or -errno; begins and ends with the file closed */
	bool harmless; /* must pass whether sealed or not */
	unsigned int only; /* enum file_system */
};

extern const struct mutator mutators[];
extern const size_t mutator_count;

#endif
