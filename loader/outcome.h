/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a path: the complete result, its line on stderr, its rank. */
#ifndef SDAX_OUTCOME_H
#define SDAX_OUTCOME_H

#include "staticdax.h"

/* For calls that say no more than an errno; r is 0 or negative. */
struct staticdax_result outcome_of_errno(int r);

/* Sees to it that a call that failed with r has a reason. */
void outcome_settle(struct staticdax_result *result, int r);

/*
 * One line, and who has the file open, unless there is nothing to say. path
 * NULL: it is not about a single one.
 */
void outcome_log(const char *path, const struct staticdax_result *result);

/* The one of two that a script must hear about. */
enum staticdax_answer outcome_worse(enum staticdax_answer a,
				    enum staticdax_answer b);

#endif
