/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ext4 ioctls that the tests try, from fs/ext4/ext4.h, which no package installs.
 */
#ifndef STATICDAX_TESTS_EXT4_IOCTL_H
#define STATICDAX_TESTS_EXT4_IOCTL_H

#include <linux/types.h>
#include <sys/ioctl.h>

#include "contract.h"

struct ext4_move {
	__u32 reserved;
	__u32 donor_fd;
	__u64 orig_start;
	__u64 donor_start;
	__u64 len;
	__u64 moved_len;
};

#define EXT4_GETVERSION _IOR('f', 3, long)
#define EXT4_SETVERSION _IOW('f', 4, long)
#define EXT4_MIGRATE _IO('f', 9)
#define EXT4_ALLOC_DA_BLKS _IO('f', 12)
#define EXT4_MOVE_EXT _IOWR('f', 15, struct ext4_move)
#define EXT4_SWAP_BOOT _IO('f', 17)
#define EXT4_PRECACHE_EXTENTS _IO('f', 18)
#define EXT4_EXTENTS_FLAG 0x80000

/* EXT4_IOC_MOVE_EXT of a whole fit file, as e4defrag calls it. 0 or -errno. */
static inline int ext4_move_extents(int orig, int donor)
{
	struct ext4_move move = { .donor_fd = donor, .len = FIT_SIZE / BLOCK };

	if (ioctl(orig, EXT4_MOVE_EXT, &move))
		return -errno;
	return move.moved_len == FIT_SIZE / BLOCK ? 0 : -EIO;
}

#endif
