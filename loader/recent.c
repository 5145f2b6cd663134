// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the files of one go have in common. */
#define _GNU_SOURCE
#include "recent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
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

void sdax_recent_done(struct sdax_recent *recent)
{
	sdax_store_close(&recent->store);
	forget_device(recent);
	sdax_closep(&recent->swaps);
}

/* Maps are replaced by replacing their directory. */
static bool same_registry(const struct sdax_recent *recent,
			  const struct stat *pins)
{
	return recent->store.sealed >= 0 &&
	       recent->pins_dev == pins->st_dev &&
	       recent->pins_ino == pins->st_ino &&
	       seconds() - recent->store_at <= 1;
}

int sdax_recent_store(struct sdax_recent *recent,
		      const struct sdax_store **ret_store)
{
	struct stat pins;
	int r;

	r = stat(SDAX_PIN_DIR, &pins) < 0 ? -errno : 0;
	if (r < 0 || !same_registry(recent, &pins)) {
		sdax_store_close(&recent->store);
		r = r ?: sdax_store_open(false, &recent->store);
		if (r < 0)
			return r;
		recent->pins_dev = pins.st_dev;
		recent->pins_ino = pins.st_ino;
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

/* The kernel marks an open list once there is another, mm/swapfile.c, swaps_poll() */
static bool same_swaps(int swaps)
{
	struct pollfd list = { .fd = swaps, .events = POLLPRI };

	return swaps >= 0 && poll(&list, 1, 0) == 0;
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

	if (same_swaps(recent->swaps))
		return false;
	sdax_closep(&recent->swaps);
	recent->swaps = -1;
	swaps = fopen("/proc/swaps", "re");
	if (swaps && !names_file(swaps) && !ferror(swaps)) {
		recent->swaps = fcntl(fileno(swaps), F_DUPFD_CLOEXEC, 0);
		return false;
	}
	return sdax_target_is_swap(target);
}
