// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command in a Landlock sandbox that handles all it can of files, and
 * allows everything: what others pay for another way to restrict.
 *
 * Usage: landlock COMMAND [ARG...]
 * Exit status 4: this kernel has none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How many rights of files each version of the interface has, from 1 on. */
static const int rights[] = { 13, 14, 15, 15, 16 };

static int sandbox(void)
{
	struct landlock_ruleset_attr attr = {};
	struct landlock_path_beneath_attr beneath = {};
	int most = sizeof(rights) / sizeof(*rights);
	int version, ruleset;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			  LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return -errno;
	if (version > most)
		version = most;
	attr.handled_access_fs = (1ULL << rights[version - 1]) - 1;
	ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	beneath.allowed_access = attr.handled_access_fs;
	beneath.parent_fd = open("/", O_PATH | O_CLOEXEC);
	if (ruleset < 0 || beneath.parent_fd < 0 ||
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		    &beneath, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0))
		return -errno;
	close(beneath.parent_fd);
	close(ruleset);
	return 0;
}

int main(int argc, char **argv)
{
	int r;

	if (argc < 2)
		return 2;
	r = sandbox();
	if (r) {
		fprintf(stderr, "landlock: %s\n", strerror(-r));
		return 4;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 3;
}
