/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a path to an open file and the facts about it: the only place that
 * opens what a user names. The path is walked once; afterwards it is for
 * messages only.
 */
#ifndef SDAX_TARGET_H
#define SDAX_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

#include "staticdax.h"
#include "staticdax_abi.h"
#include "verdict.h"

/*
 * What all files of a mount have in common: that of the last one that was opened. Its
 * number is one that is never given to another mount; 0 if the kernel has none such.
 */
struct sdax_mounted {
	uint64_t id;
	uint64_t magic;
	uint32_t blocksize;
	char fs_name[16];
};

struct sdax_target {
	int fd;
	dev_t dev;		/* st_dev, user space's encoding */
	ino_t ino;
	bool realtime;		/* XFS: its blocks are on the realtime device */
	bool cow_staged;	/* XFS: the CoW fork is not empty just now */
	struct sdax_mounted mounted;	/* as sdax_target_stat() has it */
	struct sdax_facts facts;
};

#define SDAX_TARGET_NONE { .fd = -1 }

struct statx;

/*
 * Opens without waiting: a FIFO or a device is never opened, and a lease held
 * by another is an error. On failure result says why. known is read and written,
 * or NULL.
 */
int sdax_target_open(const char *path, bool writable,
		     struct sdax_mounted *known, struct sdax_target *ret,
		     struct staticdax_result *result);

/*
 * For reading, and waits for a lease: nobody who holds one keeps root from the seal.
 * The kernel breaks it after fs.lease-break-time seconds, see fcntl(2).
 */
int sdax_target_reach(const char *path, struct sdax_mounted *known,
		      struct sdax_target *ret, struct staticdax_result *result);

/*
 * A descriptor for reading, or a negative errno, EINVAL if it is no regular file:
 * nothing else is opened, whoever moves names meanwhile. Waits for a lease.
 */
int sdax_target_open_regular(const char *path);

void sdax_target_close(struct sdax_target *target);

/* By /proc/swaps, for those who may not ask the kernel about S_SWAPFILE. */
bool sdax_target_is_swap(const struct sdax_target *target);

/* Takes over what the kernel says and stat does not. */
void sdax_target_learn(struct sdax_target *target,
		       const struct sdax_identity *id);

/*
 * statx(2) of an open file, and what its filesystem is: known stays as it is if it is
 * of the same mount. 0 or a negative errno.
 */
int sdax_target_stat(int fd, struct statx *ret, struct sdax_mounted *known);

/* Reads the facts again. */
int sdax_target_refresh(struct sdax_target *target);

#endif
