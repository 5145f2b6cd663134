// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tries every operation on an unsealed file, a sealed one, its unsealed neighbour, and the first
 * again after unseal, on the filesystem of a given directory.
 *
 * What an unsealed file answers before anything is sealed is the kernel's own word (checked
 * against the row's list); neighbours and unsealed files must then answer the same.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../tap.h"
#include "attempt.h"
#include "contract.h"
#include "file.h"
#include "judge.h"
#include "mounts.h"
#include "tool.h"

static const struct op_group *const groups[] = {
	&ops_size, &ops_alloc, &ops_write, &ops_splice, &ops_async, &ops_uring, &ops_remap,
	&ops_flags, &ops_ioctl, &ops_name, &ops_attach, &ops_target, &ops_overlay, &ops_abi32,
	&ops_race, &ops_free,
};

static const char *const suffixes[] = {
	[PLAIN] = "plain", [SEALED] = "sealed", [NEAR] = "near", [AGAIN] = "again",
};

#define NAME_LENGTH 96

struct try {
	const struct op *op;
	int answers[STATES];
	bool sealed; /* the program said so */
	char path[STATES][NAME_LENGTH];
	char peer[STATES][NAME_LENGTH];
	struct snapshot before;
};

static struct {
	struct setting setting;
	const char *filter;
	bool unsealed_only;
	char label[16];
	struct try *tries;
	size_t count;
} test = { .filter = "*" };

static const char *errno_name(int r)
{
	return !r ? "0" : r <= OP_SKIP ? "no answer" : strerrorname_np(-r);
}

/* The name of a test says verdict and situation. */
static void name_test(const struct try *try, enum state state, char *name, size_t length)
{
	static const char *const situations[] = {
		[PLAIN] = "when_not_sealed",
		[SEALED] = "when_sealed",
		[NEAR] = "when_neighbour_is_sealed",
		[AGAIN] = "when_unsealed_again",
	};
	static const char *const modes[] = {
		[MODE_STATIC] = "", [MODE_SWAPFILE] = "_as_swapfile", [MODE_AUDIT] = "_to_audit",
	};
	bool denied = judge_denial(&test.setting, try->op, state) || try->op->flags & NEVER;

	snprintf(name, length, "%s: %s_%s_%s%s", test.label, denied ? "deny" : "allow",
		 try->op->name, situations[state], state == SEALED ? modes[test.setting.mode] : "");
}

static void explain(const struct try *try, enum state state)
{
	int due = judge_denial(&test.setting, try->op, state);

	if (due)
		tap_diag("got %s, expected %s", errno_name(try->answers[state]), errno_name(due));
	else if (state == PLAIN)
		tap_diag("got %s, which this operation's row does not list",
			 errno_name(try->answers[state]));
	else
		tap_diag("got %s, but %s before anything was sealed",
			 errno_name(try->answers[state]), errno_name(try->answers[PLAIN]));
}

/* Map and size stay as they are whatever the answer was; content does unless a write may pass. */
static bool is_unchanged(const struct try *try, char *text, size_t length)
{
	struct snapshot now;
	int r;

	text[0] = '\0';
	if (test.setting.mode == MODE_AUDIT)
		return true;
	r = snapshot_take(try->path[SEALED], &now);
	if (r) {
		snprintf(text, length, "cannot look at the file: %s", strerror(-r));
		return false;
	}
	return !snapshot_compare(&try->before, &now, judge_may_write(&test.setting, try->op),
				 text, length);
}

static void run_one(struct try *try, enum state state)
{
	char name[160], tag[NAME_LENGTH + 8], text[400] = "";
	/* what was sealed is the file of its last state as well */
	enum state file = state == AGAIN ? SEALED : state;
	struct target t = {
		.path = try->path[file],
		.peer = try->op->flags & WITH_PEER ? try->peer[file] : NULL,
		.tag = tag,
		.on = test.setting.on,
	};
	bool unchanged;

	snprintf(tag, sizeof(tag), "%s.%s", try->path[PLAIN], suffixes[state]);
	name_test(try, state, name, sizeof(name));
	if (state != PLAIN && try->answers[PLAIN] == OP_SKIP) {
		tap_skip("not tried on the plain file", "%s", name);
		return;
	}
	try->answers[state] = attempt(try->op, &t);
	unchanged = state != SEALED || is_unchanged(try, text, sizeof(text));
	if (state == PLAIN && try->answers[state] == OP_SKIP) {
		tap_skip(t.why, "%s", name);
		return;
	}
	if (tap_ok(judge_answer(&test.setting, try->op, try->answers, state) && unchanged, "%s", name))
		return;
	explain(try, state);
	if (t.why[0])
		tap_diag("%s", t.why);
	if (!unchanged)
		tap_diag("%s", text);
}

static int make_file(const struct op *op, const char *path)
{
	int r = fit_create(path);

	return r || !op->prepare ? r : op->prepare(path);
}

