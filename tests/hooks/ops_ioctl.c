// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ioctls that only ask, which stay free, those that nobody knows, and XFS's own way to open.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "contract.h"
#include "ext4_ioctl.h"
#include "xfs_ioctl.h"

/* nobody has this number: what is not on the list of the harmless is denied */
static int unknown(struct target *t)
{
	return answer(ioctl(t->fd, _IO('!', 77)));
}

static int unknown_with_argument(struct target *t)
{
	char bytes[64] = { 0 };

	return answer(ioctl(t->fd, _IOWR('f', 250, char[64]), bytes));
}

static int get_map(struct target *t)
{
	struct fiemap map = { .fm_length = FIT_SIZE, .fm_flags = FIEMAP_FLAG_SYNC };

	return answer(ioctl(t->fd, FS_IOC_FIEMAP, &map));
}

static int get_block_size(struct target *t)
{
	int size;

	return answer(ioctl(t->fd, FIGETBSZ, &size));
}

static int get_flags(struct target *t)
{
	int flags;

	return answer(ioctl(t->fd, FS_IOC_GETFLAGS, &flags));
}

static int get_xattr_flags(struct target *t)
{
	struct fsxattr attr;

	return answer(ioctl(t->fd, FS_IOC_FSGETXATTR, &attr));
}

static int get_version(struct target *t)
{
	int generation;

	return answer(ioctl(t->fd, FS_IOC_GETVERSION, &generation));
}

static int ext4_get_version(struct target *t)
{
	int generation;

	return answer(ioctl(t->fd, EXT4_GETVERSION, &generation));
}

static int get_readable(struct target *t)
{
	int bytes;

	return answer(ioctl(t->fd, FIONREAD, &bytes));
}

static int get_queue_size(struct target *t)
{
	loff_t bytes;

	return answer(ioctl(t->fd, FIOQSIZE, &bytes));
}

static int close_on_exec(struct target *t)
{
	return answer(ioctl(t->fd, FIOCLEX));
}

static int nonblock(struct target *t)
{
	int on = 1;

	return answer(ioctl(t->fd, FIONBIO, &on));
}

static int get_fs_map(struct target *t)
{
	struct fsmap_head head = {
		.fmh_keys[1] = {
			.fmr_device = ~0U,
			.fmr_flags = ~0U,
			.fmr_physical = ~0ULL,
			.fmr_owner = ~0ULL,
			.fmr_offset = ~0ULL,
		},
	};

	return answer(ioctl(t->fd, FS_IOC_GETFSMAP, &head));
}

static int precache_extents(struct target *t)
{
	return answer(ioctl(t->fd, EXT4_PRECACHE_EXTENTS));
}

/* what isatty(3) asks: stdio and shells put it to every file */
static int is_a_terminal(struct target *t)
{
	return isatty(t->fd) ? -EIO : -errno;
}

static int get_block(struct target *t)
{
	int block = 0;

	return answer(ioctl(t->fd, FIBMAP, &block));
}

static int trim(struct target *t)
{
	struct fstrim_range range = { .len = FIT_SIZE };

	return answer(ioctl(t->fd, FITRIM, &range));
}

/* of a filesystem that is not frozen: a refusal could not leave it so */
static int thaw(struct target *t)
{
	return answer(ioctl(t->fd, FITHAW, 0));
}

/* XFS_IOC_DIOINFO */
static int direct_io_limits(struct target *t)
{
	__u32 limits[3];

	return answer(ioctl(t->fd, _IOR('X', 30, __u32[3]), limits));
}

/* libxfs's way to open a file it knows by number; the handle is the kernel's. */
static int open_by_xfs_handle(struct target *t, unsigned int flags)
{
	_cleanup_close_ int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = open(t->path, O_RDONLY | O_CLOEXEC);
	char handle[64];
	__u32 length;
	struct xfs_handle request = {
		.fd = fd,
		.out = handle,
		.out_length = &length,
	};

	if (ioctl(directory, XFS_FD_TO_HANDLE, &request))
		return -errno;
	request = (struct xfs_handle){ .flags = flags, .in = handle, .in_length = length };
	return answer_open(ioctl(directory, XFS_OPEN_BY_HANDLE, &request));
}

static int xfs_handle_rdwr(struct target *t)
{
	return open_by_xfs_handle(t, O_RDWR);
}

static int xfs_handle_append(struct target *t)
{
	return open_by_xfs_handle(t, O_WRONLY | O_APPEND);
}

/* what is beyond the end goes, and nothing else */
static int free_eof_blocks(struct target *t)
{
	struct xfs_eof_blocks request = { .version = 1 };

	return answer(ioctl(t->fd, XFS_FREE_EOF_BLOCKS, &request));
}

#define NOT_HERE { { ENOTTY }, { EOPNOTSUPP }, { EINVAL } }

static const struct op ops[] = {
	{ "unknown_ioctl", unknown, DENIED, FIRST | NEVER, 0, { { ENOTTY } } },
	{ "unknown_ioctl_with_argument", unknown_with_argument, DENIED, FIRST | NEVER, 0,
	  { { ENOTTY } } },
	{ "fiemap", get_map, FREE, READ_ONLY },
	{ "figetbsz", get_block_size, FREE, READ_ONLY },
	{ "getflags", get_flags, FREE, READ_ONLY },
	{ "fsgetxattr", get_xattr_flags, FREE, READ_ONLY },
	{ "getversion", get_version, FREE, READ_ONLY },
	{ "ext4_getversion", ext4_get_version, FREE, READ_ONLY, ON_EXT4 },
	{ "fionread", get_readable, FREE, READ_ONLY },
	{ "fioqsize", get_queue_size, FREE, READ_ONLY },
	{ "fioclex", close_on_exec, FREE },
	{ "fionbio", nonblock, FREE },
	{ "getfsmap", get_fs_map, FREE, READ_ONLY },
	{ "isatty", is_a_terminal, FREE, READ_ONLY | NEVER, 0, { { ENOTTY } } },
	{ "fibmap", get_block, FREE, READ_ONLY, 0, NOT_HERE },
	{ "fitrim", trim, FREE, READ_ONLY, 0, NOT_HERE },
	{ "fithaw", thaw, FREE, READ_ONLY | NEVER, 0, { { EINVAL } } },
	{ "ext4_precache_extents", precache_extents, FREE, READ_ONLY, ON_EXT4 },
	{ "xfs_open_by_handle_rdwr", xfs_handle_rdwr, FREE, BY_PATH, ON_XFS },
	{ "xfs_open_by_handle_append", xfs_handle_append, ADDS, BY_PATH, ON_XFS },
	{ "xfs_free_eofblocks", free_eof_blocks, FREE, 0, ON_XFS },
	{ "xfs_dioinfo", direct_io_limits, FREE, READ_ONLY, ON_XFS },
};

const struct op_group ops_ioctl = { "Other ioctls", ops, ARRAY_SIZE(ops), true };
