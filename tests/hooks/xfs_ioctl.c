// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The three ioctls by which XFS moves blocks from file to file.
 */
#include <sys/stat.h>

#include "contract.h"
#include "xfs_ioctl.h"

int xfs_exchange_range(int file1_fd, int file2_fd)
{
	struct xfs_exchange range = { .file1_fd = file1_fd, .length = BLOCK };

	return answer(ioctl(file2_fd, XFS_EXCHANGE_RANGE, &range));
}

int xfs_commit_range(int file1_fd, int file2_fd)
{
	struct xfs_commit range = { 0 };

	/* fills in how fresh file2 is; harmless, so free on a sealed file as well */
	if (ioctl(file2_fd, XFS_START_COMMIT, &range))
		return -errno;
	range.file1_fd = file1_fd;
	range.length = BLOCK;
	return answer(ioctl(file2_fd, XFS_COMMIT_RANGE, &range));
}

/* XFS_IOC_SWAPEXT compares this record of the target, of which few fields count, to the inode. */
struct xfs_time {
	__kernel_long_t sec;
	__s32 nsec;
};

struct xfs_bulk {
	__u64 ino;
	__u16 mode;
	__u16 nlink;
	__u32 uid;
	__u32 gid;
	__u32 rdev;
	__s32 blksize;
	__s64 size;
	struct xfs_time atime;
	struct xfs_time mtime;
	struct xfs_time ctime;
	__s64 blocks;
	__u32 xflags;
	__s32 extsize;
	__s32 extents;
	__u32 gen;
	__u16 projid_lo;
	__u16 forkoff;
	__u16 projid_hi;
	__u16 sick;
	__u16 checked;
	__u8 pad[2];
	__u32 cowextsize;
	__u32 dmevmask;
	__u16 dmstate;
	__u16 aextents;
};

struct xfs_swap {
	__s64 version;
	__s64 target_fd;
	__s64 temporary_fd;
	__s64 offset;
	__s64 length;
	char pad[16];
	struct xfs_bulk target;
};

#define XFS_SWAPEXT _IOWR('X', 109, struct xfs_swap)
_Static_assert(sizeof(long) == 4 || XFS_SWAPEXT == 0xc0c0586d, "layout of struct xfs_swapext");

int xfs_swap_extents(int ioctl_fd, int target_fd, int temporary_fd)
{
	struct stat st;

	if (fstat(target_fd, &st))
		return -errno;

	struct xfs_swap swap = {
		.target_fd = target_fd,
		.temporary_fd = temporary_fd,
		.length = st.st_size,
		.target.ino = st.st_ino,
		.target.mtime = { st.st_mtim.tv_sec, st.st_mtim.tv_nsec },
		.target.ctime = { st.st_ctim.tv_sec, st.st_ctim.tv_nsec },
	};

	return answer(ioctl(ioctl_fd, XFS_SWAPEXT, &swap));
}
