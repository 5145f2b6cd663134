/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other ways to the same file: which mount the path goes through, how the descriptor was come by,
 * who the caller is. The operation itself is the same.
 */
#ifndef STATICDAX_TESTS_CONTEXT_H
#define STATICDAX_TESTS_CONTEXT_H

#include "contract.h"
#include "judge.h"

struct context {
	const char *name;
	char letter; /* by which it is asked for */
	enum way_rule rule;
	bool only_open; /* makes descriptors: nothing for operations that take a path */
	/* Once for all operations, in the directory of the files. 0 or -errno. */
	int (*set_up)(void);
	void (*tear_down)(void);
	/* Before each operation. 0 or -errno. */
	int (*renew)(void);
	/* The same in the operation's process. 0, else -1 and errno. */
	int (*enter)(void);
	/* Instead of open(2). */
	int (*open)(const char *path, int flags);
};

extern const struct context contexts[];
extern const size_t context_count;

/* Is it among the letters? */
bool context_is_named(const struct context *context, const char *letters);

/* Has the operation anything to do with the context? */
bool context_suits(const struct context *context, const struct op_group *group,
		   const struct op *op);

#endif