/* Fresh files for a state; one sync makes the lot fit. */
static void make_files(enum state state)
{
	_cleanup_close_ int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < test.count; i++) {
		struct try *try = &test.tries[i];
		int r;

		snprintf(try->path[state], NAME_LENGTH, "%s.%s", try->op->name, suffixes[state]);
		snprintf(try->peer[state], NAME_LENGTH, "%s.%s.peer", try->op->name,
			 suffixes[state]);
		r = make_file(try->op, try->path[state]);
		if (!r && try->op->flags & WITH_PEER)
			r = fit_create(try->peer[state]);
		if (r) {
			printf("Bail out! %s: %s\n", try->path[state], strerror(-r));
			exit(TAP_EXIT_NOT_OK);
		}
	}
	syncfs(directory);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_directory(const char *path)
{
	if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS))
		tap_diag("cannot remove %s: %s", path, strerror(errno));
}

/* The space is wanted for the next state's files. */
static void remove_files(enum state state)
{
	for (size_t i = 0; i < test.count; i++) {
		unlink(test.tries[i].path[state]);
		unlink(test.tries[i].peer[state]);
	}
}

/* Those that are there: in audit mode some were unlinked or renamed, and really so. */
static const char **list_files(enum state state)
{
	const char **files = calloc(test.count + 1, sizeof(*files));
	size_t n = 0;

	for (size_t i = 0; files && i < test.count; i++)
		if (!access(test.tries[i].path[state], F_OK))
			files[n++] = test.tries[i].path[state];
	return files;
}

static void diag_output(void)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s", tool_output());
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		tap_diag("staticdax: %s", line);
}

/* Says which files are sealed, by asking for them one by one if it must. */
static void note_sealed(const char *const *files)
{
	bool all = tool_get(files) == TOOL_DONE;

	for (size_t i = 0; i < test.count; i++) {
		const char *one[] = { test.tries[i].path[SEALED], NULL };

		test.tries[i].sealed = all || tool_get(one) == TOOL_DONE;
	}
}

/* A file that is only watched is not protected, and get says so. */
static void note_audited(const char *const *files, bool sealed)
{
	tap_ok(tool_get(files) == TOOL_NO, "%s: get_says_no_to_audit", test.label);
	for (size_t i = 0; i < test.count; i++)
		test.tries[i].sealed = sealed;
}

/* One alone first: where nothing can be sealed, hundreds of refusals would take long to say so. */
static int seal_probe(void)
{
	const char *files[] = { "probe", NULL };
	int r = fit_create("probe");

	sync();
	r = r ? r : tool_seal(test.setting.mode, files);
	if (r == TOOL_DONE)
		r = tool_unseal(files);
	return r;
}

static bool seal_all(void)
{
	const char **files = list_files(SEALED);
	int r = seal_probe();
	bool possible = r == TOOL_DONE;

	if (possible)
		r = tool_seal(test.setting.mode, files);
	if (r == TOOL_CANNOT) {
		tap_skip("this kernel cannot", "%s: seal", test.label);
		diag_output();
	} else if (!tap_ok(r == TOOL_DONE, "%s: seal", test.label)) {
		tap_diag("seal: exit code %d", r);
		diag_output();
	}
	if (possible && test.setting.mode == MODE_AUDIT)
		note_audited(files, r == TOOL_DONE);
	else if (possible)
		note_sealed(files);
	free(files);
	return possible;
}

static void unseal_all(void)
{
	const char **files = list_files(SEALED);
	int r = tool_unseal(files);

	if (!tap_ok(r == TOOL_DONE, "%s: unseal", test.label)) {
		tap_diag("unseal: exit code %d", r);
		diag_output();
	}
	free(files);
}

static void run_sealed(struct try *try)
{
	char name[160];
	int r;

	name_test(try, SEALED, name, sizeof(name));
	if (!try->sealed) {
		tap_ok(false, "%s", name);
		tap_diag("the file is not sealed");
		return;
	}
	r = snapshot_take(try->path[SEALED], &try->before);
	if (r) {
		tap_ok(false, "%s", name);
		tap_diag("cannot look at the file: %s", strerror(-r));
		return;
	}
	run_one(try, SEALED);
}

/* Late effects: of a worker, of writeback, of what one operation did to another's file. */
static void test_all_unchanged(void)
{
	unsigned int changed = 0;
	char text[400];

	if (test.setting.mode == MODE_AUDIT)
		return;
	sync();
	for (size_t i = 0; i < test.count; i++) {
		struct try *try = &test.tries[i];

		if (!try->sealed || is_unchanged(try, text, sizeof(text)))
			continue;
		tap_diag("%s: %s", try->path[SEALED], text);
		changed++;
	}
	tap_ok(!changed, "%s: no_sealed_file_has_changed", test.label);
}

static void run_plain(void)
{
	make_files(PLAIN);
	for (size_t i = 0; i < test.count; i++)
		run_one(&test.tries[i], PLAIN);
	remove_files(PLAIN);
}

