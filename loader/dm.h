/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device-mapper tables: asks for them and reads the linear ones. */
#ifndef SDAX_DM_H
#define SDAX_DM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct dm_ioctl;

/* length bytes of a device from start on are those of dev from offset on. */
struct sdax_dm_linear {
	uint64_t start;
	uint64_t length;
	dev_t dev;
	uint64_t offset;
};

/*
 * The active table of dev, for the caller to free. Needs root: EACCES, EPERM,
 * ENOENT (no control node), ENXIO (no such device), ENOMEM, EIO.
 */
int sdax_dm_table(dev_t dev, struct dm_ioctl **ret);

/*
 * All targets of a table, if every one of them is linear: an array for the
 * caller to free. ENOTSUP if any is not, or the table is not well formed.
 */
int sdax_dm_targets(const struct dm_ioctl *table, struct sdax_dm_linear **ret,
		    size_t *ret_count);

#endif
