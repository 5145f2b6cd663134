/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a byte of a filesystem's device to the address it really has:
 * partitions, linear device-mapper tables and persistent memory regions are
 * seen through. Anything else (a disk, RAID, loop, crypt) is taken as it is; of
 * a run it is told whether that is the end of the way.
 */
#ifndef SDAX_DEVICE_H
#define SDAX_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct dm_ioctl;
struct sdax_device;
struct staticdax_run;

/*
 * dev is st_dev of a file; realtime says that its blocks are on the realtime
 * device of that XFS. ENODATA: the system does not say; ENOMEM; EIO: what it
 * says makes no sense. The caller frees the device.
 */
int sdax_device_open(dev_t dev, bool realtime, struct sdax_device **ret);
void sdax_device_free(struct sdax_device *device);

/*
 * From now on addresses need only be right modulo align. Without privilege
 * some offsets are not readable, but known to be whole pages or sectors; below
 * a DAX file (dax) they are always pages. Before this call addresses are exact
 * or not given.
 */
void sdax_device_need(struct sdax_device *device, uint64_t align, bool dax);

/*
 * An sdax_address_fn; ctx is the device. ERANGE: beyond its end. EACCES: not
 * known as exactly as sdax_device_need() asked for.
 */
int sdax_device_address(void *ctx, uint64_t physical, uint64_t length,
			uint64_t *ret_address, uint64_t *ret_length);

/*
 * An sdax_locate_fn; ctx is the device. Errnos as of sdax_device_address(), and
 * then nothing is changed.
 */
int sdax_device_locate(void *ctx, struct staticdax_run *run);

/* Where the facts come from; tests have a tree of their own. */
struct sdax_device_env {
	const char *sysfs;		/* "/sys" */
	const char *mountinfo;		/* "/proc/self/mountinfo" */
	/* A filled-in DM_TABLE_STATUS answer, to be freed by the caller. */
	int (*dm_table)(void *ctx, dev_t dev, struct dm_ioctl **ret);
	/* The number of a block device by its name. */
	int (*number_of)(void *ctx, const char *path, dev_t *ret);
	void *ctx;
};

int sdax_device_open_in(const struct sdax_device_env *env, dev_t dev,
			bool realtime, struct sdax_device **ret);

#endif
