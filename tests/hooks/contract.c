// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tries every operation on an unsealed file, an active swapfile, a sealed file, its unsealed
 * neighbour, and the sealed one again after unseal, on the filesystem of a given directory; with
 * --brief only a sealed file and its neighbour, with --ways these by other ways to the file. Built
 * for 32 bit as well, which is another way into the kernel for all of it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../tap.h"
#include "cells.h"
#include "contract.h"
#include "differ.h"
#include "file.h"
#include "judge.h"
#include "tool.h"

static const struct op_group *const groups[] = {
	&ops_size, &ops_alloc, &ops_write, &ops_splice, &ops_async, &ops_uring, &ops_remap,
	&ops_flags, &ops_ioctl, &ops_name, &ops_attach, &ops_target, &ops_overlay, &ops_race,
	&ops_free,
#ifdef __x86_64__
	&ops_abi32,
#endif
};

static struct {
	struct matrix matrix;
	const char *filter, *ways;
	bool modes[MODES], unsealed_only;
} test = { .filter = "*" };

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
		test.matrix.setting.on = ON_EXT4;
	else if (sfs.f_type == XFS_SUPER_MAGIC)
		test.matrix.setting.on = ON_XFS;
	else if ((unsigned long)sfs.f_type == BTRFS_SUPER_MAGIC)
		test.matrix.setting.on = ON_BTRFS;
	else if (sfs.f_type == TMPFS_MAGIC)
		test.matrix.setting.on = ON_TMPFS;
	return test.matrix.setting.on != 0;
}

/* Only a file knows whether files here are DAX, and only its flags whether it has extents. */
static void find_kind(void)
{
	static char name[16];
	struct matrix *m = &test.matrix;
	struct statx stx = { 0 };
	int fd, flags = 0;

	if (!fit_create("probe"))
		statx(AT_FDCWD, "probe", 0, STATX_BASIC_STATS, &stx);
	fd = open("probe", O_RDONLY | O_CLOEXEC);
	ioctl(fd, FS_IOC_GETFLAGS, &flags);
	close(fd);
	unlink("probe");
	if (m->setting.on & (ON_BTRFS | ON_TMPFS)) {
		m->setting.on |= ON_PAGES;
		m->fs = m->setting.on & ON_BTRFS ? "btrfs" : "tmpfs";
		m->brief = true;
		m->mounts = false;
		return;
	}
	m->setting.on |= stx.stx_attributes & STATX_ATTR_DAX ? ON_DAX : ON_PAGES;
	if (m->setting.on & ON_EXT4 && !(flags & FS_EXTENT_FL))
		m->setting.on |= ON_EXT2;
	snprintf(name, sizeof(name), "%s%s%s",
		 m->setting.on & ON_XFS ? "xfs" : m->setting.on & ON_EXT2 ? "ext2" : "ext4",
		 m->setting.on & ON_DAX ? "-dax" : "", sizeof(long) == 4 ? "-32bit" : "");
	m->fs = name;
}

static void choose_operations(void)
{
	struct matrix *m = &test.matrix;
	size_t all = 0;

	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		all += groups[g]->count;
	m->tries = calloc(all, sizeof(*m->tries));
	if (!m->tries)
		exit(TAP_EXIT_NOT_OK);
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (size_t i = 0; i < groups[g]->count; i++) {
			const struct op *op = &groups[g]->ops[i];

			if (!judge_applies(&m->setting, op->only) ||
			    fnmatch(test.filter, op->name, FNM_EXTMATCH))
				continue;
			m->tries[m->count].group = groups[g];
			m->tries[m->count++].op = op;
		}
}

static void __attribute__((noreturn)) list_operations(void)
{
	static const char *const words[] = {
		[FREE] = "free", [IN_PLACE] = "in place", [ADDS] = "adds",
		[DENIED] = "denied", [NAMED] = "named",
	};

	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (size_t i = 0; i < groups[g]->count; i++)
			printf("%-36s %s\n", groups[g]->ops[i].name,
			       words[groups[g]->ops[i].class]);
	exit(0);
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: contract [-m static,swapfile,noshrink,audit] [-f OPERATION] [--one-file] "
			"[--brief] [--ways LETTERS] [--unsealed-only] DIRECTORY\n"
			"       contract --list\n"
			"OPERATION may be a pattern, also as @(ONE|OTHER). The program is $STATICDAX.\n");
	exit(2);
}

