/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy files: which files are to be sealed, and how.
 *
 * A policy file is YAML: a mapping from an absolute path, or a pattern of
 * glob(7), to a mapping of options, which may be empty.
 *
 *   /srv/vm/disk?.img:
 *     align: 2M		# as --align
 *     mode: swapfile		# as --mode
 *     dax: no			# as --no-dax; yes is the default
 *     audit: no		# as --audit; no is the default
 */
#ifndef SDAX_POLICY_H
#define SDAX_POLICY_H

#include <stddef.h>
#include <stdio.h>

#include "staticdax.h"

#define POLICY_DIR "/etc/staticdax.d"
#define POLICY_SUFFIX ".conf"

struct policy_rule {
	char *pattern;
	bool exact;			/* a path, nothing to expand */
	struct staticdax_options options;
	const char *file;		/* the policy's */
	unsigned int line, column;	/* from 1, of the pattern */
};

struct policy {
	struct policy_rule *rules;	/* in the order they were read */
	size_t count;
	size_t room;
	char **files;
	size_t files_count;
};

struct policy_error {
	char *file;			/* policy_error_done() frees it */
	unsigned int line;		/* from 1; 0: it is about the file */
	unsigned int column;
	char text[256];			/* what is wrong, and what would do */
};

/*
 * Adds the rules of in, called name in messages. EINVAL: ret_error says where
 * and why. ENOMEM, EIO. After a failure the policy is of no use but to be
 * freed.
 */
int policy_read(struct policy *policy, FILE *in, const char *name,
		struct policy_error *ret_error);

/*
 * Adds the rules of a file, or of a directory's files that end in .conf, in
 * the order of their names. EINVAL as above, also for a file that others than
 * root and whoever runs this could have written. Otherwise what open(2) says,
 * with ret_error about the file.
 */
int policy_read_path(struct policy *policy, const char *path,
		     struct policy_error *ret_error);

void policy_done(struct policy *policy);
void policy_error_done(struct policy_error *error);

/* Does the rule speak of path? */
bool policy_names(const struct policy_rule *rule, const char *path);

#endif