static bool run_enforced(void)
{
	make_files(SEALED);
	make_files(NEAR);
	if (!seal_all())
		return false;
	for (size_t i = 0; i < test.count; i++) {
		run_sealed(&test.tries[i]);
		run_one(&test.tries[i], NEAR);
	}
	test_all_unchanged();
	if (!fnmatch(test.filter, "umount", 0) && test.count)
		mounts_run(test.setting.on & ON_XFS ? "xfs" : "ext4", test.setting.mode);
	unseal_all();
	/* audited operations went through: there is no such file any more */
	for (size_t i = 0; test.setting.mode != MODE_AUDIT && i < test.count; i++)
		run_one(&test.tries[i], AGAIN);
	return true;
}

/* Where these are missing, the operations that want them say so and are skipped. */
static void load_modules(void)
{
	char *modprobe[] = { "modprobe", "-qa", "loop", "overlay", "configfs", "target_core_file",
			     "nvmet", NULL };

	tool_spawn(modprobe);
	mount("configfs", "/sys/kernel/config", "configfs", 0, NULL);
}

static bool find_file_system(const char *directory)
{
	struct statfs sfs;

	if (statfs(directory, &sfs))
		return false;
	if (sfs.f_type == EXT4_SUPER_MAGIC)
		test.setting.on = ON_EXT4;
	else if (sfs.f_type == XFS_SUPER_MAGIC)
		test.setting.on = ON_XFS;
	return test.setting.on != 0;
}

/* Only a file knows whether files here are DAX. */
static void find_dax(void)
{
	struct statx stx = { 0 };

	if (!fit_create("probe"))
		statx(AT_FDCWD, "probe", 0, STATX_BASIC_STATS, &stx);
	unlink("probe");
	test.setting.on |= stx.stx_attributes & STATX_ATTR_DAX ? ON_DAX : ON_PAGES;
	snprintf(test.label, sizeof(test.label), "%s%s", test.setting.on & ON_XFS ? "xfs" : "ext4",
		 test.setting.on & ON_DAX ? "-dax" : "");
}

static void choose_operations(void)
{
	size_t all = 0;

	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		all += groups[g]->count;
	test.tries = calloc(all, sizeof(*test.tries));
	if (!test.tries)
		exit(TAP_EXIT_NOT_OK);
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (size_t i = 0; i < groups[g]->count; i++) {
			const struct op *op = &groups[g]->ops[i];

			if (judge_applies(&test.setting, op->only) && !fnmatch(test.filter, op->name, 0))
				test.tries[test.count++].op = op;
		}
}

static void __attribute__((noreturn)) list_operations(void)
{
	static const char *const words[] = {
		[FREE] = "free", [IN_PLACE] = "in place", [DENIED] = "denied", [NAMED] = "named",
	};

	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (size_t i = 0; i < groups[g]->count; i++)
			printf("%-36s %s\n", groups[g]->ops[i].name,
			       words[groups[g]->ops[i].class]);
	exit(0);
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: contract [-m static|swapfile|audit] [-f OPERATION] "
			"[--unsealed-only] DIRECTORY\n"
			"       contract --list\n"
			"OPERATION may be a pattern. The program is $STATICDAX.\n");
	exit(2);
}

static enum seal_mode parse_mode(const char *word)
{
	static const char *const words[] = {
		[MODE_STATIC] = "static", [MODE_SWAPFILE] = "swapfile", [MODE_AUDIT] = "audit",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i]))
			return i;
	usage();
}

static const char *parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "unsealed-only", no_argument, NULL, 'u' },
		{ "list", no_argument, NULL, 'l' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "m:f:ul", options, NULL)) != -1) {
		if (c == 'm')
			test.setting.mode = parse_mode(optarg);
		else if (c == 'f')
			test.filter = optarg;
		else if (c == 'u')
			test.unsealed_only = true;
		else if (c == 'l')
			list_operations();
		else
			usage();
	}
	if (optind != argc - 1)
		usage();
	return argv[optind];
}

int main(int argc, char **argv)
{
	const char *directory = parse(argc, argv);
	char work[PATH_MAX + sizeof("/contract.XXXXXX")];
	bool complete = true;
	int r;

	if (!test.unsealed_only && tool_find())
		tap_skip_all("no program: STATICDAX does not name one");
	if (!find_file_system(directory))
		tap_skip_all("neither ext4 nor XFS");
	if (!realpath(directory, work) || !strcat(work, "/contract.XXXXXX") || !mkdtemp(work) ||
	    chdir(work)) {
		perror(directory);
		return TAP_EXIT_NOT_OK;
	}
	load_modules();
	find_dax();
	choose_operations();
	run_plain();
	if (!test.unsealed_only)
		complete = run_enforced();
	if (chdir("/"))
		perror("/");
	remove_directory(work);
	r = tap_done();
	return !r && !complete ? TAP_EXIT_SKIP : r;
}
