// SPDX-License-Identifier: LGPL-2.1-or-later
/* Exchanges the content of two files of XFS. */
#include "exchange.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <xfs/xfs.h>

/* fs/xfs/libxfs/xfs_fs.h; headers of before Linux 6.12 do not have them */
#define START_COMMIT _IOR('X', 130, struct sdax_exchange)
#define COMMIT_RANGE _IOW('X', 131, struct sdax_exchange)
#define TO_EOF (1ULL << 0)
#define FEATURE (1U << 24)	/* XFS_FSOP_GEOM_FLAGS_EXCHANGE_RANGE */

_Static_assert(sizeof(struct sdax_exchange) == 88, "xfs_commit_range");

bool sdax_exchange_begin(int fd, struct sdax_exchange *ret)
{
	struct xfs_fsop_geom geometry = {};

	*ret = (struct sdax_exchange){};
	if (ioctl(fd, XFS_IOC_FSGEOMETRY, &geometry) < 0 ||
	    !(geometry.flags & FEATURE))
		return false;
	return !ioctl(fd, START_COMMIT, ret);
}

int sdax_exchange_commit(struct sdax_exchange *exchange, int fd, int other)
{
	exchange->other = other;
	exchange->flags = TO_EOF;
	return ioctl(fd, COMMIT_RANGE, exchange) < 0 ? -errno : 0;
}
