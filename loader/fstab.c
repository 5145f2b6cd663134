// SPDX-License-Identifier: GPL-2.0-or-later
/* What is to be mounted and is not yet. */
#define _GNU_SOURCE
#include "fstab.h"

#include <errno.h>
#include <fnmatch.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mounts.h"
#include "util.h"

static void closep(FILE **fstab)
{
	if (*fstab)
		endmntent(*fstab);
}

static size_t count_slashes(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* Where the component ends that is the nth, and others follow; or NULL. */
static const char *end_of_component(const char *pattern, size_t n)
{
	const char *end = pattern;

	for (; n; n--) {
		end = strchr(end + 1, '/');
		if (!end)
			return NULL;
	}
	return end;
}

/* Does the way to what the pattern names lead through this directory? */
static bool leads_through(const char *pattern, const char *point)
{
	_cleanup_free_ char *way = NULL;
	const char *end;

	if (point[0] != '/' || !point[1] || pattern[0] != '/')
		return false;
	end = end_of_component(pattern, count_slashes(point));
	way = end ? strndup(pattern, end - pattern) : NULL;
	return way && !fnmatch(way, point, FNM_PATHNAME | FNM_PERIOD);
}

static int is_at(void *arg, const struct sdax_mount *mount)
{
	return !strcmp(mount->point, arg);
}

/* Not if that cannot be told. */
static bool is_unmounted(const char *mountinfo, const char *point)
{
	_cleanup_free_ char *real = realpath(point, NULL);

	if (!real)
		return errno == ENOENT;
	return sdax_mounts_walk(mountinfo, is_at, real) == 0;
}

char *fstab_unmounted_by(const char *fstab, const char *mountinfo,
			 const char *pattern)
{
	_cleanup_(closep) FILE *in = setmntent(fstab, "re");
	struct mntent mount;
	char text[8192];
	size_t length;

	while (in && getmntent_r(in, &mount, text, sizeof(text))) {
		length = strlen(mount.mnt_dir);
		while (length > 1 && mount.mnt_dir[length - 1] == '/')
			mount.mnt_dir[--length] = '\0';
		if (leads_through(pattern, mount.mnt_dir) &&
		    is_unmounted(mountinfo, mount.mnt_dir))
			return strdup(mount.mnt_dir);
	}
	return NULL;
}

char *fstab_unmounted(const char *pattern)
{
	return fstab_unmounted_by("/etc/fstab", "/proc/self/mountinfo", pattern);
}