static void parse_modes(char *words)
{
	static const char *const names[] = {
		[MODE_STATIC] = "static", [MODE_SWAPFILE] = "swapfile", [MODE_NOSHRINK] = "noshrink", [MODE_AUDIT] = "audit",
	};

	for (char *word = strtok(words, ","); word; word = strtok(NULL, ",")) {
		size_t i = 0;

		while (i < MODES && strcmp(word, names[i]))
			i++;
		if (i == MODES)
			usage();
		test.modes[i] = true;
	}
}

static const char *parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "unsealed-only", no_argument, NULL, 'u' },
		{ "list", no_argument, NULL, 'l' },
		{ "ways", required_argument, NULL, 'w' },
		{ "brief", no_argument, NULL, 'b' },
		{ "one-file", no_argument, NULL, 'o' },
		{ 0 },
	};
	char modes[] = "static";
	int c;

	while ((c = getopt_long(argc, argv, "m:f:ulw:bo", options, NULL)) != -1) {
		if (c == 'm')
			parse_modes(optarg);
		else if (c == 'f')
			test.filter = optarg;
		else if (c == 'u')
			test.unsealed_only = true;
		else if (c == 'o')
			test.matrix.one_file = true;
		else if (c == 'b')
			test.matrix.brief = true;
		else if (c == 'w')
			test.ways = optarg;
		else if (c == 'l')
			list_operations();
		else
			usage();
	}
	if (optind != argc - 1)
		usage();
	if (!memchr(test.modes, true, sizeof(test.modes)))
		parse_modes(modes);
	test.matrix.brief |= test.ways != NULL;
	test.matrix.mounts = !test.matrix.brief && !fnmatch(test.filter, "umount", FNM_EXTMATCH);
	return argv[optind];
}

/*
 * A file elsewhere that stays sealed, of no filesystem that a seal on it would refuse anything to:
 * loading the programs anew for each mode would take most of the time.
 */
static const char *const bystander[] = { "/dev/shm/contract.bystander", NULL };

static void seal_bystander(void)
{
	int r;

	unlink(bystander[0]);
	r = fit_create(bystander[0]);
	r = r ? r : tool_seal(MODE_NOSHRINK, bystander);
	if (r)
		tap_diag("the programs are loaded for each mode: %s",
			 r < 0 ? strerror(-r) : tool_output());
}

static void unseal_bystander(void)
{
	tool_unseal(bystander);
	unlink(bystander[0]);
}

/* Mode after mode on fresh files, until nothing can be sealed. */
static bool run_modes(void)
{
	for (size_t mode = 0; mode < MODES; mode++) {
		test.matrix.setting.mode = mode;
		if (!test.modes[mode])
			continue;
		if (!(test.ways ? cells_by_ways(&test.matrix, test.ways) :
				  cells_sealed(&test.matrix)))
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	const char *directory = parse(argc, argv);
	char work[PATH_MAX + sizeof("/contract.XXXXXX")];
	bool complete = true;
	int r;

	if (!test.unsealed_only && tool_find())
		tap_skip_all("no program: STATICDAX does not name one");
	if (differ_read("tests/hooks/differences"))
		tap_skip_all("no list of differences: run from the top of the tree");
	if (!find_file_system(directory))
		tap_skip_all("none of ext4, XFS, btrfs and tmpfs");
	if (!realpath(directory, work) || !strcat(work, "/contract.XXXXXX") || !mkdtemp(work) ||
	    chdir(work)) {
		perror(directory);
		return TAP_EXIT_NOT_OK;
	}
	load_modules();
	find_kind();
	choose_operations();
	cells_plain(&test.matrix);
	if (!test.unsealed_only) {
		seal_bystander();
		complete = run_modes();
		unseal_bystander();
	}
	if (chdir("/"))
		perror("/");
	remove_directory(work);
	r = tap_done();
	return !r && !complete ? TAP_EXIT_SKIP : r;
}
