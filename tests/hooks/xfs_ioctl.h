/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The XFS ioctls that the tests try, from fs/xfs/libxfs/xfs_fs.h: a file no package installs in
 * a version that has all of them.
 */
#ifndef STATICDAX_TESTS_XFS_IOCTL_H
#define STATICDAX_TESTS_XFS_IOCTL_H

#include <linux/types.h>
#include <sys/ioctl.h>

struct xfs_exchange {
	__s32 file1_fd;
	__u32 pad;
	__u64 file1_offset;
	__u64 file2_offset;
	__u64 length;
	__u64 flags;
};

struct xfs_commit {
	__s32 file1_fd;
	__u32 pad;
	__u64 file1_offset;
	__u64 file2_offset;
	__u64 length;
	__u64 flags;
	__u64 file2_freshness[6];
};

#define XFS_EXCHANGE_RANGE _IOW('X', 129, struct xfs_exchange)
#define XFS_START_COMMIT _IOR('X', 130, struct xfs_commit)
#define XFS_COMMIT_RANGE _IOW('X', 131, struct xfs_commit)

struct xfs_scrub {
	__u32 type;
	__u32 flags;
	__u64 ino;
	__u32 gen;
	__u32 agno;
	__u64 reserved[5];
};

#define XFS_SCRUB_METADATA _IOWR('X', 60, struct xfs_scrub)
#define XFS_SCRUB_BMBTD 12
#define XFS_SCRUB_REPAIR 1

/* Several of these in one call, since 6.10: struct xfs_scrub_vec and xfs_scrub_vec_head. */
struct xfs_scrub_one {
	__u32 type;
	__u32 flags;
	__s32 ret;
	__u32 reserved;
};

struct xfs_scrub_vector {
	__u64 ino;
	__u32 gen;
	__u32 agno;
	__u32 flags;
	__u16 rest_us;
	__u16 count;
	__u64 reserved;
	__u64 ones;
};

#define XFS_SCRUBV_METADATA _IOWR('X', 64, struct xfs_scrub_vector)

struct xfs_eof_blocks {
	__u32 version;
	__u32 flags;
	__u32 uid;
	__u32 gid;
	__u32 prid;
	__u32 pad32;
	__u64 min_file_size;
	__u64 pad64[12];
};

#define XFS_FREE_EOF_BLOCKS _IOR('X', 58, struct xfs_eof_blocks)

struct xfs_handle {
	__u32 fd;
	void *path;
	__u32 flags;
	void *in;
	__u32 in_length;
	void *out;
	__u32 *out_length;
};

#define XFS_FD_TO_HANDLE _IOWR('X', 106, struct xfs_handle)
#define XFS_OPEN_BY_HANDLE _IOWR('X', 107, struct xfs_handle)

/* One block of two files; file1 is in the argument, file2 the ioctl's own. 0 or -errno. */
int xfs_exchange_range(int file1_fd, int file2_fd);
int xfs_commit_range(int file1_fd, int file2_fd);

/* XFS_IOC_SWAPEXT as xfs_fsr calls it. 0 or -errno. */
int xfs_swap_extents(int ioctl_fd, int target_fd, int temporary_fd);

#endif
