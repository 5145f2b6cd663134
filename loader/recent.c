// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the files of one go have in common. */
#define _GNU_SOURCE
#include "recent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

static void forget_device(struct sdax_recent *recent)
{
	sdax_device_free(recent->device);
	recent->device = NULL;
}

static void forget_directory(struct sdax_recent *recent)
{
	free(recent->directory);
	free(recent->real);
	recent->directory = recent->real = NULL;
}

void sdax_recent_done(struct sdax_recent *recent)
{
	sdax_store_close(&recent->store);
	forget_device(recent);
	forget_directory(recent);
}

int sdax_recent_store(struct sdax_recent *recent,
		      const struct sdax_store **ret_store)
{
	int r;

	if (seconds() - recent->store_at > 1 ||
	    !sdax_store_is_pinned(&recent->store)) {
		sdax_store_close(&recent->store);
		r = sdax_store_open(false, &recent->store);
		if (r < 0)
			return r;
		recent->store_at = seconds();
	}
	*ret_store = &recent->store;
	return 0;
}

int sdax_recent_device(struct sdax_recent *recent,
		       const struct sdax_target *target,
		       struct sdax_device **ret_device)
{
	int r;

	if (!recent->device || recent->dev != target->dev ||
	    recent->realtime != target->realtime ||
	    seconds() - recent->device_at > 1) {
		forget_device(recent);
		r = sdax_device_open(target->dev, target->realtime,
				     &recent->device);
		if (r < 0 && r != -ENODATA)
			return r;
		recent->dev = target->dev;
		recent->realtime = target->realtime;
		recent->device_at = seconds();
	}
	*ret_device = recent->device;
	return 0;
}

static bool names_file(FILE *swaps)
{
	char line[4352], type[16];

	while (fgets(line, sizeof(line), swaps))
		if (sscanf(line, "%*s %15s", type) == 1 &&
		    !strcmp(type, "file"))
			return true;
	return false;
}

bool sdax_recent_is_swap(struct sdax_recent *recent,
			 const struct sdax_target *target)
{
	_cleanup_fclose_ FILE *swaps = NULL;

	if (recent->no_swaps && seconds() - recent->swaps_at <= 1)
		return false;
	swaps = fopen("/proc/swaps", "re");
	recent->no_swaps = swaps && !names_file(swaps) && !ferror(swaps);
	recent->swaps_at = seconds();
	return !recent->no_swaps && sdax_target_is_swap(target);
}

/* With the slash. */
static size_t directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash - path + 1 : 0;
}

static bool leads_to(const char *path, const struct sdax_target *target)
{
	struct stat st;

	return !lstat(path, &st) && st.st_dev == target->dev &&
	       st.st_ino == target->ino;
}

/* By the way to its directory as it was for the file before, if that still leads there. */
static char *path_beside(const struct sdax_recent *recent, const char *path,
			 const struct sdax_target *target)
{
	size_t length = directory_length(path);
	_cleanup_free_ char *full = NULL;

	if (!recent->directory || strlen(recent->directory) != length ||
	    memcmp(recent->directory, path, length))
		return NULL;
	if (asprintf(&full, "%s%s", recent->real, path + length) < 0)
		full = NULL;
	return full && leads_to(full, target) ? TAKE_PTR(full) : NULL;
}

char *sdax_recent_path(struct sdax_recent *recent, const char *path,
		       const struct sdax_target *target)
{
	char *full = path_beside(recent, path, target);

	if (full)
		return full;
	forget_directory(recent);
	full = realpath(path, NULL);
	if (!full)
		return NULL;
	recent->directory = strndup(path, directory_length(path));
	recent->real = strndup(full, directory_length(full));
	if (!recent->directory || !recent->real)
		forget_directory(recent);
	return full;
}
