/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What staticdax apply says about a file.
 *
 * JSON: elements of "files" are those of seal and unseal, and
 *   action     "none" (path is a pattern that matches no file), "taken" (what a rule
 *              names whose files all have another), "search" (a pattern; what cannot
 *              be read may hide some of its files), "keep" (it is so already),
 *              "seal", "change" (it is sealed in another way), "unseal"
 *   was        of "change": the mode, audit and align that it had; else null
 *   policy     "FILE:LINE" of the rule, null for "unseal"
 * With --dry-run changed is false, and answer is what the action would meet.
 */
#ifndef SDAX_REPORT_APPLY_H
#define SDAX_REPORT_APPLY_H

#include <stdbool.h>

#include "policy.h"

struct report;

enum apply_action {
	APPLY_NONE = 0,
	APPLY_TAKEN,
	APPLY_SEARCH,
	APPLY_KEEP,
	APPLY_SEAL,
	APPLY_CHANGE,
	APPLY_UNSEAL,
};

struct applied {
	const char *path;	/* of the first three what the rule names; NULL: not known */
	const struct policy_rule *rule;		/* NULL: no rule wants it */
	enum apply_action action;
	bool dry_run;
	enum staticdax_mode was_mode;		/* of APPLY_CHANGE, as the next two */
	bool was_audit;
	uint64_t was_align;
	struct staticdax_result result;
};

void report_applied(struct report *report, const struct applied *applied);

#endif
