/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of one go have in common, looked up for the first of them and
 * kept in the handle: a second, and not even that if it can be told that it has
 * changed. Nothing here decides what is protected: who seals asks the kernel.
 */
#ifndef SDAX_RECENT_H
#define SDAX_RECENT_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "device.h"
#include "store.h"
#include "target.h"

struct sdax_recent {
	struct sdax_store store;	/* for reading */
	time_t store_at;		/* these are CLOCK_MONOTONIC_COARSE, seconds */
	struct sdax_device *device;
	dev_t dev;
	bool realtime;
	time_t device_at;
	bool no_swaps;			/* /proc/swaps named no file */
	time_t swaps_at;
	struct sdax_mounted mounted;
	char *directory;		/* of a path as it was given, */
	char *real;			/* and what it was by realpath(3) */
};

#define SDAX_RECENT_NONE { .store = SDAX_STORE_NONE }

void sdax_recent_done(struct sdax_recent *recent);

/* The registry for reading, good until the next call; errors of sdax_store_open(). */
int sdax_recent_store(struct sdax_recent *recent,
		      const struct sdax_store **ret_store);

/*
 * Where the target's blocks are, good until the next call, or NULL if the system
 * does not say where the device begins.
 */
int sdax_recent_device(struct sdax_recent *recent,
		       const struct sdax_target *target,
		       struct sdax_device **ret_device);

/* sdax_target_is_swap() */
bool sdax_recent_is_swap(struct sdax_recent *recent,
			 const struct sdax_target *target);

/* realpath(3) of the target's path; the caller frees it. NULL: it has none by now. */
char *sdax_recent_path(struct sdax_recent *recent, const char *path,
		       const struct sdax_target *target);

#endif
