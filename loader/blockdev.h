/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What sysfs says about a block device. sysfs is the mount point, "/sys".
 *
 * Numbers: ENODATA if the attribute cannot be read, EIO if it makes no sense.
 */
#ifndef SDAX_BLOCKDEV_H
#define SDAX_BLOCKDEV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* name is relative to the device's directory. */
bool sdax_blockdev_has(const char *sysfs, dev_t dev, const char *name);
int sdax_blockdev_number(const char *sysfs, dev_t dev, const char *name,
			 uint64_t *ret);

/* An attribute in sectors of 512 bytes; ret_bytes is in bytes. */
int sdax_blockdev_sectors(const char *sysfs, dev_t dev, const char *name,
			  uint64_t *ret_bytes);

/* The disk that a partition is on. */
int sdax_blockdev_disk(const char *sysfs, dev_t partition, dev_t *ret);

/*
 * Where in physical memory the first byte of a persistent memory disk is.
 * ENOENT: it is no such disk, or has a translation table in front. EACCES: only
 * root may know. ENODATA, EIO.
 */
int sdax_blockdev_memory(const char *sysfs, dev_t disk, uint64_t *ret);

/*
 * What stands between the addresses of a disk and where its bytes are, as in
 * struct staticdax_run, or NULL.
 */
const char *sdax_blockdev_opaque(const char *sysfs, dev_t disk);

#endif
