/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_TOOL_H
#define STATICDAX_TESTS_TOOL_H

/* exit codes of staticdax that the tests tell apart */
#define TOOL_DONE 0
#define TOOL_NO 1
#define TOOL_CANNOT 4

enum seal_mode {
	MODE_STATIC,
	MODE_SWAPFILE,
	MODE_NOSHRINK,
	MODE_AUDIT, /* static, but only reported */
	MODES,
};

/* Finds the program before the test changes its directory. 0 or -errno. */
int tool_find(void);

/*
 * Run the program on a list of files that ends with NULL, and return its exit code, or -errno.
 * What it printed is in tool_output() afterwards.
 */
int tool_seal(enum seal_mode mode, const char *const *files);
int tool_unseal(const char *const *files);
int tool_get(const char *const *files);
int tool_list(void);

/* At most 256 KiB of it. */
const char *tool_output(void);

/* Runs any program and keeps its output likewise; argv[0] is looked up in PATH. */
int tool_spawn(char *const *argv);

#endif
