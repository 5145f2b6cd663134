// SPDX-License-Identifier: GPL-2.0-or-later
/* Which mount point of an fstab a path leads through, where nothing is mounted. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "fstab.h"
#include "util.h"

static char dir[] = "/tmp/fstab-XXXXXX";

/* The text with the directory in the place of each %. */
static void write_text(const char *name, const char *text)
{
	_cleanup_fclose_ FILE *out = fopen(name, "we");

	if (!out)
		abort();
	for (; *text; text++)
		if (*text == '%')
			fputs(dir, out);
		else
			fputc(*text, out);
}

/* Is that the point below the directory, NULL being none? */
static bool is(const char *pattern, const char *point)
{
	_cleanup_free_ char *whole = NULL;
	_cleanup_free_ char *got = NULL;

	if (asprintf(&whole, "%s%s", dir, pattern) < 0)
		abort();
	got = fstab_unmounted_by("fstab", "mountinfo", whole);
	return got && point ? !strcmp(got + strlen(dir), point) : !got && !point;
}

static void test_paths(void)
{
	tap_ok(is("/late/f", "/late"), "a path below");
	tap_ok(is("/late/a/b", "/late"), "and farther below");
	tap_ok(is("/later/f", NULL), "not one that begins alike");
	tap_ok(is("/late", NULL), "nor the mount point itself");
	tap_ok(is("/here/f", NULL), "nor where something is mounted");
	tap_ok(is("/here/in/f", "/here/in"), "but below that");
	tap_ok(is("/link/f", NULL), "nor where a link leads there");
	tap_ok(is("/a b/f", "/a b"), "a name with a space");
	tap_ok(is("/gone/f", "/gone"), "a directory that is not there");
	tap_ok(is("/other/f", NULL), "what fstab does not have");
}

static void test_patterns(void)
{
	tap_ok(is("/late/*.img", "/late"), "a pattern below");
	tap_ok(is("/l*/f", "/late"), "one that leads through it");
	tap_ok(is("/h*/f", NULL), "not one that leads through others");
	tap_ok(is("/l*", NULL), "nor one that ends there");
	tap_ok(is("/*/in/f", "/here/in"), "nor over a slash");
}

int main(void)
{
	if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("late", 0700) < 0 ||
	    mkdir("here", 0700) < 0 || mkdir("here/in", 0700) < 0 ||
	    mkdir("a b", 0700) < 0 || symlink("here", "link") < 0)
		abort();
	write_text("fstab", "# a comment\n"
		   "/dev/a / ext4 defaults 0 1\n/dev/b none swap sw 0 0\n"
		   "/dev/c %/here ext4 defaults 0 2\n/dev/c %/link ext4 nofail 0 2\n"
		   "/dev/d %/here/in/ ext4 nofail 0 2\n/dev/e %/late ext4 noauto 0 2\n"
		   "/dev/f %/a\\040b ext4 nofail 0 2\n/dev/g %/gone ext4 nofail 0 2\n");
	write_text("mountinfo", "22 1 8:1 / / rw - ext4 /dev/a rw\n"
		   "23 22 8:2 / %/here rw - ext4 /dev/c rw\n");
	test_paths();
	test_patterns();
	tap_ok(!fstab_unmounted_by("none", "mountinfo", "/late/f"), "no fstab");
	unlink("fstab");
	unlink("mountinfo");
	unlink("link");
	rmdir("a b");
	rmdir("here/in");
	rmdir("here");
	rmdir("late");
	rmdir(dir);
	return tap_done();
}
