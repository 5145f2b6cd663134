/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy asks for on this system now: its patterns become files, each
 * once.
 */
#ifndef SDAX_PLAN_H
#define SDAX_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "policy.h"

struct plan_file {
	char *path;
	const struct policy_rule *rule;
	bool none;		/* path is a pattern that matches no file ... */
	bool taken;		/* ... or what a rule names that is left no file by others */
	char *unread;		/* what could not be read where it leads, or NULL */
	bool unmounted;		/* unread is a mount point, and error is ENODEV */
	int error;		/* 0, or why it, or that, cannot be looked at */
	dev_t dev;		/* of stat(2), if there is a file */
	ino_t ino;
	size_t order;		/* in the policy */
};

struct plan {
	struct plan_file *files;	/* in the order of the policy */
	size_t count;
	size_t room;
	struct plan_file *by_inode;	/* those that there are, sorted */
	size_t by_inode_count;
};

/*
 * Expands every rule. A path names its file whether it exists or not; a pattern
 * names the regular files it matches, and stands for itself if there are none, and
 * once more if what cannot be read, or is not mounted, may hide others. For one file
 * a path goes before a pattern, and what comes first before the rest; a rule that is
 * left no file stands for itself as well. EINVAL: two rules of the same rank
 * ask different things of a file; ret_error names both. ENOMEM, EIO. The plan refers
 * to the policy.
 */
int plan_make(const struct policy *policy, struct plan *ret,
	      struct policy_error *ret_error);
void plan_done(struct plan *plan);

/* Was everything read that a pattern may lead to? */
bool plan_is_whole(const struct plan *plan);

/* Does the plan want the file of this device and inode number? */
bool plan_wants(const struct plan *plan, dev_t dev, ino_t ino);

#endif
